"""One suite for every engine of the table; one that is not installed is skipped with its reason."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from workers.engines import TABLE, engine_reasons, make_engine
from workers.engines.engine import Engine
from workers.errors import EngineUnavailable, NetUnusable


@pytest.fixture(params=list(TABLE))
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    try:
        made = make_engine(request.param, threads=1)
    except EngineUnavailable as error:
        pytest.skip(str(error))
    yield made
    made.close()
    made.close()


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
    session = engine.compile(
        zoo / "tiny" / "fp32.onnx", width=width, height=height, scale=2
    ).session()
    source = luma(width, height)
    target = np.zeros((2 * height, 2 * width), np.uint8)
    session.run(source, target)
    assert np.array_equal(target, source.repeat(2, 0).repeat(2, 1))


def test_planes_may_have_any_stride(engine: Engine, zoo: Path) -> None:
    session = engine.compile(zoo / "tiny" / "fp32.onnx", width=64, height=48, scale=2).session()
    source, target = luma(80, 48)[:, :64], np.zeros((96, 160), np.uint8)
    session.run(source, target[:, :128])
    assert np.array_equal(target[:, :128], source.repeat(2, 0).repeat(2, 1))
    assert not target[:, 128:].any()


def test_sessions_of_one_net_do_not_disturb_each_other(engine: Engine, zoo: Path) -> None:
    compiled = engine.compile(zoo / "tiny" / "fp32.onnx", width=64, height=48, scale=2)
    one, two = compiled.session(), compiled.session()
    first, second = luma(64, 48), 255 - luma(64, 48)
    targets = [np.zeros((96, 128), np.uint8) for _ in range(2)]
    one.run(first, targets[0])
    two.run(second, targets[1])
    assert np.array_equal(targets[0], 255 - targets[1])


def test_what_is_no_net_is_refused(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(b"this is no net")
    with pytest.raises(NetUnusable, match=r"bad\.onnx"):
        engine.compile(path, width=64, height=48, scale=2)


def test_a_net_of_another_scale_is_refused(engine: Engine, zoo: Path) -> None:
    with pytest.raises(NetUnusable, match="64x48"):
        engine.compile(zoo / "tiny" / "fp32.onnx", width=64, height=48, scale=3)


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
