"""What engines and their users tell each other of a net."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.manifest import load_manifest
from workers.engines.engine import (
    EngineInfo,
    describe,
    file_precision,
    no_dynamic_shapes,
    out_shape,
    padded,
    shape_of,
    tensor_shapes,
    variant_for,
)
from workers.engines.registry import make_engine
from workers.errors import NetUnusable


def test_layouts_are_numbers_and_multiples_of_the_sides(zoo: Path) -> None:
    manifest = load_manifest("follows", zoo)
    shapes = {spec.name: shape_of(spec, width=16, height=12) for spec in manifest.inputs}
    assert shapes["luma"] == (1, 1, 12, 16)
    assert shapes["previous"] == (1, 1, 24, 32)


def test_in_a_batch_each_frame_has_its_planes_and_its_strength(zoo: Path) -> None:
    manifest = load_manifest("looks", zoo)
    one = tensor_shapes(manifest, width=16, height=12, batch=1)
    four = tensor_shapes(manifest, width=16, height=12, batch=4)
    assert one == {"luma": (1, 1, 12, 16), "strength": (1,)}
    assert four == {"luma": (4, 1, 12, 16), "strength": (4, 1, 1, 1)}
    assert out_shape(manifest, width=16, height=12, batch=4) == (4, 1, 24, 32)


@pytest.mark.parametrize(
    ("name", "batch", "inputs", "output"),
    [
        ("tiny", 1, {"luma": (12, 16)}, (24, 32)),
        ("tiny3", 1, {"luma": (12, 16)}, (36, 48)),
        ("looks", 1, {"luma": (12, 16), "strength": (1,)}, (24, 32)),
        ("looks", 3, {"luma": (3, 12, 16), "strength": (3,)}, (3, 24, 32)),
    ],
)
def test_a_caller_sees_planes_and_numbers(
    zoo: Path,
    name: str,
    batch: int,
    inputs: dict[str, tuple[int, ...]],
    output: tuple[int, ...],
) -> None:
    info = describe(
        load_manifest(name, zoo), width=16, height=12, batch=batch, precision="fp32", device="CPU"
    )
    assert {port.name: port.shape for port in info.inputs} == inputs
    assert info.output.shape == output
    assert (info.width, info.height, info.batch, info.model) == (16, 12, batch, name)


@pytest.mark.parametrize(
    ("size", "batch"), [((18, 16), 1), ((16, 18), 1), ((0, 16), 1), ((16, 16), 0)]
)
def test_a_size_that_the_manifest_does_not_allow_is_refused(
    zoo: Path, size: tuple[int, int], batch: int
) -> None:
    manifest = load_manifest("tiny4", zoo)
    with pytest.raises(NetUnusable, match="tiny4 takes sides of at least .* multiples of 4"):
        describe(
            manifest, width=size[0], height=size[1], batch=batch, precision="fp32", device="CPU"
        )


@pytest.mark.parametrize("size", [(1, 1), (16, 12), (17, 13), (480, 270)])
def test_any_size_is_held_by_one_that_the_model_takes(zoo: Path, size: tuple[int, int]) -> None:
    for name in ("tiny", "tiny4"):
        manifest = load_manifest(name, zoo)
        wide, high = padded(manifest, *size)
        describe(manifest, width=wide, height=high, batch=1, precision="fp32", device="CPU")
        unit, least = manifest.size_multiple, manifest.smallest
        for side, made in zip(size, (wide, high), strict=True):
            assert side <= made < max(side, least) + unit


def test_the_precision_of_a_file_is_what_the_manifest_lists_it_under(zoo: Path) -> None:
    manifest = load_manifest("tiny", zoo)
    assert file_precision(manifest, zoo / "tiny" / "fp32.onnx") == "fp32"
    assert file_precision(manifest, Path("elsewhere.onnx")) == "fp32"
    shipped = load_manifest("live-s")
    for name, entry in shipped.files.items():
        assert file_precision(shipped, Path(entry.path)) == name.split("-")[0]


@pytest.mark.parametrize(("device", "cores"), [("CPU", 3), ("cpu", 3), ("CUDA 0", 0)])
def test_a_device_keeps_no_cores_busy(device: str, cores: int) -> None:
    assert EngineInfo(name="e", version="1", device=device, threads=3).cores == cores


def test_an_engine_of_fixed_sizes_says_its_name() -> None:
    assert str(no_dynamic_shapes("tensorrt")).startswith("Engine 'tensorrt' fixes the size")


def test_a_precision_is_granted_where_engine_and_model_can(zoo: Path) -> None:
    live, tiny = load_manifest("live-s"), load_manifest("tiny", zoo)
    on_cpu = make_engine("openvino", threads=1).info
    assert [variant_for(on_cpu, live, wanted).file for wanted in ("auto", "fp32", "int8")] == [
        "int8",
        "fp32",
        "int8",
    ]
    assert variant_for(on_cpu, live, "fp16").name == "int8"
    assert variant_for(on_cpu, tiny, "int8").name == "fp32"
    with pytest.raises(NetUnusable, match="'openvino' cannot run 'unet-xs'"):
        variant_for(on_cpu, load_manifest("unet-xs"), "auto")
