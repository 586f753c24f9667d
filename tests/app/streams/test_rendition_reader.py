"""Tail readers over a real server: ``tail.py``."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiortc.codecs.vpx import VpxPayloadDescriptor

from app.streams.rendition_reader import RenditionReader
from media.access_unit import AccessUnit, Flags
from media.codec import Codec
from tests.app import coding, fakes
from tests.app.peers import until
from wire import keys
from wire.clock import now_us
from wire.connection import Redis, command
from wire.control import KeyFrameRequest, Message, RecordChanged, to_lead, to_publisher
from wire.embedded import EmbeddedServer
from wire.log import LogWriter
from wire.streams import StreamRegistry


class Log:
    """The source log of one stream and its writer."""

    def __init__(self, client: Redis, session: int) -> None:
        self.client = client
        self.session = session
        self._writer = LogWriter(
            client, stream="cam1", rendition=keys.SOURCE, owner_field="session", epoch=session
        )

    @classmethod
    async def create(cls, client: Redis, session: int = 1000) -> Log:
        await StreamRegistry(client).create("cam1", session=session)
        return cls(client, session)

    async def write(self, *units: AccessUnit) -> None:
        for unit in units:
            await self._writer.append(fakes.batch(self.session, unit), now_ms=now_us() // 1000)


@pytest.fixture
async def log(redis_client: Redis) -> Log:
    return await Log.create(redis_client)


@asynccontextmanager
async def running(
    client: Redis, *, session: int = 0, rendition: str = keys.SOURCE
) -> AsyncIterator[tuple[RenditionReader, fakes.Listener]]:
    """A tail at work with one listener."""
    tail = RenditionReader(client, "cam1", rendition, session=session)
    listener = fakes.Listener()
    tail.listen(listener)
    task = asyncio.get_running_loop().create_task(tail.run(), name="tail")
    try:
        yield tail, listener
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def heard(listener: fakes.Listener, count: int) -> list[int]:
    await until(lambda: len(listener.video) >= count)
    return [fakes.number(unit) for unit in listener.video]


async def test_reading_begins_at_the_last_key_frame(log: Log) -> None:
    await log.write(*fakes.group(0, 3), *fakes.group(3, 3))
    async with running(log.client) as (tail, listener):
        assert await heard(listener, 3) == [3, 4, 5]
        await log.write(fakes.video(6), fakes.audio(0))
        await until(lambda: len(listener.heard) == 5)
    assert [unit.is_video for _, unit in listener.heard] == [True] * 4 + [False]
    assert {name for name, _ in listener.heard} == {keys.SOURCE}
    assert (tail.codec, tail.size, tail.units, tail.skipped) == ("h264", (480, 270), 4, 0)


async def test_picture_ids_count_pictures_and_no_sound(log: Log) -> None:
    """A browser waits for the picture before; one that never comes would hold up all others."""
    coded = [
        dataclasses.replace(fakes.video(n, key=n == 0), codec=Codec.VP8, payload=unit)
        for n, unit in enumerate(coding.vp8(98, 54, 3))
    ]
    async with running(log.client) as (_, listener):
        await log.write(coded[0], fakes.audio(0), fakes.audio(1), coded[1], fakes.audio(2))
        await log.write(coded[2])
        await until(lambda: len(listener.video) == 3)
        heads = [VpxPayloadDescriptor.parse(unit.payloads[0])[0] for unit in listener.video]
    first = heads[0].picture_id or 0
    assert [head.picture_id for head in heads] == [first, first + 1, first + 2]


async def test_a_unit_is_packetized_once_for_all_listeners(log: Log) -> None:
    async with running(log.client) as (tail, one):
        two = fakes.Listener()
        tail.listen(two)
        assert tail.listeners == 2
        await log.write(*fakes.group(0, 2))
        await heard(one, 2)
        await heard(two, 2)
        assert all(a is b for a, b in zip(one.video, two.video, strict=True))
        tail.leave(two)
        await log.write(fakes.video(2))
        await heard(one, 3)
        assert len(two.video) == 2


async def test_whoever_joins_gets_the_past_squeezed_in_time(log: Log) -> None:
    async with running(log.client) as (tail, listener):
        assert tail.replay() == []
        await log.write(*fakes.group(0, 5))
        await heard(listener, 5)
        replay = tail.replay()
    assert [fakes.number(unit) for unit in replay] == [0, 1, 2, 3, 4]
    assert [unit.pts for unit in replay] == [12_000 - 90 * n for n in (4, 3, 2, 1, 0)]


async def test_a_gap_skips_to_the_next_key_frame_and_asks_for_it(log: Log) -> None:
    mailbox = to_publisher(log.client, "cam1")
    await mailbox.read(block_ms=1)
    async with running(log.client) as (tail, listener):
        await log.write(*fakes.group(0, 2))
        await heard(listener, 2)
        await log.write(fakes.video(3), fakes.video(4))
        await until(lambda: tail.skipped == 2)
        assert tail.replay() == []
        messages: list[Message] = []
        async with asyncio.timeout(10):
            while not messages:
                messages = await mailbox.read(block_ms=200)
        assert isinstance(messages[0], KeyFrameRequest)
        await log.write(fakes.video(5, key=True), fakes.video(6))
        assert await heard(listener, 4) == [0, 1, 5, 6]


async def test_a_marked_discontinuity_is_a_gap_too(log: Log) -> None:
    async with running(log.client) as (tail, listener):
        await log.write(*fakes.group(0, 2), fakes.video(2, flags=Flags.DISCONTINUITY))
        await until(lambda: tail.skipped == 1)
        await log.write(fakes.video(3, key=True, flags=Flags.DISCONTINUITY))
        assert await heard(listener, 3) == [0, 1, 3]


async def test_an_enhanced_rendition_asks_its_lead(log: Log) -> None:
    mailbox = to_lead(log.client, "cam1")
    await mailbox.read(block_ms=1)
    async with running(log.client, rendition=keys.ENHANCED) as (tail, _):
        tail.request_key_frame()
        messages: list[Message] = []
        async with asyncio.timeout(10):
            while not messages:
                messages = await mailbox.read(block_ms=200)
    assert messages == [KeyFrameRequest(rendition=keys.ENHANCED, reason="viewer")]


async def test_an_enhanced_rendition_counts_as_watched_while_it_is_read(log: Log) -> None:
    registry = StreamRegistry(log.client)
    mailbox = to_lead(log.client, "cam1")
    await mailbox.read(block_ms=1)
    async with running(log.client, session=log.session):
        pass
    assert (await registry.get("cam1")).watched_us == 0
    async with running(log.client, session=log.session, rendition=keys.ENHANCED):
        messages: list[Message] = []
        async with asyncio.timeout(10):
            while RecordChanged() not in messages:
                messages += await mailbox.read(block_ms=200)
        first_us = (await registry.get("cam1")).watched_us
        assert first_us > 0
        async with asyncio.timeout(10):
            while (await registry.get("cam1")).watched_us == first_us:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    # It was not said anew to the lead.
    assert RecordChanged() not in await mailbox.read(block_ms=1)


async def test_what_an_earlier_publisher_logged_is_passed_over(redis_client: Redis) -> None:
    old = await Log.create(redis_client, 1000)
    await old.write(*fakes.group(0, 3))
    # Its app died: the record expired, the log is still there, and a new publisher took the name.
    await command(redis_client, "DEL", keys.record("cam1"))
    new = await Log.create(redis_client, 2000)
    async with (
        running(redis_client, session=2000) as (tail, listener),
        running(redis_client) as (_, witness),
    ):
        assert await heard(witness, 3) == [0, 1, 2]
        await new.write(*fakes.group(10, 2))
        assert await heard(listener, 2) == [10, 11]
        assert [fakes.number(unit) for unit in tail.replay()] == [10, 11]


async def test_a_tail_survives_a_restart_of_redis(
    own_server: EmbeddedServer, own_client: Redis, fresh_client: Redis
) -> None:
    log = await Log.create(own_client)
    async with running(own_client) as (tail, listener):
        await log.write(*fakes.group(0, 2))
        await heard(listener, 2)
        own_server.restart()
        log = await Log.create(fresh_client)
        await log.write(*fakes.group(7, 2))
        assert await heard(listener, 4) == [0, 1, 7, 8]
        assert tail.skipped == 0


async def test_latencies_are_of_live_units_only(log: Log) -> None:
    seen: list[float] = []
    await log.write(*fakes.group(0, 2))
    await asyncio.sleep(0.01)
    async with running(log.client) as (tail, listener):
        tail.observe = seen.append
        await heard(listener, 2)
        assert len(tail.latency) == 0
        await log.write(fakes.video(2))
        await heard(listener, 3)
    assert len(tail.latency) == len(seen) == 1
    assert 0 <= seen[0] < 10
