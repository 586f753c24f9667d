"""A stream's temporal propagation: when it is there, and in which order its steps come."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from workers.engines.registry import make_engine
from workers.kernels import readiness
from workers.media.picture import Picture
from workers.process import jit_warmup
from workers.temporal.optical_flow import MIN_SIDE
from workers.upscale.model_cache import ModelCache, Net
from workers.upscale.temporal_session import TemporalSession

from ..clips import picture
from ..fakes import PacedEngine

SIZE, MODEL = (96, 64), "live-s"


@pytest.fixture(scope="module")
def nets() -> Iterator[ModelCache]:
    jit_warmup.warm_up()
    made = ModelCache(make_engine("openvino", threads=1), temporal=True)
    wait(made, MODEL, SIZE)
    yield made
    made.close()


def wait(nets: ModelCache, model: str, size: tuple[int, int]) -> None:
    """Until the net for any size is ready for regions of a picture of that one."""
    deadline = time.monotonic() + 30
    while nets.ready_dynamic(model, *size) is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def begun(session: TemporalSession, index: int = 0) -> tuple[Picture, float]:
    """The target of a picture, and the fraction that it asks for."""
    source, target = picture(index, *SIZE), Picture.blank(2 * SIZE[0], 2 * SIZE[1])
    return target, session.begin(source, target, None, 0.0).fraction


@pytest.fixture
def session(nets: ModelCache) -> TemporalSession:
    made = TemporalSession(nets, "a")
    made.use(nets.load(MODEL, *SIZE), SIZE)
    assert made.make_ready()
    return made


def test_it_is_ready_once_the_net_the_regions_and_the_loops_are(
    nets: ModelCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = TemporalSession(nets, "a")
    assert not made.make_ready()
    net = nets.load(MODEL, *SIZE)
    with monkeypatch.context() as patch:
        patch.setattr(readiness, "_compiled", threading.Event())
        made.use(net, SIZE)
        assert not made.make_ready()
    assert made.make_ready() and made.make_ready()
    made.use(None, SIZE)
    assert not made.make_ready()


def test_steps_come_in_their_order(nets: ModelCache, session: TemporalSession) -> None:
    fresh = TemporalSession(nets, "b")
    with pytest.raises(RuntimeError, match="before it was ready"):
        begun(fresh)
    for end in (session.full, lambda: session.refresh(1.0)):
        with pytest.raises(RuntimeError, match="nothing was begun"):
            end()
    begun(session)
    session.full()
    with pytest.raises(RuntimeError, match="nothing was begun"):
        session.full()


def test_a_first_picture_asks_for_all_and_the_same_again_for_nothing(
    session: TemporalSession,
) -> None:
    target, fraction = begun(session)
    assert fraction == 1.0
    assert session.full() is target
    session.miss()
    again, fraction = begun(session)
    made, done = session.refresh(1.0)
    assert made is again and (fraction, done) == (0.0, 0.0)
    assert np.array_equal(made.y, target.y)


def test_the_miss_that_follows_a_whole_picture_is_none_and_the_next_one_is(
    session: TemporalSession,
) -> None:
    begun(session)
    session.full()
    assert session._upscaler is not None
    session.miss()
    assert session._upscaler._missed == 0
    session.miss()
    assert session._upscaler._missed == 1


def test_a_picture_that_was_begun_and_missed_leaves_the_last_one(session: TemporalSession) -> None:
    target, _ = begun(session)
    session.full()
    session.miss()
    begun(session, 9)
    session.miss()
    with pytest.raises(RuntimeError, match="nothing was begun"):
        session.refresh(1.0)
    again, fraction = begun(session)
    session.refresh(0.0)
    assert fraction == 0.0 and np.array_equal(again.y, target.y)


def test_another_net_or_size_starts_anew(nets: ModelCache, session: TemporalSession) -> None:
    begun(session)
    session.full()
    session.miss()
    session.use(nets.load(MODEL, *SIZE), SIZE)
    assert session.make_ready()
    assert begun(session)[1] == 1.0


@pytest.mark.parametrize("side", [MIN_SIDE - 1, 2])
def test_small_pictures_get_the_whole_net(nets: ModelCache, side: int) -> None:
    made = TemporalSession(nets, "a")
    made.use(nets.load(MODEL, 96, side), (96, side))
    assert not made.make_ready()
    before = dict(nets._dynamic)
    made.prepare(MODEL, 96, side)
    assert nets._dynamic == before


def test_what_is_switched_off_is_never_begun(zoo: Path) -> None:
    nets = ModelCache(PacedEngine(0.0), zoo=zoo)
    made = TemporalSession(nets, "a")
    made.prepare("tiny", *SIZE)
    made.use(nets.load("tiny", *SIZE), SIZE)
    assert not made.make_ready() and not nets._dynamic
    nets.close()


def test_an_engine_of_fixed_sizes_is_asked_once_and_leaves_the_whole_net(
    caplog: pytest.LogCaptureFixture,
) -> None:
    jit_warmup.warm_up()
    nets = ModelCache(PacedEngine(0.0), temporal=True)
    made, net = TemporalSession(nets, "a"), nets.load(MODEL, *SIZE)
    made.use(net, SIZE)
    deadline = time.monotonic() + 10
    with caplog.at_level("INFO"):
        while made._net is not None:
            assert time.monotonic() < deadline
            assert not made.make_ready()
    said = [r for r in caplog.records if getattr(r, "action", "") == "no_propagation"]
    assert len(said) == 1 and "fixes the size" in said[0].getMessage()
    assert not made.make_ready()
    assert isinstance(net, Net)
    nets.close()


def test_a_net_that_needs_the_whole_picture_is_not_propagated(
    zoo: Path, caplog: pytest.LogCaptureFixture
) -> None:
    jit_warmup.warm_up()
    nets = ModelCache(PacedEngine(0.0), zoo=zoo, temporal=True)
    made = TemporalSession(nets, "a")
    made.use(nets.load("tiny", *SIZE), SIZE)
    deadline = time.monotonic() + 10
    with caplog.at_level("INFO"):
        while made._net is not None:
            assert time.monotonic() < deadline and not made.make_ready()
    assert "tiny needs all of each picture" in caplog.text
    nets.close()


def test_preparing_begins_what_is_needed_later(nets: ModelCache) -> None:
    size = (112, 64)
    made = TemporalSession(nets, "a")
    made.prepare(MODEL, *size, may_begin=False)
    assert (MODEL, *size) not in nets._dynamic
    made.prepare(MODEL, *size)
    assert (MODEL, *size) in nets._dynamic
    wait(nets, MODEL, size)
    made.use(nets.load(MODEL, *size), size)
    assert made.make_ready()
