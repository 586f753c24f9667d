"""Inference by OpenVINO's CPU plug-in."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable, Sequence
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
"""Frames of one call; larger batches never paid on processors, and every frame waits for all."""

COMPILER_NICENESS = 10
"""Niceness of the thread that compiles graphs: a stream on the same core comes first,
by 9 to 1 (Linux, sched-nice-design: each step is a quarter more)."""

ANY_SIZE = (-1, -1)
"""Height and width of a graph whose sizes are open (OpenVINO writes -1 for them)."""


class OpenVinoEngine:
    """Runs ONNX graphs with static shapes, tuned for the latency of a single call."""

    def __init__(self, options: EngineOptions) -> None:
        self._core = open_core()
        self._threads = options.threads
        self._compiler = ThreadPoolExecutor(
            1,
            thread_name_prefix="shape-compiler",
            # Where a net has one thread, that is the caller's. With more, the runtime would start
            # some of them from the compiler's, and they would yield to everything too.
            initializer=_yield_to_streams if options.threads == 1 else None,
        )

    @property
    def info(self) -> EngineInfo:
        """Describes the engine: name, version, device and limits."""
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
        """Compiles an ONNX file for one input size, in the precision of the file."""
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
            # Static shapes let the plug-in choose and pack everything now, so no call prepares
            # anything.
            model.reshape({name: list(shape) for name, shape in shapes.items()})
            compiled = self._core.compile_model(model, "CPU", self._options())
            # A file may contradict its manifest; with static inputs the output's size is known
            # without a run.
            shape = tuple(compiled.output(0).shape)
        except RuntimeError as error:
            raise NetUnusable(f"OpenVINO cannot load {path.name}: {_last_line(error)}.") from error
        if shape != out_shape(manifest, width=width, height=height, batch=batch):
            raise NetUnusable(f"{path.name} gives {shape} for an input of {width}x{height}.")
        return _CompiledNet(compiled, info)

    def compile_dynamic(self, manifest: Manifest, path: Path) -> DynamicShapeModel:
        """Compiles an ONNX file with open height and width."""

        def compiled(height: int, width: int) -> Any:
            model = self._core.read_model(path)
            model.reshape({"luma": [1, 1, height, width]})
            return self._core.compile_model(model, "CPU", self._options())

        try:
            return _DynamicShapeModel(compiled, self._compiler, has_styles=manifest.strength)
        except RuntimeError as error:
            raise NetUnusable(f"OpenVINO cannot load {path.name}: {_last_line(error)}.") from error

    def close(self) -> None:
        """Stops the compiler thread; compiled nets hold nothing else."""
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
        """Does nothing: compiling has chosen and packed everything already."""


class _Session:
    """Tensors share the memory of numpy arrays, so that the runtime copies nothing."""

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
        """Does nothing: graphs have no state."""


class _DynamicShapeModel:
    """One graph with open sizes, and static graphs for the sizes that occur most.

    With open sizes every call prepares all nodes anew, which takes half a millisecond.
    """

    def __init__(
        self,
        compile_net: Callable[[int, int], Any],
        compiler: ThreadPoolExecutor,
        *,
        has_styles: bool,
    ) -> None:
        self.has_styles = has_styles
        self._compile = compile_net
        self._compiler = compiler
        self._dynamic = compile_net(*ANY_SIZE)
        self._static: dict[tuple[int, int], Any] = {}
        self._sizes = HotShapes()
        self._lock = threading.Lock()

    def session(self) -> DynamicShapeSession:
        return _DynamicShapeSession(self)

    def warm_up(self, height: int, width: int) -> None:
        """Runs once: primitives are made for each size, and kept for all sessions."""
        self.session().run(np.zeros((height, width), np.uint8), 0.0)

    def prepare(self, sizes: Sequence[tuple[int, int]]) -> None:
        """Compiles a graph for each of these sizes, one after the other on the compiler's thread;
        they stay.
        """
        with self._lock:
            new = [size for size in sizes if self._sizes.prepare(size)]
        for size in new:
            self._submit(self._add_prepared, size)

    def graph(self, size: tuple[int, int]) -> tuple[tuple[int, int], Any]:
        """Returns the fastest graph for an input of that height and width, with the size that the
        graph is for: this one, or ``ANY_SIZE``.
        """
        with self._lock:
            static = self._static.get(size)
            is_hot = self._sizes.observe(size)
        if is_hot:
            self._submit(self._add_graph, size)
        return (ANY_SIZE, self._dynamic) if static is None else (size, static)

    def has(self, size: tuple[int, int], graph: Any) -> bool:
        """Returns True while this is the graph for that size, or for ``ANY_SIZE``."""
        # Without the lock: looking up one key of a dictionary is atomic.
        return graph is (self._dynamic if size == ANY_SIZE else self._static.get(size))

    def _submit(self, add: Callable[[tuple[int, int]], None], size: tuple[int, int]) -> None:
        try:
            self._compiler.submit(add, size)
        except RuntimeError:
            # The engine is closed while a stream makes its last picture; it needs no new graph.
            log.debug("no graph for %s: the engine is closed", size)

    def _add_prepared(self, size: tuple[int, int]) -> None:
        graph = self._compiled(size)
        if graph is not None:
            with self._lock:
                self._static[size] = graph

    def _add_graph(self, size: tuple[int, int]) -> None:
        graph = self._compiled(size)
        with self._lock:
            if graph is None:
                self._sizes.reject(size)
                return
            dropped = self._sizes.compiled(size)
            self._static[size] = graph
            # Sessions that still have a request of it keep the graph alive until their next change.
            if dropped is not None:
                self._static.pop(dropped, None)

    def _compiled(self, size: tuple[int, int]) -> Any:
        """Returns the graph for a size; None where the runtime refuses."""
        try:
            # Compiling takes about 50 ms, during which streams look graphs up; so the lock is not
            # held.
            return self._compile(*size)
        except RuntimeError as error:
            log.warning(
                "no graph for %s: %s", size, _last_line(error), extra={"action": "no_graph"}
            )
            return None


class _DynamicShapeSession:
    def __init__(self, net: _DynamicShapeModel) -> None:
        self._net = net
        self._strength = np.zeros(1, np.float32)
        self._requests: dict[tuple[int, int], tuple[Any, _Request]] = {}

    def run(self, luma: Array, strength: float) -> Array:
        size, graph = self._net.graph((luma.shape[0], luma.shape[1]))
        known = self._requests.get(size)
        if known is None or known[0] is not graph:
            known = self._request_for(size, graph)
        self._strength[0] = strength
        return known[1].run(luma)

    def _request_for(self, size: tuple[int, int], graph: Any) -> tuple[Any, _Request]:
        # A request keeps its graph alive, so requests of graphs that were dropped must go.
        held = self._requests.items()
        self._requests = {key: have for key, have in held if self._net.has(key, have[0])}
        request = _Request(graph, self._strength if self._net.has_styles else None)
        self._requests[size] = graph, request
        return graph, request


class _Request:
    """One inference request of a graph.

    Tensors are set one by one: looking through a dictionary of arrays would take another eighth of
    the time of a small region.
    """

    def __init__(self, graph: Any, strength: Array | None) -> None:
        self._request = graph.create_infer_request()
        self._port = graph.input("luma")
        self._luma: Any = None
        "Memory that the request reads; it must stay until the next call."
        if strength is not None:
            port = graph.input("strength")
            self._request.set_tensor(port, ov.Tensor(strength, shared_memory=True))

    def run(self, luma: Array) -> Array:
        # The tensor has no strides: a region that is cut from a larger picture must be packed
        # first.
        packed = np.ascontiguousarray(luma)[None, None]
        tensor = ov.Tensor(packed, shared_memory=True)
        self._request.set_tensor(self._port, tensor)
        self._luma = packed, tensor
        # Without ``share_outputs`` OpenVINO would copy each result before it returns it.
        results = self._request.infer(share_outputs=True)
        enhanced: Array = results[0][0, 0]
        return enhanced


def _yield_to_streams() -> None:
    # A niceness is a thread's own on Linux alone; elsewhere it would be the whole process's.
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), COMPILER_NICENESS)


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else type(error).__name__
