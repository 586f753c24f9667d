"""The upscaling stage with a shipped net that takes any size: what is propagated, and when."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

import numpy as np
import pytest

from media.codec import Codec
from tests.workers.clips import Clip, picture, units
from workers.decode.step import DecodeStep, count_drop
from workers.engines.registry import make_engine
from workers.media.frame_task import FrameTask
from workers.media.picture import Picture
from workers.media.route import Route
from workers.process import jit_warmup
from workers.runtime.frame_counters import Counts, FrameCounters
from workers.scheduling.deadlines import MAX_AGE_S
from workers.scheduling.handle import SharedScheduler
from workers.upscale.model_cache import ModelCache
from workers.upscale.stage import UpscaleConfig, UpscaleStage

WIDTH, HEIGHT = 160, 96
MODEL = "live-s"


@pytest.fixture(scope="module")
def nets() -> Iterator[ModelCache]:
    jit_warmup.warm_up()
    cache = ModelCache(make_engine("openvino", threads=1), temporal=True)
    cache.load(MODEL, WIDTH, HEIGHT)
    while cache.ready_dynamic(MODEL, WIDTH, HEIGHT) is None:
        time.sleep(0.01)
    yield cache
    cache.close()


class Stream:
    """Decodes and enhances, as a pipeline without its threads."""

    def __init__(self, nets: ModelCache) -> None:
        self.counters = FrameCounters()
        self.decode = DecodeStep(partial(count_drop, self.counters), need_key=lambda why: None)
        # Streams know what nets are expected to take; the first allocation goes by it.
        self.stage = UpscaleStage(
            nets,
            self.counters,
            SharedScheduler().handle(),
            UpscaleConfig(MODEL, 30.0, expected=lambda model, width, height: 5.0),
        )

    def show(self, task: FrameTask) -> list[Picture]:
        return [
            made.picture
            for decoded in self.decode.step(task)
            for made in self.stage.step(decoded)
            if made.picture is not None
        ]

    @property
    def counts(self) -> Counts:
        return self.counters.read()


def tasks(codec: Codec, frames: int, *, age_s: float = 0.0) -> Iterator[FrameTask]:
    for unit in units(Clip(codec, WIDTH, HEIGHT, frames=frames)):
        yield FrameTask(unit, Route.WORK, arrived=time.monotonic() - age_s)


def still(age_s: float = 0.0) -> FrameTask:
    """A picture that was decoded elsewhere, always the same."""
    (unit,) = units(Clip(width=WIDTH, height=HEIGHT, frames=1))
    task = FrameTask(unit, Route.WORK, arrived=time.monotonic() - age_s)
    task.picture = picture(0, WIDTH, HEIGHT)
    return task


def enhanced(stream: Stream, task: FrameTask) -> Picture:
    (made,) = stream.stage.step(task)
    assert made.picture is not None
    return made.picture


@pytest.mark.parametrize("codec", [Codec.H264, Codec.VP8, Codec.VP9])
def test_moving_pictures_of_every_codec_are_propagated(nets: ModelCache, codec: Codec) -> None:
    stream = Stream(nets)
    for task in tasks(codec, 24):
        (made,) = stream.show(task)
        assert (made.width, made.height) == (2 * WIDTH, 2 * HEIGHT)
    levels = stream.counts.levels
    # So small a picture has much edge for its content, where all is new.
    assert sum(levels["temporal"].values()) >= 12
    assert set(levels) == {"full", "temporal"}
    assert stream.counts.enhanced == 24
    assert 0 < stream.counts.temporal_wanted < sum(levels["temporal"].values())
    # There was time for all that it asked for, unless the machine had other things to do.
    asked = stream.counts.temporal_wanted
    assert 0.5 * asked < stream.counts.temporal_done < 1.001 * asked


def test_a_still_picture_costs_the_net_nothing(nets: ModelCache) -> None:
    stream = Stream(nets)
    first = enhanced(stream, still()).y.copy()
    before = nets.engine_lock.tickets
    for _ in range(10):
        assert np.array_equal(enhanced(stream, still()).y, first)
    assert nets.engine_lock.tickets == before


def test_a_frame_that_was_left_out_does_no_harm(nets: ModelCache) -> None:
    stream = Stream(nets)
    first = enhanced(stream, still()).y.copy()
    assert list(stream.stage.step(still(age_s=MAX_AGE_S + 0.1))) == []
    assert np.array_equal(enhanced(stream, still()).y, first)
    assert stream.counts.levels["temporal"] == {"best": 1}


def test_a_late_frame_is_resized_without_looking_what_could_be_propagated(nets: ModelCache) -> None:
    stream = Stream(nets)
    first = enhanced(stream, still()).y.copy()
    late = enhanced(stream, still(age_s=0.2))
    assert not np.array_equal(late.y, first)
    assert stream.counts.levels["bicubic"] == {"late": 1}
    assert np.array_equal(enhanced(stream, still()).y, first)


def test_another_model_and_another_size_start_anew(nets: ModelCache) -> None:
    stream = Stream(nets)
    enhanced(stream, still())
    stream.stage.use_model("live-m")
    nets.load("live-m", WIDTH, HEIGHT)
    made = enhanced(stream, still())
    assert made.width == 2 * WIDTH and stream.stage.model_in_use == "live-m"


def test_switched_off_every_frame_gets_the_whole_net() -> None:
    cache = ModelCache(make_engine("openvino", threads=1))
    cache.load(MODEL, WIDTH, HEIGHT)
    stream = Stream(cache)
    for _ in range(4):
        enhanced(stream, still())
    assert set(stream.counts.levels) == {"full"}
    cache.close()
