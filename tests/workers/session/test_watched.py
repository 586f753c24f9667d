"""Whole workers over a real Redis: who is enhanced while who watches, and by which net."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path

from wire import keys
from wire.connection import Redis, command
from wire.heartbeat import Heartbeats
from workers.upscale.model_cache import ModelCache

from ..clips import Clip, units
from ..fakes import PacedEngine
from ..process.test_worker import decodable, until, work_of
from ..studio import Publisher, Viewer, lead_config, watching, working

LAPSED: dict[str, int] = dict.fromkeys(
    ("watched_us", "watched_us:any", *(f"watched_us:{codec}" for codec in keys.VARIANTS)), 1
)
"""Fields of the record, as if its viewers had left three seconds ago."""


async def log_length(client: Redis) -> int:
    return int(await command(client, "XLEN", keys.log("cam1", keys.ENHANCED)))


async def test_a_stream_that_nobody_watches_costs_nothing_and_is_there_for_its_first_viewer(
    client: Redis, nets: ModelCache
) -> None:
    publisher = Publisher(client)
    async with working(client, nets, lead_config("w1")) as worker:
        await publisher.begin(watched=False, width=64, height=48)
        await until(lambda: worker.leads)
        # One key frame at the beginning, none for the viewer: the worker decodes from there.
        playing = asyncio.create_task(publisher.play(list(units(Clip(frames=150)))))
        await until(lambda: work_of(worker).state == "idle")
        await asyncio.sleep(1.0)
        work = work_of(worker)
        assert work.frames_in == work.enhanced == work.bicubic == 0
        assert work.reason == "Nobody watches the rendition “enhanced”."
        assert worker.load < 0.1
        assert (work.width, work.height) == (128, 96)
        assert await log_length(client) == 0
        first = Viewer(client)
        came = time.monotonic()
        async with watching(first):
            await first.until(20)
            # What the work takes is milliseconds; machines that run tests have other things to do.
            assert first.seen_at[0] - came < 0.8
            assert work_of(worker).state == "enhancing" and work_of(worker).dropped == {}
        assert first.units[0].is_key and decodable(first.units)
        assert all(unit.stamps[-1][1] - unit.stamps[0][1] < 500_000 for unit in first.units)
        # As if three seconds had passed since the viewer left.
        await publisher.set(keys.ENHANCED, **LAPSED)
        await until(lambda: work_of(worker).state == "idle")
        async with asyncio.timeout(5):
            while await log_length(client):  # noqa: ASYNC110 - Redis tells nobody
                await asyncio.sleep(0.01)
        second = Viewer(client)
        async with watching(second):
            await second.until(5)
        assert second.units[0].is_key and decodable(second.units)
        assert second.units[0].pts > first.units[-1].pts
        await playing


async def test_streams_that_nobody_watches_are_enhanced_where_that_is_wished(
    client: Redis, nets: ModelCache
) -> None:
    publisher = Publisher(client)
    async with working(client, nets, lead_config("w1", enhance_unwatched=True)) as worker:
        await publisher.begin(watched=False)
        await until(lambda: worker.leads)
        await publisher.play(list(units(Clip(frames=30))))
        await until(lambda: work_of(worker).enhanced > 5)
        assert await log_length(client) > 5


async def test_copying_goes_on_when_nobody_watches(client: Redis, nets: ModelCache) -> None:
    publisher = Publisher(client)
    async with working(client, nets, lead_config("w1")) as worker:
        await publisher.begin(watched=False, enhance=False)
        await until(lambda: worker.leads)
        await publisher.play(list(units(Clip(frames=30, key_every=10))))
        await until(lambda: work_of(worker).bypassed > 5)
        assert work_of(worker).state == "off"


async def test_streams_that_are_too_many_for_the_net_share_it_and_a_smaller_one(
    client: Redis, zoo: Path
) -> None:
    engine = PacedEngine(0.022 / 100)
    slow = ModelCache(engine, zoo=zoo)
    for model in ("large", "small"):
        slow.load(model, 64, 48)
    publishers = [Publisher(client, f"cam{number}") for number in range(3)]
    viewers = [Viewer(client, f"cam{number}") for number in range(3)]
    config = lead_config("w1")
    try:
        async with working(client, slow, config) as worker, contextlib.AsyncExitStack() as stack:
            for publisher, viewer in zip(publishers, viewers, strict=True):
                await publisher.begin(model="large")
                await stack.enter_async_context(watching(viewer))
            await until(lambda: len(worker.leads) == 3)
            clip = list(units(Clip(frames=60)))
            await asyncio.gather(*(publisher.play(clip) for publisher in publishers))
            for viewer in viewers:
                await viewer.until(30)
            works = [lead.work() for lead in worker.leads]
            (beat,) = await Heartbeats(client).list()
    finally:
        slow.close()
    assert engine.most_running == 1 and beat.engine_ms_per_s > 100
    assert sum(work.levels["small"].get("allocation", 0) for work in works) >= 10
    for work in works:
        counts = {level: sum(reasons.values()) for level, reasons in work.levels.items()}
        assert counts.get("bicubic", 0) == work.bicubic
        assert sum(counts.get(level, 0) for level in ("full", "small")) == work.enhanced
        assert work.allocation_ms > 0 and work.level in ("small", "full", "bicubic")
