"""Nets on OpenVINO's CPU plug-in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov

from workers.engines.engine import CompiledNet, EngineInfo, Luma, Session
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

    def compile(self, path: Path, *, width: int, height: int, scale: int) -> CompiledNet:
        """The net of an ONNX file for one input size."""
        options = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": self._threads,
            # Other processes work on the same cores; a pinned thread waits for its own.
            "ENABLE_CPU_PINNING": False,
        }
        try:
            model = self._core.read_model(path)
            model.reshape([1, 1, height, width])
            compiled = self._core.compile_model(model, "CPU", options)
            shape = list(compiled.output(0).shape)
        except RuntimeError as error:
            raise NetUnusable(f"OpenVINO cannot load {path.name}: {_first_line(error)}.") from error
        if shape != [1, 1, scale * height, scale * width]:
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
        self._input = np.zeros(tuple(compiled.input(0).shape), np.uint8)
        self._output = np.zeros(tuple(compiled.output(0).shape), np.uint8)
        self._request.set_input_tensor(ov.Tensor(self._input, shared_memory=True))
        self._request.set_output_tensor(ov.Tensor(self._output, shared_memory=True))

    def run(self, luma: Luma, enhanced: Luma) -> None:
        np.copyto(self._input[0, 0], luma)
        self._request.infer(share_outputs=True)
        np.copyto(enhanced, self._output[0, 0])


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else type(error).__name__
