"""Nets on OpenVINO's CPU plug-in."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov

from models.manifest import Manifest
from models.openvino_core import open_core
from workers.engines.engine import (
    Array,
    CompiledNet,
    DynamicShapeModel,
    DynamicShapeSession,
    EngineInfo,
    EngineOptions,
    Feeds,
    NetInfo,
    Session,
    describe,
    file_precision,
    out_shape,
    tensor_shapes,
)
from workers.engines.shape_cache import HotShapes
from workers.errors import NetUnusable

log = logging.getLogger(__name__)

MAX_BATCH = 4

ANY = (-1, -1)
"""In the place of a height and width."""


class OpenVinoEngine:
    """Static shapes, one call at a time, as fast as that one call can be."""

    def __init__(self, options: EngineOptions) -> None:
        self._core = open_core()
        self._threads = options.threads
        self._compiler = ThreadPoolExecutor(1, thread_name_prefix="net-sizes")

    @property
    def info(self) -> EngineInfo:
        """Its name, version and device."""
        version = ov.get_version().split("-")[0]
        return EngineInfo(
            name="openvino",
            version=version,
            device="CPU",
            threads=self._threads,
            max_batch=MAX_BATCH,
        )

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
            manifest,
            width=width,
            height=height,
            batch=batch,
            precision=file_precision(manifest, path),
            device="CPU",
        )
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

    def compile_free(self, manifest: Manifest, path: Path) -> DynamicShapeModel:
        """With height and width left open; a size that was met before costs nothing more."""

        def compiled(height: int, width: int) -> Any:
            model = self._core.read_model(path)
            model.reshape({"luma": [1, 1, height, width]})
            return self._core.compile_model(model, "CPU", self._options())

        try:
            return _FreeNet(compiled, self._compiler, has_looks=manifest.strength)
        except RuntimeError as error:
            raise NetUnusable(f"OpenVINO cannot load {path.name}: {_last_line(error)}.") from error

    def close(self) -> None:
        """Nothing is held beyond the compiled nets."""
        self._compiler.shutdown(wait=True, cancel_futures=True)

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
    """One graph for any size, and graphs of their own for sizes that are often met: where the size
    is open every call prepares all nodes anew, which takes half a millisecond.
    """

    def __init__(
        self,
        compile_net: Callable[[int, int], Any],
        compiler: ThreadPoolExecutor,
        *,
        has_looks: bool,
    ) -> None:
        self.has_looks = has_looks
        self._compile = compile_net
        self._compiler = compiler
        self._any = compile_net(*ANY)
        self._own: dict[tuple[int, int], Any] = {}
        self._sizes = HotShapes()
        self._lock = threading.Lock()

    def session(self) -> DynamicShapeSession:
        return _FreeSession(self)

    def warm_up(self, height: int, width: int) -> None:
        """Primitives are made for each size, and kept for all sessions."""
        self.session().run(np.zeros((height, width), np.uint8), 0.0)

    def graph(self, size: tuple[int, int]) -> tuple[tuple[int, int], Any]:
        """What runs an input of that height and width best now, and the size that it is for: this
        one, or ``ANY``.
        """
        with self._lock:
            own = self._own.get(size)
            is_wanted = self._sizes.meet(size)
        if is_wanted:
            self._begin(size)
        return (ANY, self._any) if own is None else (size, own)

    def has(self, size: tuple[int, int], graph: Any) -> bool:
        """Whether this is still the graph for that size, or for ``ANY``."""
        return graph is (self._any if size == ANY else self._own.get(size))

    def _begin(self, size: tuple[int, int]) -> None:
        try:
            self._compiler.submit(self._make, size)
        except RuntimeError:
            # The engine is closed; a stream's last picture goes on without.
            log.debug("no graph for %s: the engine is closed", size)

    def _make(self, size: tuple[int, int]) -> None:
        try:
            graph = self._compile(*size)
        except RuntimeError as error:
            log.warning(
                "no graph for %s: %s", size, _last_line(error), extra={"action": "no_graph"}
            )
            with self._lock:
                self._sizes.refuse(size)
            return
        with self._lock:
            dropped = self._sizes.made(size)
            self._own[size] = graph
            if dropped is not None:
                self._own.pop(dropped, None)


class _FreeSession:
    def __init__(self, net: _FreeNet) -> None:
        self._net = net
        self._strength = np.zeros(1, np.float32)
        self._requests: dict[tuple[int, int], tuple[Any, _Request]] = {}

    def run(self, luma: Array, strength: float) -> Array:
        size, graph = self._net.graph((luma.shape[0], luma.shape[1]))
        known = self._requests.get(size)
        if known is None or known[0] is not graph:
            known = self._begin(size, graph)
        self._strength[0] = strength
        return known[1].run(luma)

    def _begin(self, size: tuple[int, int], graph: Any) -> tuple[Any, _Request]:
        # What went for another one must not be held here.
        held = self._requests.items()
        self._requests = {key: have for key, have in held if self._net.has(key, have[0])}
        request = _Request(graph, self._strength if self._net.has_looks else None)
        self._requests[size] = graph, request
        return graph, request


class _Request:
    """Tensors are set one by one: a dictionary of arrays takes another eighth of a small region's
    time to be looked through.
    """

    def __init__(self, graph: Any, strength: Array | None) -> None:
        self._request = graph.create_infer_request()
        self._port = graph.input("luma")
        self._luma: Any = None
        "What the request reads; it must not be freed before the next one."
        if strength is not None:
            port = graph.input("strength")
            self._request.set_tensor(port, ov.Tensor(strength, shared_memory=True))

    def run(self, luma: Array) -> Array:
        packed = np.ascontiguousarray(luma)[None, None]
        tensor = ov.Tensor(packed, shared_memory=True)
        self._request.set_tensor(self._port, tensor)
        self._luma = packed, tensor
        results = self._request.infer(share_outputs=True)
        enhanced: Array = results[0][0, 0]
        return enhanced


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else type(error).__name__
