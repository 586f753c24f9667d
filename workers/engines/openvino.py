"""Nets on OpenVINO's CPU plug-in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov

from models.manifest import Manifest
from workers.engines.engine import (
    Array,
    CompiledNet,
    EngineInfo,
    Feeds,
    Session,
    out_shape,
    shape_of,
)
from workers.errors import NetUnusable


class OpenVinoEngine:
    """Static shapes, one call at a time, as fast as that one call can be."""

    def __init__(self, *, threads: int) -> None:
        self._core: Any = ov.Core()
        self._threads = threads

    @property
    def info(self) -> EngineInfo:
        """Its name, version and device."""
        version = ov.get_version().split("-")[0]
        return EngineInfo(name="openvino", version=version, device="CPU", threads=self._threads)

    def compile(self, manifest: Manifest, path: Path, *, width: int, height: int) -> CompiledNet:
        """The net of an ONNX file for one input size."""
        shapes = {
            spec.name: list(shape_of(spec, width=width, height=height)) for spec in manifest.inputs
        }
        options = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": self._threads,
            # Other processes work on the same cores; a pinned thread waits for its own.
            "ENABLE_CPU_PINNING": False,
            # Processors with bfloat16 would use it unasked: another picture on every machine.
            "INFERENCE_PRECISION_HINT": "f32",
        }
        try:
            model = self._core.read_model(path)
            model.reshape(shapes)
            compiled = self._core.compile_model(model, "CPU", options)
            shape = tuple(compiled.output(0).shape)
        except RuntimeError as error:
            raise NetUnusable(f"OpenVINO cannot load {path.name}: {_first_line(error)}.") from error
        if shape != out_shape(manifest, width=width, height=height):
            raise NetUnusable(f"{path.name} gives {shape} for an input of {width}x{height}.")
        return _CompiledNet(compiled)

    def close(self) -> None:
        """Nothing is held beyond the compiled nets."""


class _CompiledNet:
    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled

    def session(self) -> Session:
        return _Session(self._compiled)


class _Session:
    """Tensors lie over numpy memory, so that nothing is copied inside the runtime."""

    def __init__(self, compiled: Any) -> None:
        self._request = compiled.create_infer_request()
        self._inputs: dict[str, Array] = {}
        for port in compiled.inputs:
            memory = np.zeros(tuple(port.shape), port.element_type.to_dtype())
            self._request.set_tensor(port, ov.Tensor(memory, shared_memory=True))
            self._inputs[port.any_name] = memory
        port = compiled.output(0)
        self._output = np.zeros(tuple(port.shape), port.element_type.to_dtype())
        self._request.set_tensor(port, ov.Tensor(self._output, shared_memory=True))

    def run(self, feeds: Feeds, enhanced: Array) -> None:
        for name, memory in self._inputs.items():
            np.copyto(memory.reshape(memory.shape[-feeds[name].ndim :]), feeds[name])
        self._request.infer(share_outputs=True)
        np.copyto(enhanced, self._output[0, 0])

    def reset(self) -> None:
        """Graphs remember nothing."""


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else type(error).__name__
