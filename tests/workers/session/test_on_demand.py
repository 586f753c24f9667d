"""Whole workers over a real Redis: renditions for viewers who lack a codec."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from media.access_unit import Flags
from media.codec import Codec
from tests.records import renew_watch
from wire import clock, control, keys
from wire.connection import Redis, command
from wire.heartbeat import RenditionWork
from workers.process.worker import Worker
from workers.upscale.model_cache import ModelCache

from ..clips import Clip, units
from ..process.test_worker import decodable, until, work_of
from ..studio import Publisher, Viewer, lead_config, watching, working
from .test_watched import LAPSED

SOURCES = pytest.mark.parametrize("source", [Codec.H264, Codec.VP8, Codec.VP9])
VP8 = "enhanced-vp8"
OUTPUTS = pytest.mark.parametrize("output", [Codec.H264, Codec.VP8])


def made(worker: Worker) -> dict[str, RenditionWork]:
    return {work.name: work for work in work_of(worker).renditions}


async def log_length(client: Redis, rendition: str) -> int:
    return int(await command(client, "XLEN", keys.log("cam1", rendition)))


@contextlib.asynccontextmanager
async def playing(publisher: Publisher, clip: Clip) -> AsyncIterator[None]:
    task = asyncio.create_task(publisher.play(list(units(clip))))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@OUTPUTS
async def test_both_codecs_hold_the_same_pictures_decoded_and_enhanced_once(
    client: Redis, nets: ModelCache, output: Codec
) -> None:
    other = Codec.VP8 if output is Codec.H264 else Codec.H264
    name = keys.variant(keys.ENHANCED, other.name.lower())
    nets.load("tiny", 64, 48)
    publisher, usual, demanding = Publisher(client), Viewer(client), Viewer(client, rendition=name)
    async with working(client, nets, lead_config("w1", codec=output)) as worker:
        await publisher.begin()
        await renew_watch(client, publisher.epoch, name)
        async with watching(usual), watching(demanding):
            await until(lambda: worker.leads)
            await publisher.play(list(units(Clip(frames=30))))
            await usual.until(28)
            await demanding.until(20)
            work, found = work_of(worker), made(worker)
    assert (await publisher.record()).output == output.name.lower()
    # Every frame came in once, was made once by net or resizing, and counts once.
    assert work.frames_in == 30 and work.enhanced + work.bicubic <= 30
    assert work.frames_out + sum(work.dropped.values()) <= 30
    for viewer, codec in ((usual, output), (demanding, other)):
        assert {unit.codec for unit in viewer.units} == {codec}
        assert viewer.units[0].is_key and viewer.units[0].sequence == 0
        assert decodable(viewer.units) == [(128, 96)] * len(viewer.units)
        assert set(viewer.epochs) == {viewer.epochs[0]}
    times = {unit.pts: unit.capture_us for unit in usual.units}
    shared = [unit for unit in demanding.units if unit.pts in times]
    assert len(shared) > 15 and all(unit.capture_us == times[unit.pts] for unit in shared)
    assert found["enhanced"].watched and found[name].watched
    assert found[name].codec == other.name.lower() and found[name].encode_ms > 0
    assert found[name].encoded + found[name].left_out <= 30


async def test_nothing_is_encoded_for_a_log_that_nobody_watches(
    client: Redis, nets: ModelCache
) -> None:
    publisher, viewer = Publisher(client), Viewer(client, rendition=VP8)
    async with working(client, nets, lead_config("w1")) as worker:
        await publisher.begin(watched=False)
        async with watching(viewer):
            await until(lambda: worker.leads)
            await publisher.play(list(units(Clip(frames=30))))
            await viewer.until(20)
            assert list(made(worker)) == [VP8]
            (lead,) = worker.leads
            steps = lead.pipeline.steps
    # The worker's own codec is H.264, and nobody watched it: not one picture was encoded in it.
    assert [(step.codec, step.coded > 0) for step in steps] == [
        (Codec.H264, False),
        (Codec.H264, False),
        (Codec.VP8, True),
    ]
    assert await log_length(client, "enhanced") == await log_length(client, "enhanced-h264") == 0
    assert viewer.units[0].is_key and set(decodable(viewer.units)) == {(128, 96)}


async def test_frames_count_where_only_the_rendition_on_demand_is_watched(
    client: Redis, nets: ModelCache
) -> None:
    nets.load("tiny", 64, 48)
    publisher, viewer = Publisher(client), Viewer(client, rendition=VP8)
    async with working(client, nets, lead_config("w1")) as worker:
        await publisher.begin(watched=False)
        await renew_watch(client, publisher.epoch, VP8)
        async with watching(viewer):
            await until(lambda: worker.leads)
            await publisher.play(list(units(Clip(frames=30))))
            await until(
                lambda: work_of(worker).frames_out + sum(work_of(worker).dropped.values()) == 30
            )
            work = work_of(worker)
    assert work.frames_out >= 20 and work.fps > 10
    assert (work.key_frames, work.renditions[0].left_out) == (1, 0)


async def test_a_rendition_that_is_watched_no_more_is_emptied_and_begins_anew(
    client: Redis, nets: ModelCache
) -> None:
    publisher, usual = Publisher(client), Viewer(client)
    first, second = (Viewer(client, rendition=VP8) for _ in range(2))
    async with working(client, nets, lead_config("w1")) as worker, watching(usual):
        await publisher.begin()
        await until(lambda: worker.leads)
        async with playing(publisher, Clip(frames=600)):
            async with watching(first):
                await first.until(10)
            fields = {"watched_us:vp8": LAPSED["watched_us"]}
            await publisher.set(keys.ENHANCED, **fields)
            await until(lambda: not made(worker)[VP8].watched)
            async with asyncio.timeout(5):
                while await log_length(client, VP8):  # noqa: ASYNC110 - Redis tells nobody
                    await asyncio.sleep(0.01)
            encoded = made(worker)[VP8].encoded
            count = len(usual.units)
            await usual.until(count + 10)
            assert made(worker)[VP8].encoded == encoded
            async with watching(second):
                await second.until(5)
    assert second.units[0].is_key and decodable(second.units)
    assert second.units[0].pts > first.units[-1].pts
    # The other rendition went on as if nothing had been.
    steps = [b.sequence - a.sequence for a, b in zip(usual.units, usual.units[1:], strict=False)]
    assert set(steps) == {1} and decodable(usual.units)


async def test_a_key_frame_is_made_in_the_rendition_that_asks_for_it(
    client: Redis, nets: ModelCache
) -> None:
    publisher, usual = Publisher(client), Viewer(client)
    demanding = Viewer(client, rendition=VP8)
    async with working(client, nets, lead_config("w1")) as worker:
        await publisher.begin()
        await renew_watch(client, publisher.epoch, VP8)
        async with watching(usual), watching(demanding), playing(publisher, Clip(frames=600)):
            await until(lambda: worker.leads)
            await usual.until(20)
            await demanding.until(20)
            before = made(worker)
            message = control.KeyFrameRequest(rendition=VP8)
            await control.to_lead(client, "cam1").send(message)
            await until(lambda: made(worker)[VP8].key_frames == before[VP8].key_frames + 1)
            assert made(worker)["enhanced"].key_frames == before["enhanced"].key_frames


@SOURCES
async def test_what_is_copied_is_coded_anew_for_who_lacks_its_codec(
    client: Redis, nets: ModelCache, source: Codec
) -> None:
    publisher = Publisher(client)
    names = ("enhanced", "enhanced-h264", VP8)
    viewers = {name: Viewer(client, rendition=name) for name in names}
    async with (
        working(client, nets, lead_config("w1")) as worker,
        contextlib.AsyncExitStack() as on,
    ):
        await publisher.begin(watched=False, enhance=False)
        for name, viewer in viewers.items():
            await renew_watch(client, publisher.epoch, name)
            await on.enter_async_context(watching(viewer))
        await until(lambda: worker.leads)
        async with playing(publisher, Clip(codec=source, frames=300, key_every=15)):
            for viewer in viewers.values():
                await viewer.until(20)
        work = work_of(worker)
    # What is not out yet is on its way: each frame counts once, as copied.
    assert work.state == "off" and 0 <= work.bypassed - work.frames_out < 20
    held = {"enhanced": source, "enhanced-h264": Codec.H264, VP8: Codec.VP8}
    for name, viewer in viewers.items():
        assert {unit.codec for unit in viewer.units} == {held[name]}
        assert viewer.units[0].is_key
        assert set(decodable(viewer.units)) == {(64, 48)}
        copied = {bool(unit.flags & Flags.BYPASS) for unit in viewer.units}
        assert copied == {held[name] is source}


async def test_enhancement_may_be_switched_off_and_on_under_every_rendition(
    client: Redis, nets: ModelCache
) -> None:
    publisher = Publisher(client)
    names = ("enhanced", "enhanced-h264", VP8)
    viewers = {name: Viewer(client, rendition=name) for name in names}
    clip = Clip(codec=Codec.VP9, frames=1200, key_every=10)

    async def switch(worker: Worker, on: bool) -> None:
        await publisher.set(enhance=on)
        await control.to_lead(client, "cam1").send(control.RecordChanged())
        size = (128, 96) if on else (64, 48)
        await until(lambda: all(v.units and v.units[-1].width == size[0] for v in viewers.values()))

    async with (
        working(client, nets, lead_config("w1")) as worker,
        contextlib.AsyncExitStack() as on,
    ):
        await publisher.begin(watched=False)
        for viewer in viewers.values():
            await on.enter_async_context(watching(viewer))
        await until(lambda: worker.leads)
        async with playing(publisher, clip):
            for wish in (True, False, True, False):
                await switch(worker, wish)
    for name, viewer in viewers.items():
        codecs = {unit.codec for unit in viewer.units}
        expected = {Codec.H264, Codec.VP9} if name == "enhanced" else {Codec[name[9:].upper()]}
        assert codecs == expected
        # Decoded from the first unit to the last, through all changes.
        assert set(decodable(viewer.units)) == {(128, 96), (64, 48)}
        numbers = [unit.sequence for unit in viewer.units]
        assert numbers == list(range(len(numbers)))


async def test_a_take_over_goes_on_in_the_rendition_on_demand(
    client: Redis, nets: ModelCache
) -> None:
    publisher, viewer = Publisher(client), Viewer(client, rendition=VP8)
    async with watching(viewer):
        async with working(client, nets, lead_config("w1")) as first:
            await publisher.begin()
            await until(lambda: first.leads)
            task = asyncio.create_task(publisher.play(list(units(Clip(frames=600)))))
            await viewer.until(10)
        # The next worker prefers the other codec: to this viewer it makes no difference.
        async with working(client, nets, lead_config("w2", codec=Codec.VP8)):
            count = len(viewer.units)
            await viewer.until(count + 10)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert {unit.codec for unit in viewer.units} == {Codec.VP8}
    assert viewer.epochs == sorted(viewer.epochs) and len(set(viewer.epochs)) == 2
    begun = next(n for n, epoch in enumerate(viewer.epochs) if epoch != viewer.epochs[0])
    assert viewer.units[begun].is_key and viewer.units[begun].sequence == 0
    assert set(decodable(viewer.units[begun:])) == {(128, 96)}


async def test_a_stream_that_was_set_aside_is_copied_into_its_own_codecs_log_and_not_decoded(
    client: Redis, nets: ModelCache
) -> None:
    publisher = Publisher(client)
    same, other = Viewer(client, rendition="enhanced-h264"), Viewer(client, rendition=VP8)
    async with working(client, nets, lead_config("w1")) as worker:
        await publisher.begin(watched=False, strikes=2, struck_us=clock.now_us())
        async with watching(same), watching(other):
            await until(lambda: worker.leads)
            async with playing(publisher, Clip(frames=300, key_every=15)):
                await same.until(20)
            work = work_of(worker)
            record = await publisher.record()
    assert (work.state, record.decoding) == ("bypass", False)
    assert other.units == [] and not any(one.encoded for one in work.renditions)
    assert all(unit.flags & Flags.BYPASS for unit in same.units) and same.units[0].is_key
