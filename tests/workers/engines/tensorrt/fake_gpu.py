"""TensorRT, PyCUDA and the driver's library as ``device.py`` calls them, without a GPU.

A graph is ``add:N``: its net adds N to every byte of its input. Each call that needs the GPU's
context checks that it is current, and memory is freed once and while the context is there.
"""

from __future__ import annotations

import ctypes
import dataclasses
import types
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

BLOCKING_SYNC = 1


class CudaError(Exception):
    """pycuda.driver.Error."""


@dataclasses.dataclass
class Machine:
    """Everything that happens on the fake GPU, and what shall go wrong there."""

    version: str = "11.4.0"
    has_gpu: bool = True
    captures: bool = True
    parses: bool = True
    builds: bool = True
    loads: bool = True
    runs: bool = True
    depth: int = 0
    "Contexts that are current."
    is_open: bool = False
    memory: dict[int, bytearray] = dataclasses.field(default_factory=dict)
    "Blocks that are allocated, by address."
    pinned: int = 0
    recording: list[Callable[[], None]] | None = None
    "Work of the stream that is being captured."
    graphs: dict[int, list[Callable[[], None]]] = dataclasses.field(default_factory=dict)
    log: Any = None
    "The logger that the runtime was given."
    launches: int = 0
    enqueues: int = 0
    flags: set[str] = dataclasses.field(default_factory=lambda: {"TF32"})
    shapes: dict[str, tuple[Any, ...]] = dataclasses.field(default_factory=dict)

    def need_context(self) -> None:
        assert self.depth > 0 and self.is_open, "a call without the GPU's context"

    def enqueue(self, work: Callable[[], None]) -> None:
        """Puts work into the stream: it is recorded, or done at once."""
        self.need_context()
        self.enqueues += 1
        if self.recording is None:
            work()
        else:
            self.recording.append(work)

    def block(self, address: int) -> tuple[bytearray, int]:
        """The block of an address, and the offset in it."""
        for start, block in self.memory.items():
            if start <= address < start + len(block):
                return block, address - start
        raise CudaError("invalid argument")


class _Context:
    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        machine.is_open = True

    def push(self) -> None:
        if not self._machine.is_open:
            raise CudaError("invalid device context.")
        self._machine.depth += 1

    def pop(self) -> None:
        self._machine.depth -= 1

    def detach(self) -> None:
        assert self._machine.is_open
        self._machine.is_open = False


class _Device:
    def __init__(self, machine: Machine, number: int) -> None:
        self._machine = machine
        if not machine.has_gpu:
            raise CudaError("no CUDA-capable device is detected")

    def retain_primary_context(self) -> _Context:
        return _Context(self._machine)

    def compute_capability(self) -> tuple[int, int]:
        return (9, 0)

    def name(self) -> str:
        return "Fake H100"


class _Stream:
    handle = 77

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def synchronize(self) -> None:
        self._machine.need_context()


class _Event:
    def __init__(self, machine: Machine, flags: int) -> None:
        assert flags == BLOCKING_SYNC
        self._machine = machine
        self._is_recorded = False

    def record(self, stream: _Stream) -> None:
        self._is_recorded = True

    def synchronize(self) -> None:
        self._machine.need_context()
        assert self._is_recorded


class _Allocation:
    def __init__(self, machine: Machine, size: int) -> None:
        machine.need_context()
        self._machine = machine
        self._address = 4096 + 1_000_000 * len(machine.memory)
        machine.memory[self._address] = bytearray(size)

    def __int__(self) -> int:
        return self._address

    def free(self) -> None:
        self._machine.need_context()
        del self._machine.memory[self._address]


class _Pinned:
    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        machine.need_context()
        machine.pinned += 1

    def free(self) -> None:
        self._machine.need_context()
        self._machine.pinned -= 1


class _PinnedArray(np.ndarray):
    base: Any = None


def cuda_of(machine: Machine) -> types.ModuleType:
    """The module ``pycuda.driver``."""
    cuda: Any = types.ModuleType("pycuda.driver")

    def pagelocked_empty(size: int, dtype: Any) -> Any:
        array = np.empty(size, dtype).view(_PinnedArray)
        array.base = _Pinned(machine)
        return array

    def to_device(address: int, source: Any, stream: _Stream) -> None:
        def copy() -> None:
            block, offset = machine.block(address)
            block[offset : offset + source.nbytes] = source.tobytes()

        machine.enqueue(copy)

    def to_host(target: Any, address: int, stream: _Stream) -> None:
        def copy() -> None:
            block, offset = machine.block(address)
            target[:] = np.frombuffer(block, np.uint8)[offset : offset + target.nbytes]

        machine.enqueue(copy)

    cuda.Error = CudaError
    cuda.event_flags = types.SimpleNamespace(BLOCKING_SYNC=BLOCKING_SYNC)
    cuda.init, cuda.pagelocked_empty = lambda: None, pagelocked_empty
    cuda.Device, cuda.Stream = partial(_Device, machine), partial(_Stream, machine)
    cuda.Event, cuda.mem_alloc = partial(_Event, machine), partial(_Allocation, machine)
    cuda.memcpy_htod_async, cuda.memcpy_dtoh_async = to_device, to_host
    module: types.ModuleType = cuda
    return module


class _Execution:
    def __init__(self, machine: Machine, engine: Any) -> None:
        self._machine = machine
        self._engine = engine
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._addresses: dict[str, int] = {}

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        self._shapes[name] = shape
        return name == "luma"

    def set_tensor_address(self, name: str, address: int) -> bool:
        self._addresses[name] = address
        return name in ("luma", "enhanced")

    def execute_async_v3(self, handle: int) -> bool:
        if not self._machine.runs:
            self._machine.log.log(0, "out of memory")
            return False

        def add() -> None:
            size = int(np.prod(self._shapes["luma"]))
            source, at = self._machine.block(self._addresses["luma"])
            target, to = self._machine.block(self._addresses["enhanced"])
            values = np.frombuffer(bytes(source[at : at + size]), np.uint8)
            target[to : to + size] = (values + np.uint8(self._engine.adds)).tobytes()

        self._machine.enqueue(add)
        return True


class _Engine:
    def __init__(self, machine: Machine, plan: bytes) -> None:
        self._machine = machine
        self.adds = int(plan.rpartition(b":")[2])

    def create_execution_context(self) -> _Execution:
        self._machine.need_context()
        return _Execution(self._machine, self)


class ILogger:
    """tensorrt.ILogger; its levels are numbered as TensorRT's."""

    INTERNAL_ERROR, ERROR, WARNING, INFO, VERBOSE = range(5)

    def __init__(self) -> None:
        pass


class _Runtime:
    def __init__(self, machine: Machine, log: Any) -> None:
        machine.need_context()
        machine.log = log
        self._machine = machine

    def deserialize_cuda_engine(self, plan: bytes) -> _Engine | None:
        self._machine.need_context()
        is_plan = self._machine.loads and plan.startswith(b"plan:")
        return _Engine(self._machine, plan) if is_plan else None


class _Config:
    """The configuration of a build, and its only profile."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def set_memory_pool_limit(self, pool: str, size: int) -> None:
        assert pool == "workspace" and size == 1 << 30

    def clear_flag(self, flag: str) -> None:
        self._machine.flags.discard(flag)

    def set_flag(self, flag: str) -> None:
        self._machine.flags.add(flag)

    def set_shape(self, name: str, *shapes: tuple[int, ...]) -> None:
        self._machine.shapes[name] = shapes

    def add_optimization_profile(self, profile: _Config) -> None:
        assert self._machine.shapes


class _Builder:
    def __init__(self, machine: Machine, log: Any) -> None:
        machine.need_context()
        self._machine = machine

    def create_network(self) -> types.SimpleNamespace:
        return types.SimpleNamespace(graph=b"")

    def create_builder_config(self) -> _Config:
        return _Config(self._machine)

    def create_optimization_profile(self) -> _Config:
        return _Config(self._machine)

    def build_serialized_network(self, network: Any, config: _Config) -> bytes | None:
        return b"plan:" + network.graph if self._machine.builds else None


class _OnnxParser:
    def __init__(self, machine: Machine, network: Any, log: Any) -> None:
        self._network = network
        self._parses = machine.parses
        self.num_errors = 0 if machine.parses else 2

    def parse(self, graph: bytes) -> bool:
        self._network.graph = graph
        return self._parses

    def get_error(self, index: int) -> Any:
        return types.SimpleNamespace(desc=lambda: f"fault {index}")


class _Refitter:
    def __init__(self, machine: Machine, engine: _Engine, log: Any) -> None:
        self._machine, self._engine, self.graph = machine, engine, b""

    def refit_cuda_engine(self) -> bool:
        self._machine.need_context()
        self._engine.adds = int(self.graph.rpartition(b":")[2])
        return True


class _OnnxParserRefitter:
    def __init__(self, refitter: _Refitter, log: Any) -> None:
        self._refitter = refitter

    def refit_from_bytes(self, graph: bytes) -> bool:
        self._refitter.graph = graph
        return graph.startswith(b"add:")


def tensorrt_of(machine: Machine) -> types.ModuleType:
    """The module ``tensorrt``."""
    trt: Any = types.ModuleType("tensorrt")
    trt.__version__, trt.ILogger = machine.version, ILogger
    trt.Runtime, trt.Builder = partial(_Runtime, machine), partial(_Builder, machine)
    trt.OnnxParser, trt.Refitter = partial(_OnnxParser, machine), partial(_Refitter, machine)
    trt.OnnxParserRefitter = _OnnxParserRefitter
    trt.MemoryPoolType = types.SimpleNamespace(WORKSPACE="workspace")
    trt.BuilderFlag = types.SimpleNamespace(TF32="TF32", REFIT="REFIT")
    module: types.ModuleType = trt
    return module


class Driver:
    """libcuda.so.1, as far as graphs go; each function returns 0, or a CUDA error."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def cuStreamBeginCapture_v2(self, stream: Any, mode: ctypes.c_int) -> int:
        assert mode.value == 1, "other threads may allocate meanwhile"
        if not self._machine.captures:
            return 900
        self._machine.recording = []
        return 0

    def cuStreamEndCapture(self, stream: Any, graph: Any) -> int:
        recorded, self._machine.recording = self._machine.recording, None
        assert recorded is not None
        graph._obj.value = 1000 + len(self._machine.graphs)
        self._machine.graphs[graph._obj.value] = recorded
        return 0

    def cuGraphInstantiateWithFlags(self, ready: Any, graph: Any, flags: Any) -> int:
        ready._obj.value = graph.value + 500
        self._machine.graphs[ready._obj.value] = self._machine.graphs[graph.value]
        return 0

    def cuGraphDestroy(self, graph: Any) -> int:
        del self._machine.graphs[graph.value]
        return 0

    def cuGraphExecDestroy(self, graph: Any) -> int:
        del self._machine.graphs[graph.value]
        return 0

    def cuGraphLaunch(self, graph: Any, stream: Any) -> int:
        self._machine.need_context()
        if not self._machine.runs:
            return 700
        self._machine.launches += 1
        for work in self._machine.graphs[graph.value]:
            work()
        return 0
