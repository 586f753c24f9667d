"""One suite for every engine of the table; one that is not installed is skipped with its reason.

TensorRT runs here too, over a stand-in for its GPU.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from models.manifest import Manifest, load_manifest, model_file
from workers.engines.benchmark import sample_picture
from workers.engines.engine import Array, CompiledNet, Engine, Session, variant_for
from workers.engines.registry import GRAPHS, TABLE, engine_reasons, make_engine
from workers.errors import EngineUnavailable, NetUnusable

STAND_IN = "tensorrt over a stand-in"


def make(name: str, folder: Path) -> Engine:
    """An engine on one thread, or a skip that says why not."""
    if name == STAND_IN:
        pytest.importorskip("onnx")
        from workers.engines.tensorrt.engine import TensorRtEngine
        from workers.engines.tensorrt.plans import PlanStore

        from .standin import StandInDevice

        return TensorRtEngine(StandInDevice(), PlanStore(folder))
    try:
        return make_engine(name, threads=1, cache_dir=folder)
    except EngineUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture(params=[*TABLE, STAND_IN])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    made = make(request.param, tmp_path)
    yield made
    made.close()
    made.close()


@pytest.fixture(params=[*GRAPHS, STAND_IN])
def graph_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    made = make(request.param, tmp_path)
    yield made
    made.close()


@dataclasses.dataclass(frozen=True, slots=True)
class Exercise:
    """A net whose output is known, and how to feed it."""

    engine: Engine
    manifest: Manifest
    path: Path

    def compile(self, width: int = 64, height: int = 48) -> CompiledNet:
        return self.engine.compile(self.manifest, self.path, width=width, height=height)

    def feeds(self, plane: Array) -> dict[str, Array]:
        """A picture of levels, as this net wants it."""
        if self.manifest.architecture is None:
            return {"luma": plane}
        return {"frames": np.stack([(plane / 255).astype(np.float32)[None]] * 3)}

    def output(self, plane: Array) -> Array:
        """Where the result for a plane of this shape goes."""
        shape = tuple(2 * side for side in plane.shape)
        if self.manifest.architecture is None:
            return np.zeros(shape, np.uint8)
        return np.zeros((1, *shape), np.float32)

    def wanted(self, plane: Array) -> Array:
        """What this net makes of a plane, away from the borders of its blocks."""
        large = plane.repeat(2, 0).repeat(2, 1)
        is_graph = self.manifest.architecture is None
        return large if is_graph else (large / 255).astype(np.float32)[None]


@pytest.fixture
def exercise(engine: Engine, zoo: Path) -> Exercise:
    if engine.info.name == "torch":
        return Exercise(engine, load_manifest("window", zoo), zoo / "window" / "weights.pth")
    return Exercise(engine, load_manifest("tiny", zoo), zoo / "tiny" / "fp32.onnx")


def blocks(width: int, height: int, seed: int = 3) -> np.ndarray:
    """One level in every block of 8x8."""
    levels = np.random.default_rng(seed).integers(
        0, 256, (-(-height // 8), -(-width // 8)), dtype=np.uint8
    )
    return levels.repeat(8, 0).repeat(8, 1)[:height, :width].copy()


def assert_is(result: Array, wanted: Array) -> None:
    """Graphs repeat samples; nets by torch interpolate, which is the same inside a block."""
    if result.dtype == np.uint8:
        assert np.array_equal(result, wanted)
        return
    rows, columns = (np.arange(side) % 16 for side in result.shape[-2:])
    inside = np.ix_((rows > 1) & (rows < 14), (columns > 1) & (columns < 14))
    assert np.allclose(result[0][inside], wanted[0][inside], atol=1e-5)


def test_it_describes_itself(engine: Engine) -> None:
    info = engine.info
    assert info.name in TABLE
    assert info.version and info.device and info.threads == 1 and info.max_batch >= 1
    assert bool(info.variants) == (info.name in GRAPHS)


def test_a_net_describes_itself(exercise: Exercise) -> None:
    info, manifest = exercise.compile(64, 48).info, exercise.manifest
    assert (info.model, info.scale, info.window) == (manifest.name, 2, manifest.window)
    assert (info.width, info.height, info.batch) == (64, 48, 1)
    assert (info.size_multiple, info.smallest) == (manifest.size_multiple, manifest.smallest)
    assert info.precision in ("fp32", "fp16") and info.device
    plane = blocks(64, 48)
    feeds = exercise.feeds(plane)
    assert {port.name: (port.shape, port.dtype) for port in info.inputs} == {
        name: (array.shape, str(array.dtype)) for name, array in feeds.items()
    }
    assert info.output.shape == exercise.output(plane).shape
    assert info.output.dtype == str(exercise.output(plane).dtype)


@pytest.mark.parametrize("size", [(64, 48), (28, 20)])
def test_it_gives_the_same_samples_as_every_other(
    exercise: Exercise, size: tuple[int, int]
) -> None:
    plane = blocks(*size)
    net, result = exercise.compile(*size), exercise.output(plane)
    net.warm_up()
    net.session().run(exercise.feeds(plane), result)
    assert_is(result, exercise.wanted(plane))


def test_planes_may_have_any_stride(exercise: Exercise) -> None:
    plane = blocks(96, 48)[:, :64]
    session = exercise.compile(64, 48).session()
    wide = np.zeros_like(exercise.output(blocks(96, 48)))
    feeds = {
        name: np.concatenate([array, array], -1)[..., : array.shape[-1]]
        for name, array in exercise.feeds(plane).items()
    }
    assert not any(array.flags.c_contiguous for array in feeds.values())
    session.run(feeds, wide[..., :128])
    assert_is(wide[..., :128], exercise.wanted(plane))
    assert not wide[..., 128:].any()


def test_sessions_of_one_net_do_not_disturb_each_other(exercise: Exercise) -> None:
    net = exercise.compile(64, 48)
    one, two = net.session(), net.session()
    first, second = blocks(64, 48), 255 - blocks(64, 48)
    results = [exercise.output(first) for _ in range(2)]
    one.run(exercise.feeds(first), results[0])
    two.run(exercise.feeds(second), results[1])
    assert_is(results[0], exercise.wanted(first))
    assert_is(results[1], exercise.wanted(second))


def test_after_a_reset_a_session_is_as_new(exercise: Exercise) -> None:
    net = exercise.compile(64, 48)
    plane, session, fresh = blocks(64, 48), net.session(), net.session()
    again, first = exercise.output(plane), exercise.output(plane)
    session.run(exercise.feeds(255 - plane), again)
    session.reset()
    session.run(exercise.feeds(plane), again)
    fresh.run(exercise.feeds(plane), first)
    assert np.array_equal(again, first)


def test_what_is_no_net_is_refused(exercise: Exercise, tmp_path: Path) -> None:
    path = tmp_path / f"bad{exercise.path.suffix}"
    path.write_bytes(b"this is no net")
    with pytest.raises(NetUnusable, match=r"bad\."):
        exercise.engine.compile(exercise.manifest, path, width=64, height=48)


def test_a_size_against_the_rule_is_refused_with_the_rule(exercise: Exercise) -> None:
    unit = exercise.manifest.size_multiple
    with pytest.raises(NetUnusable, match=f"multiples of {unit}, not {64 + unit - 1}x48"):
        exercise.compile(64 + unit - 1, 48)


def opened(
    engine: Engine, zoo: Path, name: str, width: int, height: int, batch: int = 1
) -> Session:
    manifest, path = load_manifest(name, zoo), zoo / name / "fp32.onnx"
    return engine.compile(manifest, path, width=width, height=height, batch=batch).session()


def test_a_strength_is_one_more_number(graph_engine: Engine, zoo: Path) -> None:
    session = opened(graph_engine, zoo, "looks", 8, 6)
    source, target = np.full((6, 8), 50, np.uint8), np.zeros((12, 16), np.uint8)
    for strength, level in ((0.0, 50), (0.5, 100), (1.0, 150)):
        session.run({"luma": source, "strength": np.array([strength], np.float32)}, target)
        assert (target == level).all()


def test_a_previous_picture_is_one_more_plane(graph_engine: Engine, zoo: Path) -> None:
    session = opened(graph_engine, zoo, "follows", 8, 6)
    source, target = np.full((6, 8), 50, np.uint8), np.zeros((12, 16), np.uint8)
    session.run({"luma": source, "previous": np.full((12, 16), 80, np.uint8)}, target)
    session.reset()
    assert (target == 90).all()


def test_a_net_of_another_scale_is_refused(graph_engine: Engine, zoo: Path) -> None:
    other: Manifest = load_manifest("tiny3", zoo)
    with pytest.raises(NetUnusable, match="64x48"):
        graph_engine.compile(other, zoo / "tiny" / "fp32.onnx", width=64, height=48)


def test_in_a_batch_every_frame_has_its_own_style(graph_engine: Engine, zoo: Path) -> None:
    count = 3
    if graph_engine.info.max_batch < count:
        pytest.skip("this engine takes one frame at a time")
    session = opened(graph_engine, zoo, "looks", 8, 6, batch=count)
    source = np.stack([np.full((6, 8), level, np.uint8) for level in (10, 50, 90)])
    target = np.zeros((count, 12, 16), np.uint8)
    strengths = np.array([1.0, 0.0, 0.5], np.float32)
    session.run({"luma": source, "strength": strengths}, target)
    assert [set(plane.flat) for plane in target] == [{110}, {50}, {140}]


def test_a_batch_of_the_shipped_net_is_bit_for_bit_its_frames(graph_engine: Engine) -> None:
    if graph_engine.info.max_batch < 2:
        pytest.skip("this engine takes one frame at a time")
    manifest = load_manifest("live-t")
    form = variant_for(graph_engine.info, manifest, "int8")
    path = model_file(manifest, form.file)
    nets = [
        graph_engine.compile(manifest, path, width=40, height=24, batch=n, precision=form.name)
        for n in (1, 2)
    ]
    random = np.random.default_rng(1)
    luma = random.integers(16, 236, (2, 24, 40), np.uint8)
    previous = random.integers(16, 236, (2, 48, 80), np.uint8)
    strength = np.array([0.2, 0.9], np.float32)
    together, single = np.zeros((2, 48, 80), np.uint8), np.zeros((48, 80), np.uint8)
    nets[1].session().run({"luma": luma, "previous": previous, "strength": strength}, together)
    session = nets[0].session()
    for n in range(2):
        feeds = {"luma": luma[n], "previous": previous[n], "strength": strength[n : n + 1]}
        session.run(feeds, single)
        assert np.array_equal(together[n], single)


@pytest.mark.parametrize("wanted", ["fp32", "fp16", "int8"])
def test_every_form_of_the_shipped_net_gives_nearly_one_picture(
    graph_engine: Engine, wanted: str
) -> None:
    manifest = load_manifest("live-s")
    form = variant_for(graph_engine.info, manifest, wanted)
    net = graph_engine.compile(
        manifest, model_file(manifest, form.file), width=96, height=64, precision=form.name
    )
    assert net.info.precision == form.name
    reference = make_engine("openvino", threads=1).compile(
        manifest, model_file(manifest, "fp32"), width=96, height=64
    )
    apart = np.abs(sample_picture(net).astype(int) - sample_picture(reference))
    assert apart.mean() < 0.5 and apart.max() <= 3


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", ["openvino", "onnxruntime"])
def test_on_cores_the_calling_thread_does_its_part_of_the_work(name: str, threads: int) -> None:
    """So what a net costs can be told by that thread's time, however busy the machine is."""
    if reason := engine_reasons()[name]:
        pytest.skip(reason)
    engine = make_engine(name, threads=threads)
    assert engine.info.cores == threads
    live = load_manifest("live-s")
    path = model_file(live, variant_for(engine.info, live, "auto").file)
    session = engine.compile(live, path, width=320, height=180).session()
    feeds = {"luma": blocks(320, 180), "strength": np.zeros(1, np.float32)}
    made = np.zeros((360, 640), np.uint8)
    for _ in range(3):
        session.run(feeds, made)
    caller_s, process_s = -time.thread_time(), -time.process_time()
    for _ in range(10):
        session.run(feeds, made)
    caller_s, process_s = caller_s + time.thread_time(), process_s + time.process_time()
    assert process_s / threads < 1.5 * caller_s + 0.01
    engine.close()


@pytest.fixture(params=["openvino", "onnxruntime"])
def free_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Engines that take pictures of any size."""
    made = make(request.param, tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("model", ["live-s", "live-m", "live-m-x3"])
@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_a_region_is_what_the_whole_picture_is_there(
    free_engine: Engine, model: str, precision: str
) -> None:
    """With a halo of the receptive field: at most one level apart, so no seam can be seen."""
    manifest = load_manifest(model)
    session = free_engine.compile_dynamic(manifest, model_file(manifest, precision)).session()
    halo, scale = manifest.receptive_radius, manifest.scale
    luma = np.random.default_rng(5).integers(0, 256, (70, 110), np.uint8)
    for strength in (0.0, 1.0):
        whole = np.array(session.run(luma, strength))
        assert whole.shape == (scale * 70, scale * 110)
        for top, left, height, width in ((16, 24, 8, 8), (8, 32, 40, 56), (24, 8, 16, 72)):
            cut = luma[top - halo : top + height + halo, left - halo : left + width + halo]
            made = np.array(session.run(cut, strength))
            inside = made[scale * halo : -scale * halo, scale * halo : -scale * halo]
            rows = slice(scale * top, scale * (top + height))
            columns = slice(scale * left, scale * (left + width))
            assert np.abs(inside.astype(int) - whole[rows, columns]).max() <= 1


def test_any_size_and_one_size_give_the_same(free_engine: Engine) -> None:
    manifest = load_manifest("live-s")
    path = model_file(manifest, "int8")
    luma = np.random.default_rng(6).integers(0, 256, (48, 64), np.uint8)
    fixed = np.empty((96, 128), np.uint8)
    feeds = {"luma": luma, "strength": np.full(1, 0.5, np.float32)}
    free_engine.compile(manifest, path, width=64, height=48).session().run(feeds, fixed)
    free = free_engine.compile_dynamic(manifest, path).session().run(luma, 0.5)
    assert np.abs(fixed.astype(int) - free).max() <= 1


def test_a_size_that_is_often_met_stays_the_same(free_engine: Engine) -> None:
    """Engines may prepare themselves for it behind our back."""
    manifest = load_manifest("live-s")
    net = free_engine.compile_dynamic(manifest, model_file(manifest, "int8"))
    luma = np.random.default_rng(6).integers(0, 256, (32, 40), np.uint8)
    first = {strength: np.array(net.session().run(luma, strength)) for strength in (0.0, 1.0)}
    assert np.abs(first[0.0].astype(int) - first[1.0]).max() > 1
    one, other = net.session(), net.session()
    for turn in range(400):
        for session, strength in ((one, turn % 2), (other, 1 - turn % 2)):
            made = session.run(luma, float(strength))
            assert np.abs(made.astype(int) - first[float(strength)]).max() <= 1


def test_engines_that_fix_sizes_say_so(tmp_path: Path) -> None:
    manifest = load_manifest("live-s")
    with pytest.raises(NetUnusable, match="fixes the size"):
        make(STAND_IN, tmp_path).compile_dynamic(manifest, model_file(manifest))
