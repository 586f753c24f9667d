"""Temporal: the plan that the scheduler asks for, and what a grant of it makes."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest

from workers.engines.registry import make_engine
from workers.process import jit_warmup
from workers.scheduling.cost_model import CostModel
from workers.scheduling.decision import Decision
from workers.scheduling.option import Option
from workers.upscale.frame_timer import FrameTimer
from workers.upscale.method import MethodContext, UpscaleFrame
from workers.upscale.methods.full import FULL, FullMethod
from workers.upscale.methods.temporal import TEMPORAL, TemporalMethod
from workers.upscale.model_cache import ModelCache
from workers.upscale.stream_models import StreamModels

from ...clips import picture
from .contexts import context_of, frame_of

WIDTH, HEIGHT, MODEL = 96, 64, "live-s"


@pytest.fixture(scope="module")
def nets() -> Iterator[ModelCache]:
    jit_warmup.warm_up()
    made = ModelCache(make_engine("openvino", threads=1), temporal=True)
    made.load(MODEL, WIDTH, HEIGHT)
    deadline = time.monotonic() + 30
    while made.ready_dynamic(MODEL, WIDTH, HEIGHT) is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    yield made
    made.close()


class Stream:
    """Both methods that make pictures to be propagated."""

    def __init__(self, nets: ModelCache) -> None:
        self._nets = nets
        self.models = StreamModels(nets, model=MODEL, expected=lambda *_: 5.0)
        self.models.select(picture(0, WIDTH, HEIGHT))
        context = MethodContext(self.models, CostModel())
        self.full, self.temporal = FullMethod(context), TemporalMethod(context)

    def frame(self, index: int = 0) -> UpscaleFrame:
        timer = FrameTimer(self._nets.engine_lock)
        return UpscaleFrame(picture(index, WIDTH, HEIGHT), None, 0.0, timer)

    def planned(self, frame: UpscaleFrame) -> Option:
        option = self.temporal.option(frame)
        assert option is not None and option.plan is not None
        return option.plan()

    def begin(self) -> np.ndarray:
        """A first frame, by the full net."""
        frame = self.frame()
        assert self.planned(frame).wanted == 1.0
        made = self.full.run(frame, Decision(FULL))
        self.temporal.reset()
        return made.y.copy()


def test_it_is_nearly_the_full_nets_picture_and_a_part_of_its_work() -> None:
    assert TEMPORAL.part_of is FULL and 0.9 <= TEMPORAL.quality < FULL.quality


def test_a_plan_is_made_only_when_it_is_asked_for(nets: ModelCache) -> None:
    stream = Stream(nets)
    stream.begin()
    frame = stream.frame()
    option = stream.temporal.option(frame)
    assert option is not None and frame.wanted is None
    exact = option.plan() if option.plan is not None else option
    assert exact.plan is None and frame.wanted == exact.wanted == 0.0
    assert exact.energy is not None and frame.timer.usage(0.0).planned_s > 0.0


def test_a_still_picture_asks_for_nothing_and_stays_the_same(nets: ModelCache) -> None:
    stream = Stream(nets)
    first, before = stream.begin(), nets.engine_lock.tickets
    for _ in range(3):
        frame = stream.frame()
        assert stream.planned(frame).wanted == 0.0
        made = stream.temporal.run(frame, Decision(TEMPORAL, fraction=1.0))
        assert np.array_equal(made.y, first) and frame.done == 0.0
    assert nets.engine_lock.tickets == before


def test_a_grant_bounds_the_work(nets: ModelCache) -> None:
    stream = Stream(nets)
    stream.begin()
    frame = stream.frame()
    frame.picture.y[:] = picture(20, WIDTH, HEIGHT).y[::-1]
    wanted = stream.planned(frame).wanted
    assert wanted > 0.4
    stream.temporal.run(frame, Decision(TEMPORAL, fraction=0.4))
    assert 0.0 < frame.done <= 0.4


def test_a_picture_made_in_full_after_a_plan_is_what_the_next_follows(nets: ModelCache) -> None:
    stream = Stream(nets)
    stream.begin()
    frame = stream.frame(9)
    stream.planned(frame)
    made = stream.full.run(frame, Decision(FULL))
    stream.temporal.reset()
    again = stream.frame(9)
    assert stream.planned(again).wanted == 0.0
    kept = stream.temporal.run(again, Decision(TEMPORAL, fraction=0.0))
    assert np.array_equal(kept.y, made.y)


def test_without_propagation_or_without_a_net_there_is_no_option(
    nets: ModelCache, cache: ModelCache
) -> None:
    stream = Stream(nets)
    stream.models.temporal.use(None, (WIDTH, HEIGHT))
    assert stream.temporal.option(stream.frame()) is None
    # This cache was made without it.
    assert TemporalMethod(context_of(cache, FULL)).option(frame_of(cache)) is None
