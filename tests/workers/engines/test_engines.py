"""One suite for every engine of the table; one that is not installed is skipped with its reason."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from models.manifest import Manifest, load_manifest
from workers.engines import GRAPHS, TABLE, engine_reasons, make_engine
from workers.engines.engine import Engine, Session
from workers.errors import EngineUnavailable, NetUnusable


@pytest.fixture(params=GRAPHS)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    try:
        made = make_engine(request.param, threads=1)
    except EngineUnavailable as error:
        pytest.skip(str(error))
    yield made
    made.close()
    made.close()


def opened(engine: Engine, zoo: Path, name: str, width: int, height: int) -> Session:
    manifest, path = load_manifest(name, zoo), zoo / name / "fp32.onnx"
    return engine.compile(manifest, path, width=width, height=height).session()


def luma(width: int, height: int) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (height, width), dtype=np.uint8)


def test_it_describes_itself(engine: Engine) -> None:
    assert engine.info.name in TABLE
    assert engine.info.version and engine.info.device and engine.info.threads == 1


@pytest.mark.parametrize("size", [(64, 48), (30, 26)])
def test_it_gives_the_same_samples_as_every_other(
    engine: Engine, zoo: Path, size: tuple[int, int]
) -> None:
    width, height = size
    session = opened(engine, zoo, "tiny", width, height)
    source = luma(width, height)
    target = np.zeros((2 * height, 2 * width), np.uint8)
    session.run({"luma": source}, target)
    assert np.array_equal(target, source.repeat(2, 0).repeat(2, 1))


def test_planes_may_have_any_stride(engine: Engine, zoo: Path) -> None:
    session = opened(engine, zoo, "tiny", 64, 48)
    source, target = luma(80, 48)[:, :64], np.zeros((96, 160), np.uint8)
    session.run({"luma": source}, target[:, :128])
    assert np.array_equal(target[:, :128], source.repeat(2, 0).repeat(2, 1))
    assert not target[:, 128:].any()


def test_sessions_of_one_net_do_not_disturb_each_other(engine: Engine, zoo: Path) -> None:
    manifest, path = load_manifest("tiny", zoo), zoo / "tiny" / "fp32.onnx"
    compiled = engine.compile(manifest, path, width=64, height=48)
    one, two = compiled.session(), compiled.session()
    first, second = luma(64, 48), 255 - luma(64, 48)
    targets = [np.zeros((96, 128), np.uint8) for _ in range(2)]
    one.run({"luma": first}, targets[0])
    two.run({"luma": second}, targets[1])
    assert np.array_equal(targets[0], 255 - targets[1])


def test_a_strength_is_one_more_number(engine: Engine, zoo: Path) -> None:
    session = opened(engine, zoo, "looks", 8, 6)
    source, target = np.full((6, 8), 50, np.uint8), np.zeros((12, 16), np.uint8)
    for strength, level in ((0.0, 50), (0.5, 100), (1.0, 150)):
        session.run({"luma": source, "strength": np.array([strength], np.float32)}, target)
        assert (target == level).all()


def test_a_previous_picture_is_one_more_plane(engine: Engine, zoo: Path) -> None:
    session = opened(engine, zoo, "follows", 8, 6)
    source, target = np.full((6, 8), 50, np.uint8), np.zeros((12, 16), np.uint8)
    session.run({"luma": source, "previous": np.full((12, 16), 80, np.uint8)}, target)
    session.reset()
    assert (target == 90).all()


def test_what_is_no_net_is_refused(engine: Engine, zoo: Path, tmp_path: Path) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(b"this is no net")
    with pytest.raises(NetUnusable, match=r"bad\.onnx"):
        engine.compile(load_manifest("tiny", zoo), path, width=64, height=48)


def test_a_net_of_another_scale_is_refused(engine: Engine, zoo: Path) -> None:
    other: Manifest = load_manifest("tiny3", zoo)
    with pytest.raises(NetUnusable, match="64x48"):
        engine.compile(other, zoo / "tiny" / "fp32.onnx", width=64, height=48)


def test_without_a_number_the_net_leaves_one_core_to_others() -> None:
    engine = make_engine("auto", threads=0)
    assert engine.info.threads == max(1, (os.cpu_count() or 1) - 1)
    engine.close()


def test_an_unknown_engine_is_refused_with_the_known_ones() -> None:
    with pytest.raises(EngineUnavailable, match="openvino"):
        make_engine("abacus", threads=1)


def test_the_table_says_why_an_engine_cannot_be_used() -> None:
    reasons = engine_reasons()
    assert list(reasons) == list(TABLE)
    assert reasons["openvino"] == ""


def test_torch_runs_a_net_of_the_table_frame_after_frame(zoo: Path) -> None:
    torch = pytest.importorskip("torch")
    engine = make_engine("torch", threads=1)
    manifest, path = load_manifest("colours", zoo), zoo / "colours" / "weights.pth"
    session = engine.compile(manifest, path, width=16, height=20).session()
    frames = np.random.default_rng(0).random((3, 3, 20, 16), np.float32)
    result = np.empty((3, 40, 32), np.float32)
    session.run({"frames": frames}, result)
    middle = torch.from_numpy(frames[1:2])
    expected = torch.nn.functional.interpolate(middle, scale_factor=2, mode="bilinear")
    assert np.abs(result - expected[0].numpy()).max() < 1e-5
    session.reset()
    engine.close()


def test_torch_says_what_is_wrong_with_weights(zoo: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    (tmp_path / "weights.pth").write_bytes(b"nothing")
    engine = make_engine("torch", threads=1)
    with pytest.raises(NetUnusable, match=r"weights\.pth is damaged"):
        engine.compile(load_manifest("colours", zoo), tmp_path / "weights.pth", width=16, height=16)
