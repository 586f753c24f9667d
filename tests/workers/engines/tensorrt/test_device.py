"""All calls of TensorRT and CUDA, over stand-ins for their libraries: contexts, memory, graphs."""

from __future__ import annotations

import ctypes
import gc
import importlib
import logging
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workers.engines.engine import EngineOptions
from workers.engines.tensorrt.buffers import BufferPlan
from workers.errors import DeviceFailed, EngineUnavailable

from .fake_gpu import Driver, Machine, cuda_of, tensorrt_of

SHAPE = (2, 3)
BUFFERS = BufferPlan.of({"luma": ("uint8", SHAPE)}, ("enhanced", "uint8", SHAPE))
MODULE = "workers.engines.tensorrt.device"


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def device_module(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """``device.py`` over the stand-ins, whatever is installed here."""
    package: Any = types.ModuleType("pycuda")
    package.driver = cuda_of(machine)
    for name, module in (
        ("pycuda", package), ("pycuda.driver", package.driver), ("tensorrt", tensorrt_of(machine)),
    ):  # fmt: skip
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(ctypes, "CDLL", lambda name: Driver(machine))
    monkeypatch.delitem(sys.modules, MODULE, raising=False)
    yield importlib.import_module(MODULE)
    sys.modules.pop(MODULE, None)


@pytest.fixture
def device(device_module: Any, machine: Machine) -> Any:
    return device_module.CudaDevice(0)


def built(device: Any, graph: bytes = b"add:5", *, refittable: bool = False) -> bytes:
    plan: bytes = device.build(graph, (("luma", SHAPE),), refittable=refittable)
    return plan


def run(runner: Any, value: int) -> list[int]:
    """What the net makes of a picture of that level."""
    BUFFERS.view(np.asarray(runner.memory), BUFFERS.inputs[0])[:] = value
    runner.run()
    return sorted(set(BUFFERS.view(np.asarray(runner.memory), BUFFERS.output).flat))


def test_a_gpu_says_what_plans_depend_on(device: Any, machine: Machine) -> None:
    gpu = device.gpu
    assert (gpu.name, gpu.capability, gpu.tensorrt) == ("Fake H100", "9.0", "11.4.0")
    assert machine.depth == 0


def test_a_plan_is_built_for_one_shape_in_the_graphs_own_types(
    device: Any, machine: Machine
) -> None:
    assert built(device) == b"plan:add:5"
    assert machine.shapes == {"luma": (SHAPE, SHAPE, SHAPE)}
    assert machine.flags == set() and machine.depth == 0
    built(device, refittable=True)
    assert machine.flags == {"REFIT"}


def test_what_was_built_runs_from_a_captured_graph(device: Any, machine: Machine) -> None:
    plan = device.load(built(device))
    runner = plan.runner(BUFFERS)
    # Once to allocate, once to be captured: two copies and the net.
    assert (machine.enqueues, machine.launches) == (6, 0)
    assert run(runner, 7) == [12] and run(runner, 250) == [255] and run(runner, 251) == [0]
    assert (machine.enqueues, machine.launches) == (6, 3)
    assert machine.depth == 0


def test_without_a_graph_every_call_is_put_in_anew(
    device: Any, machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    machine.captures = False
    with caplog.at_level(logging.INFO):
        runner = device.load(built(device)).runner(BUFFERS)
    assert [getattr(r, "action", "") for r in caplog.records] == ["no_cuda_graph"]
    assert run(runner, 7) == [12] and run(runner, 8) == [13]
    assert (machine.launches, machine.graphs) == (0, {})


def test_a_net_that_refuses_to_be_captured_ends_the_capture_and_runs_without(
    device: Any, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = device.load(built(device))
    begin = Driver.cuStreamBeginCapture_v2

    def refuse_from_here(driver: Driver, stream: Any, mode: Any) -> int:
        machine.runs = False
        return begin(driver, stream, mode)

    monkeypatch.setattr(Driver, "cuStreamBeginCapture_v2", refuse_from_here)
    runner = plan.runner(BUFFERS)
    assert machine.recording is None, "the stream takes other work again"
    machine.runs = True
    assert run(runner, 1) == [6] and machine.launches == 0


def test_two_runners_of_a_plan_have_memory_of_their_own(device: Any, machine: Machine) -> None:
    plan = device.load(built(device))
    one, other = plan.runner(BUFFERS), plan.runner(BUFFERS)
    assert len(machine.memory) == machine.pinned == 2
    BUFFERS.view(np.asarray(one.memory), BUFFERS.inputs[0])[:] = 1
    assert run(other, 100) == [105]
    assert set(BUFFERS.view(np.asarray(one.memory), BUFFERS.inputs[0]).flat) == {1}
    assert run(one, 1) == [6]


def test_memory_and_graph_go_with_the_last_reference(device: Any, machine: Machine) -> None:
    plan = device.load(built(device))
    runner = plan.runner(BUFFERS)
    assert len(machine.memory) == machine.pinned == len(machine.graphs) == 1
    del runner
    gc.collect()
    assert (machine.memory, machine.pinned, machine.graphs) == ({}, 0, {})
    assert machine.depth == 0


def test_the_context_stays_while_a_runner_uses_it(device: Any, machine: Machine) -> None:
    runner = device.load(built(device)).runner(BUFFERS)
    device.close()
    assert machine.is_open and run(runner, 1) == [6]
    del runner
    gc.collect()
    device.close()
    assert not machine.is_open
    device.close()


def test_a_refitted_plan_has_the_weights_of_the_other_graph(device: Any) -> None:
    plan = device.load(built(device, refittable=True))
    assert plan.refit(b"add:9")
    assert run(plan.runner(BUFFERS), 1) == [10]
    assert not plan.refit(b"another net")


def test_a_graph_that_is_refused_fails_with_all_reasons(device: Any, machine: Machine) -> None:
    machine.parses = False
    with pytest.raises(DeviceFailed, match=r"^fault 0; fault 1\.$"):
        built(device)
    assert machine.depth == 0


def test_a_build_that_fails_tells_what_was_logged(device: Any, machine: Machine) -> None:
    machine.builds = False
    with pytest.raises(DeviceFailed, match=r"^it gives no reason\.$"):
        built(device)
    device.log.log(1, "layer conv1:\n out of memory.")
    with pytest.raises(DeviceFailed, match=r"^layer conv1: out of memory\.$"):
        built(device)


def test_a_plan_of_another_version_is_none(device: Any, machine: Machine) -> None:
    assert device.load(b"something else") is None
    machine.loads = False
    assert device.load(b"plan:add:1") is None and machine.depth == 0


def test_a_call_that_fails_leaves_no_context_behind(device: Any, machine: Machine) -> None:
    runner = device.load(built(device)).runner(BUFFERS)
    machine.runs = False
    with pytest.raises(DeviceFailed, match=r"cannot launch .* \(error 700\)"):
        run(runner, 1)
    assert machine.depth == 0
    machine.runs = True
    assert run(runner, 1) == [6]


def test_an_unknown_tensor_or_shape_is_said(device: Any) -> None:
    plan = device.load(built(device))
    shape = BufferPlan.of({"other": ("uint8", SHAPE)}, ("enhanced", "uint8", SHAPE))
    with pytest.raises(DeviceFailed, match=r"refuses the shape \(2, 3\) of other"):
        plan.runner(shape)
    output = BufferPlan.of({"luma": ("uint8", SHAPE)}, ("picture", "uint8", SHAPE))
    with pytest.raises(DeviceFailed, match="does not know the tensor picture"):
        plan.runner(output)


def test_errors_of_cuda_are_errors_of_the_device(device: Any, machine: Machine) -> None:
    machine.is_open = False
    with pytest.raises(DeviceFailed, match=r"^invalid device context\.$"):
        built(device)


@pytest.mark.parametrize(
    ("severity", "level"),
    [(0, "ERROR"), (1, "ERROR"), (2, "WARNING"), (3, "DEBUG"), (4, "DEBUG")],
)
def test_messages_have_our_levels(
    device: Any, severity: int, level: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        device.log.log(severity, "hello")
    assert [record.levelname for record in caplog.records] == [level]


def test_the_engine_opens_over_a_folder_of_its_own(device_module: Any, tmp_path: Path) -> None:
    engine = device_module.open_engine(EngineOptions(threads=2, cache_dir=tmp_path))
    assert (engine.info.name, engine.info.device, engine.info.threads) == (
        "tensorrt", "Fake H100", 2,
    )  # fmt: skip
    assert engine._store._folder == tmp_path / "tensorrt"
    assert device_module.open_engine(EngineOptions())._store._folder is None
    engine.close()


def test_an_old_version_and_a_missing_gpu_are_reasons(
    device_module: Any, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.has_gpu = False
    with pytest.raises(EngineUnavailable, match="no usable GPU .*no CUDA-capable device"):
        device_module.open_engine(EngineOptions())
    monkeypatch.setattr(device_module.trt, "__version__", "10.9.1")
    with pytest.raises(EngineUnavailable, match=r"TensorRT 10\.9\.1 is too old, 11 is needed"):
        device_module.open_engine(EngineOptions())
