from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator

import pytest

from media.access_unit import AccessUnit
from media.codec import Codec
from tests.records import begin_stream, take_lead
from wire import keys
from wire.connection import Redis
from wire.errors import Fenced
from wire.jobs import Job
from wire.log import LogReader
from wire.site import RedisSite
from workers.encode.step import EncodeStep, Made, OutputConfig
from workers.runtime.frame_counters import FrameCounters
from workers.session.log_publisher import LIMIT
from workers.session.renditions import Renditions

from ..clips import Clip, units
from ..studio import BITRATES

LOGS = ("enhanced", "enhanced-h264", "enhanced-vp8")
OUTPUT = OutputConfig(codec=Codec.H264, preset="ultrafast", bitrates=BITRATES)


class Place:
    """The logs of one rendition, and what they tell."""

    def __init__(self, client: Redis, source_epoch: int, epoch: int) -> None:
        self.client = client
        self.source_epoch = source_epoch
        self.counters = FrameCounters()
        self.lost: list[str] = []
        job = Job("1-0", "cam1", keys.ENHANCED, source_epoch)
        self.logs = Renditions(
            RedisSite(client, "w1").lead(job),
            keys.ENHANCED,
            epoch,
            self.counters,
            lost=self.lost.append,
        )

    async def read(self, name: str) -> list[bytes]:
        """Payloads that the log holds."""
        reader = LogReader(self.client, stream="cam1", rendition=name)
        entries = await reader.read(block_ms=1)
        return [unit.payload for entry in entries for unit in entry.batch.units]

    @contextlib.asynccontextmanager
    async def running(self, *names: str) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self.logs.run(name)) for name in names]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def until_out(self, count: int) -> None:
        async with asyncio.timeout(10):
            while self.counters.read().frames_out < count:  # noqa: ASYNC110 - no event
                await asyncio.sleep(0.01)


@pytest.fixture
async def place(client: Redis) -> Place:
    source_epoch = await begin_stream(client)
    return Place(client, source_epoch, await take_lead(client, source_epoch))


def step(codec: Codec, *logs: str) -> EncodeStep:
    return EncodeStep(
        OUTPUT, FrameCounters(), codec=codec, logs=logs, fps=30.0, need_key=lambda why: None
    )


def put(place: Place, name: str, *coded: AccessUnit, counted: bool = True) -> None:
    for unit in coded:
        place.logs.put(Made(name, unit, is_counted=counted))


async def test_units_go_into_the_log_they_are_made_for(place: Place) -> None:
    one, two, three = units(Clip(frames=3))
    put(place, "enhanced", one)
    put(place, "enhanced-vp8", two, three)
    async with place.running(*LOGS):
        await place.until_out(3)
    assert await place.read("enhanced") == [one.payload]
    assert await place.read("enhanced-h264") == []
    assert await place.read("enhanced-vp8") == [two.payload, three.payload]


async def test_a_picture_that_several_logs_hold_is_counted_once(place: Place) -> None:
    (unit,) = units(Clip(frames=1))
    put(place, "enhanced-h264", unit, counted=False)
    async with place.running("enhanced-h264"):
        async with asyncio.timeout(10):
            while not await place.read("enhanced-h264"):  # noqa: ASYNC110 - Redis tells nobody
                await asyncio.sleep(0.01)
    put(place, "enhanced", unit)
    async with place.running("enhanced"):
        await place.until_out(1)
    counts = place.counters.read()
    assert (counts.frames_out, counts.key_frames) == (1, 1)


async def test_the_order_to_empty_a_log_is_that_logs_alone(place: Place) -> None:
    (unit,) = units(Clip(frames=1))
    for name in LOGS:
        put(place, name, unit)
    place.logs.put(Made("enhanced", None, is_counted=False))
    async with place.running(*LOGS):
        await place.until_out(3)
        async with asyncio.timeout(10):
            while await place.read("enhanced"):  # noqa: ASYNC110 - Redis tells nobody
                await asyncio.sleep(0.01)
    assert len(await place.read("enhanced-h264")) == len(await place.read("enhanced-vp8")) == 1


async def test_all_logs_are_emptied_but_those_that_are_named(place: Place) -> None:
    (unit,) = units(Clip(frames=1))
    for name in LOGS:
        put(place, name, unit)
    async with place.running(*LOGS):
        await place.until_out(3)
        place.logs.clear(but=frozenset(("enhanced-vp8", "unheard-of")))
        async with asyncio.timeout(10):
            while sum([len(await place.read(name)) for name in LOGS]) > 1:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert await place.read("enhanced-vp8") == [unit.payload]


async def test_a_log_that_waits_too_long_tells_its_own_name(place: Place) -> None:
    (unit,) = units(Clip(frames=1))
    put(place, "enhanced", unit)
    put(place, "enhanced-vp8", *[unit] * (LIMIT + 1))
    assert place.lost == ["enhanced-vp8"]


async def test_a_fenced_log_raises_and_the_others_do_not(place: Place, client: Redis) -> None:
    first, second = units(Clip(frames=2))
    put(place, "enhanced", first)
    async with place.running("enhanced"):
        await place.until_out(1)
    later = Place(client, place.source_epoch, await take_lead(client, place.source_epoch, "b"))
    put(later, "enhanced", first)
    async with later.running("enhanced"):
        await later.until_out(1)
    put(place, "enhanced", second)
    with pytest.raises(Fenced):
        async with asyncio.timeout(5):
            await place.logs.run("enhanced")


async def test_the_report_leaves_out_what_nobody_ever_watched(place: Place) -> None:
    usual, extra = step(Codec.H264, "enhanced", "enhanced-h264"), step(Codec.VP8, "enhanced-vp8")
    assert place.logs.work((usual, extra)) == []
    usual.wanted = extra.wanted = frozenset(("enhanced-vp8",))
    (work,) = place.logs.work((usual, extra))
    assert (work.name, work.codec, work.watched, work.frames) == ("enhanced-vp8", "vp8", True, 0)
    # Once it was written it stays in the report.
    (unit,) = units(Clip(frames=1))
    put(place, "enhanced", unit)
    async with place.running("enhanced"):
        await place.until_out(1)
    extra.wanted = frozenset()
    (work,) = place.logs.work((usual, extra))
    assert (work.name, work.watched, work.frames, work.key_frames) == ("enhanced", False, 1, 1)
    assert (work.width, work.height) == (64, 48)


async def test_a_log_is_of_the_codec_that_it_holds_now(place: Place) -> None:
    (unit,) = units(Clip(frames=1))
    put(place, "enhanced", dataclasses.replace(unit, codec=Codec.VP9))
    async with place.running("enhanced"):
        await place.until_out(1)
    (work,) = place.logs.work((step(Codec.H264, "enhanced"),))
    assert work.codec == "vp9"


async def test_the_time_of_an_encoder_is_an_average_over_its_pictures(place: Place) -> None:
    encoder = step(Codec.H264, "enhanced")
    encoder.wanted = frozenset(("enhanced",))
    (work,) = place.logs.work((encoder,))
    assert (work.encoded, work.encode_ms) == (0, 0.0)
    encoder.coded, encoder.spent_s, encoder.left_out = 8, 0.025, 3
    encoder.refined = 5
    (work,) = place.logs.work((encoder,))
    assert (work.encoded, work.encode_ms, work.left_out) == (8, 3.12, 3)
    assert work.refined == 5


async def test_the_rates_are_those_of_the_busiest_log(place: Place) -> None:
    assert place.logs.rates() == (0.0, 0.0)
    coded = list(units(Clip(frames=4)))
    put(place, "enhanced", *coded)
    put(place, "enhanced-vp8", coded[0])
    async with place.running(*LOGS):
        await place.until_out(5)
    fps, kbps = place.logs.rates()
    assert fps > 0 and kbps > 0
