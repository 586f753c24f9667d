from __future__ import annotations

import asyncio
import dataclasses

import pytest

from tests.records import begin_stream, take_lead
from wire.connection import Redis, connect
from wire.errors import BadBatch
from wire.log import LogReader, LogWriter
from workers.runtime.frame_counters import FrameCounters
from workers.session.log_publisher import LIMIT, LIMIT_BYTES, LogPublisher

from ..clips import Clip, units


def make(client: Redis, epoch: int, lost: list[None]) -> tuple[LogPublisher, FrameCounters]:
    writer = LogWriter(client, stream="cam1", rendition="enhanced", epoch=epoch)
    counters = FrameCounters()
    return LogPublisher(writer, counters, lost=lambda: lost.append(None)), counters


async def test_units_are_appended_in_order_and_counted(client: Redis) -> None:
    source_epoch = await begin_stream(client)
    epoch = await take_lead(client, source_epoch)
    publisher, counters = make(client, epoch, [])
    clip = list(units(Clip(frames=12)))
    running = asyncio.create_task(publisher.run())
    for unit in clip:
        publisher.put(unit)
    reader = LogReader(client, stream="cam1", rendition="enhanced")
    found: list[bytes] = []
    while len(found) < 12:
        for entry in await reader.read(block_ms=1000):
            assert entry.batch.epoch == epoch
            found += [unit.payload for unit in entry.batch.units]
    while counters.read().frames_out < 12:  # noqa: ASYNC110 - a counter tells nobody
        await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert found == [unit.payload for unit in clip]
    counts = counters.read()
    assert (counts.frames_out, counts.key_frames, counts.dropped) == (12, 1, {})


async def test_what_redis_does_not_take_is_counted_and_asks_for_a_key_frame() -> None:
    away = connect("unix:///nowhere/redis.sock")
    lost: list[None] = []
    publisher, counters = make(away, 1, lost)
    (unit,) = units(Clip(frames=1))
    for _ in range(LIMIT + 1):
        publisher.put(unit)
    assert counters.read().dropped == {"redis": LIMIT} and len(lost) == 1
    running = asyncio.create_task(publisher.run())
    while len(lost) < 2:  # noqa: ASYNC110 - a list tells nobody
        await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await away.aclose()
    assert counters.read().dropped == {"redis": LIMIT + 1} and counters.read().frames_out == 0


async def test_the_log_is_emptied_after_what_was_put_before_and_before_what_comes(
    client: Redis,
) -> None:
    source_epoch = await begin_stream(client)
    publisher, counters = make(client, await take_lead(client, source_epoch), [])
    clip = list(units(Clip(frames=5)))
    for unit in clip[:3]:
        publisher.put(unit)
    publisher.clear()
    for unit in clip[3:]:
        publisher.put(unit)
    running = asyncio.create_task(publisher.run())
    while counters.read().frames_out < 5:  # noqa: ASYNC110 - a counter tells nobody
        await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    entries = await LogReader(client, stream="cam1", rendition="enhanced").read(block_ms=100)
    found = [unit.payload for entry in entries for unit in entry.batch.units]
    assert found == [unit.payload for unit in clip[3:]]


async def test_what_waits_is_bounded_in_bytes_too(client: Redis) -> None:
    lost: list[None] = []
    publisher, counters = make(client, 1, lost)
    (unit,) = units(Clip(frames=1))
    large = dataclasses.replace(unit, payload=bytes(LIMIT_BYTES // 4))
    for _ in range(4):
        publisher.put(large)
    assert not lost
    publisher.put(unit)
    assert counters.read().dropped == {"redis": 4} and len(lost) == 1
    publisher.put(large)
    assert len(lost) == 1


async def test_a_log_that_is_to_be_emptied_is_also_where_too_much_waited(client: Redis) -> None:
    source_epoch = await begin_stream(client)
    epoch = await take_lead(client, source_epoch)
    publisher, _ = make(client, epoch, [])
    old, *new = units(Clip(frames=LIMIT + 3))
    running = asyncio.create_task(publisher.run())
    publisher.put(old)
    while not publisher.frames:  # noqa: ASYNC110 - a counter tells nobody
        await asyncio.sleep(0.01)
    publisher.clear()
    for unit in new:
        publisher.put(unit)
    while publisher.frames < 4:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    entries = await LogReader(client, stream="cam1", rendition="enhanced").read(block_ms=1)
    assert [entry.batch.units[0].payload for entry in entries] == [u.payload for u in new[-3:]]


async def test_what_waits_behind_a_unit_that_cannot_be_appended_goes_on(client: Redis) -> None:
    source_epoch = await begin_stream(client)
    epoch = await take_lead(client, source_epoch)
    publisher, _ = make(client, epoch, [])
    (unit,) = units(Clip(frames=1))
    publisher.put(dataclasses.replace(unit, payload=bytes(5 * 2**20)))
    publisher.put(unit)
    with pytest.raises(BadBatch):
        await publisher.run()
    running = asyncio.create_task(publisher.run())
    async with asyncio.timeout(5):
        while not publisher.frames:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
