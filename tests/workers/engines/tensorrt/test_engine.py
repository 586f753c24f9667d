"""The engine over a stand-in for its GPU: what is compiled, kept, refitted and refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from onnx import numpy_helper  # noqa: E402

from models.manifest import ZOO, Manifest, load_manifest  # noqa: E402
from workers.engines.benchmark import sample_picture  # noqa: E402
from workers.engines.engine import CompiledNet  # noqa: E402
from workers.engines.tensorrt.engine import TensorRtEngine  # noqa: E402
from workers.engines.tensorrt.plans import PlanStore  # noqa: E402
from workers.errors import NetUnusable  # noqa: E402

from ..standin import StandInDevice  # noqa: E402

PLAIN, REFITTABLE = False, True


def opened(tmp_path: Path, device: StandInDevice) -> TensorRtEngine:
    return TensorRtEngine(device, PlanStore(tmp_path / "plans"))


def compiled(
    engine: TensorRtEngine, path: Path = ZOO / "live-s" / "fp32.onnx", **how: Any
) -> CompiledNet:
    sizes: dict[str, Any] = {"width": 40, "height": 24, **how}
    return engine.compile(load_manifest("live-s"), path, **sizes)


def other_weights(tmp_path: Path, name: str, factor: float) -> Path:
    """The net with its last bias changed: a net of the same structure."""
    model = onnx.load(ZOO / "live-s" / "fp32.onnx")
    for tensor in model.graph.initializer:
        if tensor.name == "head_b":
            value = numpy_helper.to_array(tensor) * np.float32(factor)
            tensor.CopyFrom(numpy_helper.from_array(value, tensor.name))
    path = tmp_path / f"{name}.onnx"
    onnx.save(model, path)
    return path


def test_a_second_start_compiles_nothing(tmp_path: Path) -> None:
    device = StandInDevice()
    first = sample_picture(compiled(opened(tmp_path, device)))
    assert device.builds == [PLAIN]
    assert np.array_equal(sample_picture(compiled(opened(tmp_path, device))), first)
    assert device.builds == [PLAIN]


@pytest.mark.parametrize(
    "how",
    [{"width": 44}, {"batch": 2}, {"precision": "fp32"}],
)
def test_another_size_batch_or_precision_is_another_plan(
    tmp_path: Path, how: dict[str, Any]
) -> None:
    device = StandInDevice()
    engine = opened(tmp_path, device)
    compiled(engine)
    compiled(engine, **how)
    assert device.builds == [PLAIN, PLAIN]


@pytest.mark.parametrize("change", [{"tensorrt": "11.5.0"}, {"name": "Another"}])
def test_another_gpu_or_version_is_another_plan(tmp_path: Path, change: dict[str, Any]) -> None:
    compiled(opened(tmp_path, StandInDevice()))
    device = StandInDevice(**change)
    compiled(opened(tmp_path, device))
    assert device.builds == [PLAIN]


@pytest.mark.parametrize("keeps_length", [True, False])
def test_a_damaged_plan_is_compiled_again_and_kept(tmp_path: Path, keeps_length: bool) -> None:
    device = StandInDevice()
    first = sample_picture(compiled(opened(tmp_path, device)))
    (path,) = (tmp_path / "plans").iterdir()
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]) if keeps_length else data[:100])
    assert np.array_equal(sample_picture(compiled(opened(tmp_path, device))), first)
    compiled(opened(tmp_path, device))
    assert device.builds == [PLAIN, PLAIN]


def test_a_whole_plan_that_tensorrt_refuses_is_compiled_again(tmp_path: Path) -> None:
    compiled(opened(tmp_path, StandInDevice()))
    device = StandInDevice(kind=b"newer")
    compiled(opened(tmp_path, device))
    compiled(opened(tmp_path, device))
    assert device.builds == [PLAIN]


def test_weights_of_their_own_are_put_into_a_plan_that_is_there(tmp_path: Path) -> None:
    device = StandInDevice()
    engine = opened(tmp_path, device)
    plain = sample_picture(compiled(engine))
    pictures = {}
    for name, factor in (("a", 30.0), ("b", 60.0), ("c", 90.0)):
        pictures[name] = sample_picture(
            compiled(engine, other_weights(tmp_path, name, factor))
        ).astype(int)
    # the net itself, then one that takes any weights; two more nets cost no compiling
    assert device.builds == [PLAIN, REFITTABLE] and device.refits == 3
    means = [plain.mean(), *(picture.mean() for picture in pictures.values())]
    assert sorted(set(means)) == sorted(means)
    alone = sample_picture(compiled(opened(tmp_path / "x", StandInDevice()), tmp_path / "b.onnx"))
    assert np.array_equal(pictures["b"], alone)


def test_nets_that_were_refitted_do_not_change_each_other(tmp_path: Path) -> None:
    engine = opened(tmp_path, StandInDevice())
    compiled(engine)
    nets = [compiled(engine, other_weights(tmp_path, str(n), 30.0 * n)) for n in (1, 2)]
    first, second = (sample_picture(net).astype(int) for net in nets)
    assert np.abs(first - second).mean() > 1
    assert np.array_equal(sample_picture(nets[0]), first)


def test_where_weights_are_refused_the_net_is_compiled(tmp_path: Path) -> None:
    device = StandInDevice()
    device.takes_weights = False
    engine = opened(tmp_path, device)
    compiled(engine)
    compiled(engine, other_weights(tmp_path, "a", 30.0))
    assert device.builds == [PLAIN, REFITTABLE, PLAIN] and device.refits == 0


def test_a_gpu_that_fails_is_a_net_that_cannot_be_used(tmp_path: Path) -> None:
    device = StandInDevice()
    device.trouble = "out of memory."
    with pytest.raises(NetUnusable, match=r"^TensorRT cannot run fp32\.onnx: out of memory\.$"):
        compiled(opened(tmp_path, device))
    assert not (tmp_path / "plans").exists()


def test_the_precisions(tmp_path: Path) -> None:
    engine = opened(tmp_path, StandInDevice())
    assert compiled(engine).info.precision == "fp16"
    assert compiled(engine, precision="fp32").info.precision == "fp32"
    assert compiled(engine, ZOO / "live-s" / "int8-s8s8.onnx").info.precision == "int8"
    with pytest.raises(NetUnusable, match="int8-s8s8 file has it"):
        compiled(engine, ZOO / "live-s" / "int8.onnx")


def test_an_int8_file_without_int8_in_it_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "zoo" / "live-s"
    folder.mkdir(parents=True)
    shutil.copy(ZOO / "live-s" / "fp32.onnx", folder / "int8-s8s8.onnx")
    with pytest.raises(NetUnusable, match="nothing in int8"):
        compiled(opened(tmp_path, StandInDevice()), folder / "int8-s8s8.onnx")


def test_an_input_that_the_manifest_lacks_is_said(tmp_path: Path) -> None:
    text = json.loads((ZOO / "live-s" / "manifest.json").read_bytes())
    text["inputs"] = text["inputs"][:1]
    (tmp_path / "live-s").mkdir()
    (tmp_path / "live-s" / "manifest.json").write_text(json.dumps(text))
    manifest: Manifest = load_manifest("live-s", tmp_path)
    with pytest.raises(NetUnusable, match="'strength' that its manifest lacks"):
        opened(tmp_path, StandInDevice()).compile(
            manifest, ZOO / "live-s" / "fp32.onnx", width=40, height=24
        )
