"""What the engine asks of a GPU, held against the stand-in that all other tests use."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from workers.engines.onnx_graphs import read, with_shapes  # noqa: E402
from workers.engines.tensorrt.buffers import BufferPlan  # noqa: E402
from workers.engines.tensorrt.gpu_api import Device, Gpu, LoadedPlan, Runner  # noqa: E402

from ..standin import StandInDevice  # noqa: E402

LARGE = (1, 1, 8, 12)
SHAPES = (("luma", (1, 1, 4, 6)),)
BUFFERS = BufferPlan.of({"luma": ("uint8", SHAPES[0][1])}, ("enhanced", "uint8", LARGE))


def graph(zoo: Path, model: str = "tiny") -> bytes:
    fixed = with_shapes(read(zoo / model / "fp32.onnx"), dict(SHAPES))
    data: bytes = fixed.SerializeToString()
    return data


def loaded(device: Device, data: bytes, *, refittable: bool = False) -> LoadedPlan:
    plan = device.load(device.build(data, SHAPES, refittable=refittable))
    assert plan is not None
    return plan


def shown(runner: Runner, level: int) -> set[int]:
    BUFFERS.view(runner.memory, BUFFERS.inputs[0])[:] = level
    runner.run()
    return set(BUFFERS.view(runner.memory, BUFFERS.output).flat)


def test_callers_write_and_read_the_runners_memory(zoo: Path) -> None:
    device: Device = StandInDevice()
    runner = loaded(device, graph(zoo)).runner(BUFFERS)
    assert runner.memory.dtype == np.uint8 and runner.memory.nbytes >= BUFFERS.size
    assert shown(runner, 9) == {9} and shown(runner, 200) == {200}


def test_runners_of_a_plan_do_not_share_memory(zoo: Path) -> None:
    plan = loaded(StandInDevice(), graph(zoo))
    one, other = plan.runner(BUFFERS), plan.runner(BUFFERS)
    assert shown(one, 9) == {9} and shown(other, 30) == {30}
    assert not np.shares_memory(one.memory, other.memory)
    assert set(BUFFERS.view(one.memory, BUFFERS.output).flat) == {9}


def test_a_refit_takes_another_nets_weights_and_refuses_another_structure(zoo: Path) -> None:
    plan = loaded(StandInDevice(), graph(zoo), refittable=True)
    assert plan.refit(graph(zoo))
    assert not plan.refit(graph(zoo, "other"))


def test_a_plan_of_another_kind_is_none(zoo: Path) -> None:
    plan = StandInDevice(kind=b"old").build(graph(zoo), SHAPES, refittable=False)
    assert StandInDevice().load(plan) is None


def test_gpus_are_the_same_if_all_that_plans_depend_on_is() -> None:
    gpu = Gpu("NVIDIA L4", "8.9", "11.4.0")
    assert gpu == Gpu("NVIDIA L4", "8.9", "11.4.0") and len({gpu, Gpu("a", "8.9", "11.4.0")}) == 2
    for other in (
        Gpu("NVIDIA L40", "8.9", "11.4.0"),
        Gpu("NVIDIA L4", "9.0", "11.4.0"),
        Gpu("NVIDIA L4", "8.9", "11.5.0"),
    ):
        assert gpu != other
