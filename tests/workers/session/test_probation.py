"""Streams that are set aside, by whole workers over a real Redis."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from media.access_unit import Flags
from tests.app import coding
from wire import clock
from wire.connection import Redis
from workers.decode.decoder import UnitDecoder
from workers.upscale.model_cache import ModelCache

from ..clips import Clip, units
from ..process.test_worker import until, work_of
from ..studio import Publisher, Viewer, lead_config, watching, working


async def test_a_stream_that_was_set_aside_is_copied_with_a_reason_and_never_decoded(
    client: Redis, nets: ModelCache
) -> None:
    publisher, viewer = Publisher(client), Viewer(client)
    async with working(client, nets, lead_config("w1")) as worker, watching(viewer, publisher):
        await publisher.begin(strikes=2, struck_us=clock.now_us())
        await until(lambda: worker.leads)
        await publisher.play(list(units(Clip(frames=40, key_every=10))))
        await viewer.until(20)
        work = work_of(worker)
        record = await publisher.record()
    assert work.state == "bypass" and "only copied" in work.reason
    assert all(unit.flags & Flags.BYPASS for unit in viewer.units)
    assert work.enhanced == work.bicubic == 0
    assert (record.strikes, record.decoding) == (2, False)


async def test_a_stream_is_tried_again_after_its_time(client: Redis, nets: ModelCache) -> None:
    publisher, viewer = Publisher(client), Viewer(client)
    nets.load("tiny", 64, 48)
    async with working(client, nets, lead_config("w1")) as worker, watching(viewer, publisher):
        await publisher.begin(strikes=2, struck_us=clock.now_us() - 58_000_000)
        await until(lambda: worker.leads)
        playing = asyncio.create_task(publisher.play(list(units(Clip(frames=150, key_every=10)))))
        await until(lambda: work_of(worker).state == "bypass")
        await until(lambda: work_of(worker).enhanced > 5)
        record = await publisher.record()
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)
    assert (record.strikes, record.decoding) == (2, True)


async def test_a_lead_that_fails_is_a_strike_and_the_second_one_copies(
    client: Redis, nets: ModelCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: UnitDecoder, payload: bytes, tag: int) -> None:
        raise RuntimeError("as if a library had a fault")

    publisher, viewer = Publisher(client), Viewer(client)
    monkeypatch.setattr(UnitDecoder, "decode", fail)
    async with working(client, nets, lead_config("w1")) as worker, watching(viewer, publisher):
        await publisher.begin()
        playing = asyncio.create_task(publisher.play(list(units(Clip(frames=200, key_every=10)))))
        await until(lambda: worker.leads and work_of(worker).bypassed > 10)
        work = work_of(worker)
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)
    assert work.state == "bypass" and work.reason.startswith("2 times")


async def test_b_frames_are_enhanced_in_the_order_of_presentation(
    client: Redis, nets: ModelCache
) -> None:
    coded = coding.h264_with_b_frames(64, 48, 60)
    (model,) = units(Clip(frames=1))
    clip = [
        dataclasses.replace(
            model,
            payload=data,
            sequence=n,
            pts=3000 * picture,
            flags=Flags.NONE if n else Flags.KEY,
        )
        for n, (picture, data) in enumerate(coded)
    ]
    nets.load("tiny", 64, 48)
    publisher, viewer = Publisher(client), Viewer(client)
    async with working(client, nets, lead_config("w1")) as worker, watching(viewer):
        await publisher.begin()
        await until(lambda: worker.leads)
        await publisher.play(clip)
        await viewer.until(50)
        work = work_of(worker)
    assert [unit.pts for unit in viewer.units] == [3000 * n for n in range(len(viewer.units))]
    assert work.dropped == {} and work.enhanced > 25
