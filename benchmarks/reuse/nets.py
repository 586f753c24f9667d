"""Nets as the methods run them: one thread each."""

from __future__ import annotations

import dataclasses
import importlib.util
import time
from pathlib import Path
from typing import Any

import numpy as np
import openvino

from models.export.graph import INPUT, STRENGTH
from models.training.clip import Bytes
from workers.enhance.reuse import FreeNet

__all__ = ["ClockedNet", "Effort", "FreeOpenVino", "OnnxLoop", "has_onnxruntime"]


class FreeOpenVino:
    """A graph on pictures of any size, which may change with every call; with the options of
    ``models.export.measure.OpenNet``.
    """

    def __init__(self, path: Path) -> None:
        core = openvino.Core()
        model = core.read_model(str(path))
        model.reshape({INPUT: [1, 1, -1, -1]})
        options = {
            "INFERENCE_NUM_THREADS": 1,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",
        }
        compiled = core.compile_model(model, "CPU", options)
        self._request: Any = compiled.create_infer_request()
        self._has_strength = STRENGTH in {port.any_name for port in model.inputs}

    def run(self, luma: Bytes, strength: float) -> Bytes:
        """``luma`` [H, W] to [sH, sW]; the next call overwrites it."""
        feeds: dict[str, Any] = {INPUT: luma[None, None]}
        if self._has_strength:
            feeds[STRENGTH] = np.array([strength], np.float32)
        self._request.infer(feeds, share_inputs=True)
        return np.asarray(self._request.get_output_tensor(0).data[0, 0])


@dataclasses.dataclass(frozen=True, slots=True)
class Effort:
    """What a net did for a picture."""

    runs: int
    "Times that it ran."
    spent_s: float
    new_size_s: float
    "Of it in runs on a size that it had not seen before, for which a runtime prepares itself."
    inside: int
    "Samples that it worked on, less the halos."


class ClockedNet:
    """Says what the net within did."""

    def __init__(self, net: FreeNet, halo: int) -> None:
        self._net, self._halo = net, halo
        self._sizes: set[tuple[int, ...]] = set()
        self._effort = Effort(0, 0.0, 0.0, 0)

    def run(self, luma: Bytes, strength: float) -> Bytes:
        """As the net's."""
        begun = time.perf_counter()
        made = self._net.run(luma, strength)
        spent = time.perf_counter() - begun
        now, (height, width) = self._effort, luma.shape
        is_new = luma.shape not in self._sizes
        self._sizes.add(luma.shape)
        self._effort = Effort(
            now.runs + 1,
            now.spent_s + spent,
            now.new_size_s + spent * is_new,
            now.inside + (height - 2 * self._halo) * (width - 2 * self._halo),
        )
        return made

    def effort(self) -> Effort:
        """Since the last time that this was asked."""
        effort, self._effort = self._effort, Effort(0, 0.0, 0.0, 0)
        return effort


def has_onnxruntime() -> bool:
    """Whether the loop over ONNX Runtime can be run here."""
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
        """As FreeOpenVino's, but nothing overwrites it."""
        feeds: dict[str, Any] = {INPUT: luma[None, None]}
        if STRENGTH in self._names:
            feeds[STRENGTH] = np.array([strength], np.float32)
        return np.asarray(self._session.run(None, feeds)[0][0, 0])
