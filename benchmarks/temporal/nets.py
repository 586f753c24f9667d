"""Nets as the methods run them: one thread each, in the engine of a worker that has only a CPU."""

from __future__ import annotations

import dataclasses
import functools
import importlib.util
import time
from pathlib import Path
from typing import Any

import numpy as np

from models.graph.writer import INPUT, STRENGTH
from models.manifest import Manifest, Precision, load_manifest, model_file
from models.training.clip import Bytes
from workers.engines.engine import DynamicShapeModel, DynamicShapeSession, Engine, Session
from workers.engines.registry import make_engine
from workers.temporal.region_selection import prepared_sizes

__all__ = ["ClockedNet", "NetUsage", "FixedNet", "OnnxLoop", "free_net", "has_onnxruntime"]


def _engine() -> Engine:
    return make_engine("openvino", threads=1)


def free_net(
    manifest: Manifest, precision: Precision, width: int, height: int
) -> DynamicShapeSession:
    """Returns the net for a picture of that size and all regions of it, ready as in a worker.
    Streams have one net together, which learns what sizes are often met.
    """
    net = _free(model_file(manifest, precision), manifest.name)
    border = 2 * manifest.receptive_radius
    # The first call at a size prepares the engine for it, which is no part of a frame.
    net.warm_up(height + border, width + border)
    net.prepare(prepared_sizes(width, height, manifest.receptive_radius))
    return net.session()


@functools.cache
def _free(path: Path, model: str) -> DynamicShapeModel:
    return _engine().compile_dynamic(load_manifest(model), path)


class FixedNet:
    """The same for one size, as for the net alone."""

    def __init__(self, manifest: Manifest, precision: Precision, width: int, height: int) -> None:
        path = model_file(manifest, precision)
        compiled = _engine().compile(manifest, path, width=width, height=height)
        self._session: Session = compiled.session()
        self._strength = {STRENGTH: np.zeros(1, np.float32)} if manifest.strength else {}
        self._made = np.empty((manifest.scale * height, manifest.scale * width), np.uint8)

    def run(self, luma: Bytes, strength: float) -> Bytes:
        """Runs the net, as a session for any size does."""
        for wanted in self._strength.values():
            wanted[0] = strength
        self._session.run({INPUT: luma, **self._strength}, self._made)
        return self._made


@dataclasses.dataclass(frozen=True, slots=True)
class NetUsage:
    """The work of a net for one picture."""

    runs: int
    "Times that it ran."
    spent_s: float
    inside: int
    "Samples that it worked on, less the halos."


class ClockedNet:
    """Says what the net within did."""

    def __init__(self, net: DynamicShapeSession, halo: int) -> None:
        self._net, self._halo = net, halo
        self._usage = NetUsage(0, 0.0, 0)

    def run(self, luma: Bytes, strength: float) -> Bytes:
        """Runs the net and counts it."""
        begun = time.perf_counter()
        made = self._net.run(luma, strength)
        spent = time.perf_counter() - begun
        now, (height, width) = self._usage, luma.shape
        self._usage = NetUsage(
            now.runs + 1,
            now.spent_s + spent,
            now.inside + (height - 2 * self._halo) * (width - 2 * self._halo),
        )
        return made

    def usage(self) -> NetUsage:
        """Since the last time that this was asked."""
        usage, self._usage = self._usage, NetUsage(0, 0.0, 0)
        return usage


def has_onnxruntime() -> bool:
    """Returns whether the loop over ONNX Runtime can be run here."""
    return importlib.util.find_spec("onnxruntime") is not None


class OnnxLoop:
    """ONNX Runtime as its documentation starts it, but for one thread."""

    def __init__(self, path: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        providers = ["CPUExecutionProvider"]
        self._session: Any = onnxruntime.InferenceSession(str(path), options, providers=providers)
        self._names = {each.name for each in self._session.get_inputs()}

    def run(self, luma: Bytes, strength: float) -> Bytes:
        """Runs the net, as a session for any size does."""
        feeds: dict[str, Any] = {INPUT: luma[None, None]}
        if STRENGTH in self._names:
            feeds[STRENGTH] = np.array([strength], np.float32)
        return np.asarray(self._session.run(None, feeds)[0][0, 0])
