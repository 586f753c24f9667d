"""Pictures that are small or flat go through every step of a worker."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from media.codec import Codec
from wire import keys
from wire.bitrates import BitrateTable
from wire.connection import Redis
from wire.settings import load_settings
from workers.encode.encoder import EncoderSpec
from workers.encode.registry import make_encoder
from workers.encode.step import EncodeStep, OutputConfig
from workers.media.frame_task import FrameTask
from workers.media.picture import Picture
from workers.media.route import Route
from workers.runtime.frame_counters import FrameCounters
from workers.scheduling.handle import SharedScheduler
from workers.temporal.optical_flow import MIN_SIDE, FlowMotion, has_flow
from workers.temporal.propagator import Propagator
from workers.upscale.model_cache import ModelCache
from workers.upscale.previous_picture import PreviousPicture
from workers.upscale.stage import UpscaleConfig, UpscaleStage
from workers.upscale.upscaler import Upscaler

from ..clips import Clip, picture, units
from ..fakes import PacedEngine
from ..process.test_worker import decodable, until, work_of
from ..studio import Publisher, Viewer, lead_config, watching, working

SIDES = (2, 3, 4, 7, 8, 11, 12, 13, 16, 24, 31, 32, 33, 48, 64)
SHAPES = [shape for shape in itertools.product(SIDES, SIDES) if shape[1] <= 16]
SHAPES += [(16, 640), (640, 16), (1920, 2), (2, 1920), (640, 31), (31, 640), (4096, 32)]
FLAT = list(itertools.product((32, 33, 90, 91, 640, 4096), (32, 33)))
BITRATES = BitrateTable.parse(load_settings({}).bitrates)


@pytest.mark.parametrize("width,height", SHAPES)
def test_motion_is_looked_for_only_where_the_search_can(width: int, height: int) -> None:
    before, now = (picture(index, width, height).y for index in range(2))
    motion = FlowMotion().between(before, now)
    if not has_flow(width, height):
        assert not motion.valid.any()
    previous = PreviousPicture(2)
    first = previous.of(before)
    previous.keep(before, first)
    assert previous.of(now).shape == (2 * height, 2 * width)


@pytest.mark.parametrize("width,height", FLAT)
@pytest.mark.parametrize("turned", [False, True])
def test_a_picture_of_32_samples_a_side_has_flow_however_flat(
    width: int, height: int, turned: bool
) -> None:
    size = (height, width) if turned else (width, height)
    assert has_flow(*size) and not has_flow(size[0], MIN_SIDE - 1)
    before, now = (picture(index, *size).y for index in range(2))
    assert FlowMotion().between(before, now).valid.any()


@pytest.mark.parametrize("width,height", SHAPES)
def test_pictures_follow_each_other_in_every_shape(width: int, height: int) -> None:
    propagator = Propagator(width, height, 2, 7)
    for index in range(3):
        propagator.predict(np.ascontiguousarray(picture(index, width, height).y), None)
        propagator.commit()
    assert propagator.enlarged.shape == (2 * height, 2 * width)


@pytest.fixture
def paced(zoo: Path) -> Iterator[ModelCache]:
    cache = ModelCache(PacedEngine(0.0), zoo=zoo)
    yield cache
    cache.close()


@pytest.mark.parametrize("codec", [Codec.H264, Codec.VP8])
@pytest.mark.parametrize("model", ["tiny", "follows"])
def test_every_shape_is_enhanced_and_coded(paced: ModelCache, codec: Codec, model: str) -> None:
    output = OutputConfig(codec=codec, preset="ultrafast", bitrates=BITRATES)
    unit = next(units(Clip(frames=1)))
    for width, height in SHAPES:
        if max(width, height) > 640:
            continue
        tally = FrameCounters()
        handle = SharedScheduler().handle()
        enhance = UpscaleStage(paced, tally, handle, UpscaleConfig(model, 30.0))
        encode = EncodeStep(
            output, tally, codec=codec, logs=(keys.ENHANCED,), fps=30.0, need_key=lambda why: None
        )
        encode.wanted = frozenset({keys.ENHANCED})
        paced.load(model, width, height)
        made = []
        for index in range(3):
            task = FrameTask(unit, Route.WORK, arrived=time.monotonic(), is_replay=False)
            task.picture = picture(index, width, height)
            made += [out for done in enhance.step(task) for out in encode.step(done)]
        counts = tally.read()
        assert len(made) == 3 and counts.dropped == {}, (width, height, counts.dropped)


@pytest.mark.parametrize("codec", [Codec.H264, Codec.VP8])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_bicubic_enlarges_a_picture_of_one_sample_and_encoders_take_it(
    codec: Codec, scale: int
) -> None:
    upscaler = Upscaler()
    upscaler._scale = scale
    large = upscaler.resize(Picture.blank(1, 1).copy())
    spec = EncoderSpec(
        codec=codec,
        width=large.width,
        height=large.height,
        kbps=BITRATES.kbps(large.width, large.height),
        preset="ultrafast",
        colour=large.colour,
    )
    assert make_encoder(spec, fps=30.0).encode(large, ticks=0, fps=30.0, key=True).is_key


@pytest.mark.parametrize("width,height", [(640, 16), (16, 640), (2, 2), (64, 8)])
async def test_a_worker_enhances_a_stream_of_small_or_flat_pictures(
    client: Redis, nets: ModelCache, width: int, height: int
) -> None:
    clip = list(units(Clip(codec=Codec.VP8, width=width, height=height, frames=20)))
    publisher, viewer = Publisher(client), Viewer(client)
    async with working(client, nets, lead_config("w1")) as worker, watching(viewer):
        await publisher.begin()
        await until(lambda: worker.leads)
        await publisher.play(clip)
        await viewer.until(20)
        assert work_of(worker).dropped == {}
    assert decodable(viewer.units) == [(2 * width, 2 * height)] * 20
