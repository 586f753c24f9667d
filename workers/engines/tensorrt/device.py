"""All calls of TensorRT and CUDA, written from the documentation; not run on hardware yet.

TensorRT: Python API documentation of 11.4 (Builder, OnnxParser, Runtime, IExecutionContext,
Refitter). PyCUDA: its reference of the driver interface. CUDA graphs: driver API, sections "Stream
Management" and "Graph Management", by ctypes, since PyCUDA has none of it.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pycuda.driver as cuda
import tensorrt as trt

from workers.engines.engine import Array, EngineOptions
from workers.engines.tensorrt.buffers import BufferPlan
from workers.engines.tensorrt.engine import TensorRtEngine
from workers.engines.tensorrt.gpu_api import Gpu, LoadedPlan, Runner, Shapes
from workers.engines.tensorrt.logger import MessageLog
from workers.engines.tensorrt.plans import PlanStore
from workers.errors import DeviceFailed, EngineUnavailable

log = logging.getLogger(__name__)

MIN_VERSION = 11
"""Oldest usable version of TensorRT: the first whose networks are always strongly typed."""

# 1 GiB bounds what a layer may use for scratch; without a limit the builder may take all of the
# memory, which other streams' nets need too.
_MAX_WORKSPACE_BYTES = 1 << 30
_CAPTURE_THREAD_LOCAL = 1  # CU_STREAM_CAPTURE_MODE_THREAD_LOCAL: other threads may allocate


def open_engine(options: EngineOptions) -> TensorRtEngine:
    """Opens the engine on the first GPU. Raises EngineUnavailable."""
    version = str(trt.__version__)
    if int(version.split(".")[0]) < MIN_VERSION:
        raise EngineUnavailable(
            "tensorrt", f"TensorRT {version} is too old, {MIN_VERSION} is needed"
        )
    try:
        device = CudaDevice(0)
    except cuda.Error as error:
        raise EngineUnavailable("tensorrt", f"there is no usable GPU ({error})") from error
    folder = None if options.cache_dir is None else options.cache_dir / "tensorrt"
    return TensorRtEngine(device, PlanStore(folder), threads=options.threads)


class CudaDevice:
    """One GPU, in the context that the CUDA runtime (and so TensorRT and torch) uses."""

    def __init__(self, number: int) -> None:
        cuda.init()
        device = cuda.Device(number)
        self._context: Any = device.retain_primary_context()
        capability = ".".join(map(str, device.compute_capability()))
        self.gpu = Gpu(device.name(), capability, str(trt.__version__))
        self.messages = MessageLog()
        self.log = _Log(self.messages)
        self.graphs = _Graphs()
        self._runners: weakref.WeakSet[_Runner] = weakref.WeakSet()
        with self.working():
            self._runtime = trt.Runtime(self.log)

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """Makes the GPU's context current in the calling thread.

        Raises DeviceFailed for errors of CUDA.
        """
        try:
            # Contexts are per thread, and any stream's thread may come here.
            self._context.push()
            try:
                yield
            finally:
                self._context.pop()
        except cuda.Error as error:
            raise DeviceFailed(f"{str(error).rstrip('.')}.") from error

    def build(self, graph: bytes, shapes: Shapes, *, refittable: bool) -> bytes:
        """Implements ``gpu_api.Device``."""
        with self.working():
            builder = trt.Builder(self.log)
            network = builder.create_network()
            parser = trt.OnnxParser(network, self.log)
            if not parser.parse(graph):
                found = [parser.get_error(index).desc() for index in range(parser.num_errors)]
                raise DeviceFailed(f"{'; '.join(found) or 'the graph is refused'}.")
            config = builder.create_builder_config()
            config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, _MAX_WORKSPACE_BYTES)
            # TensorFloat-32 would round what is fp32 elsewhere: another picture on every machine.
            config.clear_flag(trt.BuilderFlag.TF32)
            if refittable:
                config.set_flag(trt.BuilderFlag.REFIT)
            profile = builder.create_optimization_profile()
            for name, shape in shapes:
                # Least, usual and greatest shape are the same: a plan is for one size (decision
                # 20).
                profile.set_shape(name, shape, shape, shape)
            config.add_optimization_profile(profile)
            plan = builder.build_serialized_network(network, config)
            if plan is None:
                # TensorRT returns None and tells the reason to the logger alone.
                raise DeviceFailed(self.messages.take_errors("it gives no reason"))
            return bytes(plan)

    def load(self, plan: bytes) -> LoadedPlan | None:
        """Implements ``gpu_api.Device``."""
        with self.working():
            engine = self._runtime.deserialize_cuda_engine(plan)
        return None if engine is None else _Plan(self, engine)

    def runner(self, engine: Any, buffers: BufferPlan) -> Runner:
        """Creates buffers, a CUDA stream and an execution context for a plan."""
        made = _Runner(self, engine, buffers)
        self._runners.add(made)
        return made

    def close(self) -> None:
        """Releases the context, unless runners still use it; then the end of the process does."""
        if self._context is not None and not self._runners:
            self._context.detach()
            self._context = None


class _Plan:
    def __init__(self, device: CudaDevice, engine: Any) -> None:
        self._device = device
        self._engine = engine

    def refit(self, graph: bytes) -> bool:
        with self._device.working():
            refitter = trt.Refitter(self._engine, self._device.log)
            parser = trt.OnnxParserRefitter(refitter, self._device.log)
            return bool(parser.refit_from_bytes(graph)) and bool(refitter.refit_cuda_engine())

    def runner(self, buffers: BufferPlan) -> Runner:
        return self._device.runner(self._engine, buffers)


class _Runner:
    """Copies in, runs the net and copies out; captured once as a CUDA graph."""

    def __init__(self, device: CudaDevice, engine: Any, buffers: BufferPlan) -> None:
        self._device = device
        self._buffers = buffers
        with device.working():
            self._execution = engine.create_execution_context()
            if self._execution is None:
                raise DeviceFailed(device.messages.take_errors("it has no memory for a stream"))
            self._stream = cuda.Stream()
            # A waiting thread sleeps; a spinning one would take a core from the coders.
            self._done = cuda.Event(cuda.event_flags.BLOCKING_SYNC)
            self.memory: Array = cuda.pagelocked_empty(buffers.size, np.uint8)
            self.memory[:] = 0
            self._remote = cuda.mem_alloc(buffers.size)
            # PyCUDA frees memory only where its context is the thread's; whoever drops the last
            # reference to this runner may be any thread.
            weakref.finalize(self, _release, device, [self._remote, self.memory.base])
            self._bind()
            # The first call allocates and must not be captured.
            self._enqueue()
            self._stream.synchronize()
            self._graph = device.graphs.capture(self._stream.handle, self._enqueue)
        if self._graph is None:
            log.info("the net runs without a CUDA graph", extra={"action": "no_cuda_graph"})

    def run(self) -> None:
        with self._device.working():
            if self._graph is None:
                self._enqueue()
            else:
                self._device.graphs.launch(self._graph, self._stream.handle)
            self._done.record(self._stream)
            self._done.synchronize()

    def _bind(self) -> None:
        start = int(self._remote)
        for slot in self._buffers.inputs:
            if not self._execution.set_input_shape(slot.name, slot.shape):
                raise DeviceFailed(f"it refuses the shape {slot.shape} of {slot.name}.")
        for slot in (*self._buffers.inputs, self._buffers.output):
            if not self._execution.set_tensor_address(slot.name, start + slot.offset):
                raise DeviceFailed(f"it does not know the tensor {slot.name}.")

    def _enqueue(self) -> None:
        start, output = int(self._remote), self._buffers.output
        cuda.memcpy_htod_async(start, self.memory[: self._buffers.input_bytes], self._stream)
        if not self._execution.execute_async_v3(self._stream.handle):
            raise DeviceFailed(self._device.messages.take_errors("it does not run the net"))
        end = output.offset + output.nbytes
        cuda.memcpy_dtoh_async(
            self.memory[output.offset : end], start + output.offset, self._stream
        )


def _release(device: CudaDevice, allocations: list[Any]) -> None:
    with device.working():
        for allocation in allocations:
            allocation.free()


class _Graphs:
    """Capture and launch of CUDA graphs by the driver API."""

    def __init__(self) -> None:
        self._driver = ctypes.CDLL("libcuda.so.1")

    def capture(self, stream: int, enqueue: Callable[[], None]) -> _Graph | None:
        """Captures the work that ``enqueue`` puts into the stream, for repeated launches.

        Returns None if it cannot be captured.
        """
        driver, handle = self._driver, ctypes.c_void_p(stream)
        mode = ctypes.c_int(_CAPTURE_THREAD_LOCAL)
        if driver.cuStreamBeginCapture_v2(handle, mode) != 0:
            return None
        graph, ready = ctypes.c_void_p(), ctypes.c_void_p()
        refused = False
        try:
            enqueue()
        except (DeviceFailed, cuda.Error) as error:
            log.debug("not captured: %s", error, extra={"action": "no_cuda_graph"})
            refused = True
        # Capturing is ended also after a refusal: until then the stream takes no other work.
        if driver.cuStreamEndCapture(handle, ctypes.byref(graph)) != 0 or refused:
            return None
        flags = ctypes.c_ulonglong(0)
        status = driver.cuGraphInstantiateWithFlags(ctypes.byref(ready), graph, flags)
        # The instance that is launched does not need the captured graph any more.
        driver.cuGraphDestroy(graph)
        return _Graph(driver, ready) if status == 0 else None

    def launch(self, graph: _Graph, stream: int) -> None:
        """Puts the graph into the stream."""
        status = self._driver.cuGraphLaunch(graph.handle, ctypes.c_void_p(stream))
        if status != 0:
            raise DeviceFailed(f"CUDA cannot launch the net's graph (error {status}).")


class _Graph:
    """An instantiated CUDA graph; destroyed with the last reference to it."""

    def __init__(self, driver: Any, handle: ctypes.c_void_p) -> None:
        self.handle = handle
        weakref.finalize(self, driver.cuGraphExecDestroy, handle)


class _Log(trt.ILogger):  # type: ignore[misc]
    """Passes TensorRT's messages on; its INFO becomes DEBUG, being of no use to an operator."""

    def __init__(self, messages: MessageLog) -> None:
        trt.ILogger.__init__(self)
        self._messages = messages

    def log(self, severity: Any, msg: str) -> None:
        if severity in (trt.ILogger.INTERNAL_ERROR, trt.ILogger.ERROR):
            self._messages.add(logging.ERROR, msg)
        else:
            is_warning = severity == trt.ILogger.WARNING
            self._messages.add(logging.WARNING if is_warning else logging.DEBUG, msg)
