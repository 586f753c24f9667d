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
    EngineOptions,
    Feeds,
    FreeNet,
    FreeSession,
    NetInfo,
    Session,
    describe,
    file_precision,
    out_shape,
    tensor_shapes,
)
from workers.errors import NetUnusable

MAX_BATCH = 4


class OpenVinoEngine:
    """Static shapes, one call at a time, as fast as that one call can be."""

    def __init__(self, options: EngineOptions) -> None:
        self._core: Any = ov.Core()
        self._threads = options.threads

    @property
    def info(self) -> EngineInfo:
        """Its name, version and device."""
        version = ov.get_version().split("-")[0]
        return EngineInfo(
            name="openvino", version=version, device="CPU", threads=self._threads,
            max_batch=MAX_BATCH,
        )  # fmt: skip

    def compile(
        self,
        manifest: Manifest,
        path: Path,
        *,
        width: int,
        height: int,
        batch: int = 1,
        precision: str = "auto",
    ) -> CompiledNet:
        """The net of an ONNX file for one input size; it computes as the file says."""
        info = describe(
            manifest, width=width, height=height, batch=batch,
            precision=file_precision(manifest, path), device="CPU",
        )  # fmt: skip
        shapes = tensor_shapes(manifest, width=width, height=height, batch=batch)
        try:
            model = self._core.read_model(path)
            model.reshape({name: list(shape) for name, shape in shapes.items()})
            compiled = self._core.compile_model(model, "CPU", self._options())
            shape = tuple(compiled.output(0).shape)
        except RuntimeError as error:
            raise NetUnusable(f"OpenVINO cannot load {path.name}: {_last_line(error)}.") from error
        if shape != out_shape(manifest, width=width, height=height, batch=batch):
            raise NetUnusable(f"{path.name} gives {shape} for an input of {width}x{height}.")
        return _CompiledNet(compiled, info)

    def compile_free(self, manifest: Manifest, path: Path) -> FreeNet:
        """With height and width left open; a size that was met before costs nothing more."""
        try:
            model = self._core.read_model(path)
            model.reshape({"luma": [1, 1, -1, -1]})
            compiled = self._core.compile_model(model, "CPU", self._options())
        except RuntimeError as error:
            raise NetUnusable(f"OpenVINO cannot load {path.name}: {_last_line(error)}.") from error
        return _FreeNet(compiled, has_looks=manifest.strength)

    def close(self) -> None:
        """Nothing is held beyond the compiled nets."""

    def _options(self) -> dict[str, Any]:
        return {
            "PERFORMANCE_HINT": "LATENCY",
            # One call after the other with all the threads: calls of several streams would
            # otherwise share them out among themselves, and each would take longer.
            "NUM_STREAMS": 1,
            "INFERENCE_NUM_THREADS": self._threads,
            # Other processes work on the same cores; a pinned thread waits for its own.
            "ENABLE_CPU_PINNING": False,
            # Processors with bfloat16 would use it unasked: another picture on every machine.
            "INFERENCE_PRECISION_HINT": "f32",
        }


class _CompiledNet:
    def __init__(self, compiled: Any, info: NetInfo) -> None:
        self._compiled = compiled
        self._info = info

    @property
    def info(self) -> NetInfo:
        return self._info

    def session(self) -> Session:
        return _Session(self._compiled, self._info)

    def warm_up(self) -> None:
        """Compiling has chosen and packed all; there is no slow first call."""


class _Session:
    """Tensors lie over numpy memory, so that nothing is copied inside the runtime."""

    def __init__(self, compiled: Any, info: NetInfo) -> None:
        self._request = compiled.create_infer_request()
        self._inputs: dict[str, Array] = {}
        shapes = {port.name: port.shape for port in info.inputs}
        for port in compiled.inputs:
            memory = np.zeros(tuple(port.shape), port.element_type.to_dtype())
            self._request.set_tensor(port, ov.Tensor(memory, shared_memory=True))
            self._inputs[port.any_name] = memory.reshape(shapes[port.any_name])
        port = compiled.output(0)
        output = np.zeros(tuple(port.shape), port.element_type.to_dtype())
        self._request.set_tensor(port, ov.Tensor(output, shared_memory=True))
        self._output = output.reshape(info.output.shape)

    def run(self, feeds: Feeds, enhanced: Array) -> None:
        for name, memory in self._inputs.items():
            np.copyto(memory, feeds[name])
        self._request.infer(share_outputs=True)
        np.copyto(enhanced, self._output)

    def reset(self) -> None:
        """Graphs remember nothing."""


class _FreeNet:
    def __init__(self, compiled: Any, *, has_looks: bool) -> None:
        self._compiled = compiled
        self._has_looks = has_looks

    def session(self) -> FreeSession:
        return _FreeSession(self._compiled, has_looks=self._has_looks)

    def warm_up(self, height: int, width: int) -> None:
        """Primitives are made for each size, and kept for all sessions."""
        self.session().run(np.zeros((height, width), np.uint8), 0.0)


class _FreeSession:
    """Tensors are set one by one: a dictionary of arrays takes another eighth of a small region's
    time to be looked through.
    """

    def __init__(self, compiled: Any, *, has_looks: bool) -> None:
        self._request = compiled.create_infer_request()
        self._port = compiled.input("luma")
        self._luma: Any = None
        "What the request reads; it must not be freed before the next one."
        self._strength = np.zeros(1, np.float32)
        if has_looks:
            port = compiled.input("strength")
            self._request.set_tensor(port, ov.Tensor(self._strength, shared_memory=True))

    def run(self, luma: Array, strength: float) -> Array:
        packed = np.ascontiguousarray(luma)[None, None]
        tensor = ov.Tensor(packed, shared_memory=True)
        self._request.set_tensor(self._port, tensor)
        self._luma = packed, tensor
        self._strength[0] = strength
        results = self._request.infer(share_outputs=True)
        enhanced: Array = results[0][0, 0]
        return enhanced


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else type(error).__name__
