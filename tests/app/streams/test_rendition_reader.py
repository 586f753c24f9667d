"""Readers of logs over a real server: ``rendition_reader.py``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from app.streams.meters import Delivered
from app.streams.rendition_reader import RenditionReader
from media.access_unit import AccessUnit, Checkpoint, Flags, Kind
from tests.app import fakes
from tests.app.peers import until
from tests.records import enhanced
from wire import keys
from wire.clock import now_us
from wire.connection import Redis, command
from wire.control import KeyFrameRequest, Message, RecordChanged, to_lead, to_publisher
from wire.embedded import EmbeddedServer
from wire.log import LogWriter
from wire.rendition_record import RenditionRegistry, RenditionSpec
from wire.stream_record import StreamRegistry


class Log:
    """The source log of one stream and its writer."""

    def __init__(self, client: Redis, session: int) -> None:
        self.client = client
        self.session = session
        self._writer = LogWriter(client, stream="cam1", rendition=keys.SOURCE, epoch=session)

    @classmethod
    async def create(cls, client: Redis, session: int = 1000) -> Log:
        await StreamRegistry(client).create("cam1", epoch=session)
        await RenditionRegistry(client).ensure("cam1", keys.ENHANCED, session, RenditionSpec())
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
) -> AsyncIterator[tuple[RenditionReader, fakes.Consumer]]:
    """A reader at work with one consumer."""
    reader = RenditionReader(client, "cam1", rendition, session=session)
    consumer = fakes.Consumer()
    reader.attach(consumer)
    task = asyncio.get_running_loop().create_task(reader.run(), name="reader")
    try:
        yield reader, consumer
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def heard(consumer: fakes.Consumer, count: int) -> list[int]:
    await until(lambda: len(consumer.video) >= count)
    return [fakes.sequence(unit) for unit in consumer.video]


async def test_reading_begins_at_the_last_key_frame(log: Log) -> None:
    await log.write(*fakes.group(0, 3), *fakes.group(3, 3))
    async with running(log.client) as (reader, consumer):
        assert await heard(consumer, 3) == [3, 4, 5]
        await log.write(fakes.video(6), fakes.audio(0))
        await until(lambda: len(consumer.heard) == 5)
    assert [unit.kind for unit in consumer.heard] == [Kind.VIDEO] * 4 + [Kind.AUDIO]
    assert (reader.codec, reader.size, reader.units, reader.skipped) == ("h264", (480, 270), 4, 0)


async def test_a_gap_skips_to_the_next_key_frame_and_asks_for_it(log: Log) -> None:
    mailbox = to_publisher(log.client, "cam1")
    await mailbox.read(block_ms=1)
    async with running(log.client) as (reader, consumer):
        await log.write(*fakes.group(0, 2))
        await heard(consumer, 2)
        await log.write(fakes.video(3), fakes.video(4))
        await until(lambda: reader.skipped == 2)
        assert consumer.gaps == 1
        messages: list[Message] = []
        async with asyncio.timeout(10):
            while not messages:
                messages = await mailbox.read(block_ms=200)
        assert isinstance(messages[0], KeyFrameRequest)
        await log.write(fakes.video(5, key=True), fakes.video(6))
        assert await heard(consumer, 4) == [0, 1, 5, 6]


async def test_a_marked_discontinuity_is_a_gap_too(log: Log) -> None:
    async with running(log.client) as (reader, consumer):
        await log.write(*fakes.group(0, 2), fakes.video(2, flags=Flags.DISCONTINUITY))
        await until(lambda: reader.skipped == 1)
        await log.write(fakes.video(3, key=True, flags=Flags.DISCONTINUITY))
        assert await heard(consumer, 3) == [0, 1, 3]


async def test_an_enhanced_rendition_asks_its_lead(log: Log) -> None:
    mailbox = to_lead(log.client, "cam1")
    await mailbox.read(block_ms=1)
    async with running(log.client, rendition=keys.ENHANCED) as (reader, _):
        reader.request_key_frame()
        messages: list[Message] = []
        async with asyncio.timeout(10):
            while not messages:
                messages = await mailbox.read(block_ms=200)
    assert messages == [KeyFrameRequest(rendition=keys.ENHANCED, reason="viewer")]


async def test_an_enhanced_rendition_counts_as_watched_while_it_is_read(log: Log) -> None:
    mailbox = to_lead(log.client, "cam1")
    await mailbox.read(block_ms=1)
    async with running(log.client, session=log.session):
        pass
    assert (await enhanced(log.client)).watched_us == 0
    async with running(log.client, session=log.session, rendition=keys.ENHANCED):
        messages: list[Message] = []
        async with asyncio.timeout(10):
            while RecordChanged() not in messages:
                messages += await mailbox.read(block_ms=200)
        first_us = (await enhanced(log.client)).watched_us
        assert first_us > 0
        async with asyncio.timeout(10):
            while (await enhanced(log.client)).watched_us == first_us:  # noqa: ASYNC110
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
        running(redis_client, session=2000) as (reader, consumer),
        running(redis_client) as (_, witness),
    ):
        assert await heard(witness, 3) == [0, 1, 2]
        await new.write(*fakes.group(10, 2))
        assert await heard(consumer, 2) == [10, 11]


async def test_a_reader_survives_a_restart_of_redis(
    own_server: EmbeddedServer, own_client: Redis, fresh_client: Redis
) -> None:
    log = await Log.create(own_client)
    async with running(own_client) as (reader, consumer):
        await log.write(*fakes.group(0, 2))
        await heard(consumer, 2)
        own_server.restart()
        log = await Log.create(fresh_client)
        await log.write(*fakes.group(7, 2))
        assert await heard(consumer, 4) == [0, 1, 7, 8]
        assert reader.skipped == 0


async def test_latencies_are_of_live_units_only(log: Log) -> None:
    seen: list[Delivered] = []
    await log.write(*fakes.group(0, 2))
    await asyncio.sleep(0.01)
    async with running(log.client) as (reader, consumer):
        reader.observe = seen.append
        await heard(consumer, 2)
        assert len(reader.latency) == 0
        await log.write(fakes.video(2))
        await heard(consumer, 3)
    assert len(reader.latency) == len(seen) == 1
    found = seen[0]
    assert (found.stream, found.rendition) == ("cam1", "source")
    assert found.unit.stamp(Checkpoint.DELIVERED) is not None


async def test_who_joins_later_begins_at_a_key_frame_that_is_asked_for(log: Log) -> None:
    mailbox = to_publisher(log.client, "cam1")
    await mailbox.read(block_ms=1)
    async with running(log.client) as (reader, consumer):
        await log.write(*fakes.group(0, 2))
        await heard(consumer, 2)
        late = fakes.Consumer()
        reader.attach(late)
        async with asyncio.timeout(10):
            while not await mailbox.read(block_ms=200):
                pass
        await log.write(fakes.video(2), fakes.audio(0), fakes.video(3, key=True), fakes.video(4))
        assert await heard(late, 2) == [3, 4]
        assert [unit.kind for unit in late.heard][0] is Kind.AUDIO
        reader.detach(late)
        await log.write(fakes.video(5))
        assert await heard(consumer, 6) == [0, 1, 2, 3, 4, 5]
        assert len(late.video) == 2


async def test_a_reader_is_needed_while_one_of_its_consumers_is(redis_client: Redis) -> None:
    reader = RenditionReader(redis_client, "cam1", keys.SOURCE)
    assert not reader.is_needed
    ready, needed = fakes.Consumer(is_needed=False), fakes.Consumer()
    reader.attach(ready)
    assert not reader.is_needed
    reader.attach(needed)
    assert reader.is_needed
    reader.end()
    assert (ready.ends, needed.ends) == (1, 1)
    reader.end()
    assert (ready.ends, needed.ends) == (1, 1)
