"""Records of all nodes and what operators may do with them, over a real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.errors import (
    RedisAway,
    RenditionFixed,
    RenditionNotFound,
    RenditionsFull,
    StreamNotFound,
)
from app.streams.ingest_session import IngestSession
from app.streams.stream_directory import StreamDirectory
from tests.records import begin_stream, enhanced, set_enhanced
from wire import keys
from wire.connection import Redis, command, connect
from wire.control import EndStream, Mailbox, Message, RecordChanged, to_lead, to_publisher
from wire.jobs import JobQueue
from wire.rendition_record import MAX_RENDITIONS, RenditionRegistry, RenditionSpec
from wire.stream_record import StreamRecord, StreamRegistry

SMALL = RenditionSpec(factor=1, strength=0.25)


def make(client: Redis, own: IngestSession | None = None) -> StreamDirectory:
    return StreamDirectory(client, ingest=lambda stream: own if stream == "cam1" else None)


@pytest.fixture
def directory(redis_client: Redis) -> StreamDirectory:
    return make(redis_client)


@pytest.fixture
async def away() -> AsyncIterator[StreamDirectory]:
    client = connect("unix:///nonexistent/redis.sock")
    yield make(client)
    await client.aclose()


async def live(directory: StreamDirectory) -> StreamRecord:
    record = await directory.record("cam1")
    assert record is not None
    return record


async def told(mailbox: Mailbox[Message]) -> list[Message]:
    """What came since the last call, once something has."""
    async with asyncio.timeout(10):
        while not (messages := await mailbox.read(block_ms=200)):
            pass
    return messages


async def test_only_records_that_can_be_read_are_told(
    directory: StreamDirectory, redis_client: Redis
) -> None:
    assert await directory.record("cam1") is None
    assert await directory.records() == []
    for name in ("cam2", "cam1", "cam3"):
        await begin_stream(redis_client, name)
    await command(redis_client, "HSET", keys.record("cam3"), "epoch", "many")
    await command(redis_client, "SET", keys.record("cam4"), "text")
    assert [record.id for record in await directory.records()] == ["cam1", "cam2"]
    assert await directory.record("cam3") is None
    assert await directory.record("cam4") is None


async def test_renditions_of_an_earlier_publisher_are_not_told(
    directory: StreamDirectory, redis_client: Redis
) -> None:
    epoch = await begin_stream(redis_client)
    assert list(await directory.renditions(await live(directory))) == [keys.ENHANCED]
    later = StreamRecord(id="cam1", epoch=epoch + 1, renditions=(keys.ENHANCED, "gone"))
    assert await directory.renditions(later) == {}


async def test_a_rendition_is_added_then_changed_and_both_sides_are_told(
    directory: StreamDirectory, redis_client: Redis
) -> None:
    await begin_stream(redis_client)
    mailboxes = [make(redis_client, "cam1") for make in (to_publisher, to_lead)]
    for mailbox in mailboxes:
        await mailbox.read(block_ms=1)
    await directory.put_rendition("cam1", "clean", SMALL)
    for mailbox in mailboxes:
        assert [type(message) for message in await told(mailbox)] == [RecordChanged]
    made = (await directory.renditions(await live(directory)))["clean"]
    assert (made.spec, made.lead, made.job) == (SMALL, "", "")
    await directory.put_rendition("cam1", "clean", RenditionSpec(kbps=900))
    changed = (await directory.renditions(await live(directory)))["clean"]
    assert (changed.spec, changed.epoch) == (RenditionSpec(kbps=900), made.epoch)


async def test_who_specifies_a_rendition_anew_pardons_it(
    directory: StreamDirectory, redis_client: Redis
) -> None:
    epoch = await begin_stream(redis_client)
    await set_enhanced(redis_client, epoch, strikes=2, struck=7, struck_us=8)
    await directory.put_rendition("cam1", keys.ENHANCED, SMALL)
    found = await enhanced(redis_client)
    assert (found.strikes, found.struck, found.struck_us) == (0, 0, 0)
    assert found.spec == SMALL


async def test_the_number_of_renditions_is_limited(
    directory: StreamDirectory, redis_client: Redis
) -> None:
    await begin_stream(redis_client)
    for number in range(MAX_RENDITIONS - 1):
        await directory.put_rendition("cam1", f"r{number}", RenditionSpec())
    with pytest.raises(RenditionsFull, match=f"{MAX_RENDITIONS} renditions already"):
        await directory.put_rendition("cam1", "further", RenditionSpec())
    await directory.put_rendition("cam1", "r0", SMALL)  # one that is there may change
    await directory.remove_rendition("cam1", "r0")
    await directory.put_rendition("cam1", "further", RenditionSpec())
    assert "further" in (await live(directory)).renditions


async def test_a_removed_rendition_takes_its_logs_and_its_job_along(
    directory: StreamDirectory, redis_client: Redis
) -> None:
    epoch = await begin_stream(redis_client)
    await directory.put_rendition("cam1", "clean", SMALL)
    jobs, registry = JobQueue(redis_client), RenditionRegistry(redis_client)
    job = await jobs.enqueue("cam1", "clean", epoch)
    await registry.set_job("cam1", "clean", epoch, before="", job=job)
    for log in ("clean", keys.variant("clean", "vp8")):
        await command(redis_client, "XADD", keys.log("cam1", log), "*", "x", "y")
    await directory.remove_rendition("cam1", "clean")
    assert (await live(directory)).renditions == (keys.ENHANCED,)
    assert not await jobs.exists(job)
    assert await command(redis_client, "EXISTS", *keys.of_rendition("cam1", "clean")) == 0
    with pytest.raises(RenditionNotFound, match="enhanced"):
        await directory.remove_rendition("cam1", "clean")


@pytest.mark.parametrize("name", [keys.SOURCE, keys.ENHANCED])
async def test_the_source_and_the_default_rendition_stay(
    directory: StreamDirectory, redis_client: Redis, name: str
) -> None:
    await begin_stream(redis_client)
    with pytest.raises(RenditionFixed):
        await directory.remove_rendition("cam1", name)
    assert keys.ENHANCED in (await live(directory)).renditions


async def test_what_is_not_live_cannot_be_changed(directory: StreamDirectory) -> None:
    for attempt in (
        directory.put_rendition("cam1", "clean", SMALL),
        directory.remove_rendition("cam1", "clean"),
        directory.change("cam1", enhance=True, model=None),
        directory.end("cam1"),
    ):
        with pytest.raises(StreamNotFound):
            await attempt


async def test_only_what_is_named_changes_and_the_lead_is_told(
    directory: StreamDirectory, redis_client: Redis
) -> None:
    await begin_stream(redis_client, spec=RenditionSpec(model="live-s", strength=0.5))
    mailbox = to_lead(redis_client, "cam1")
    await mailbox.read(block_ms=1)
    await directory.change("cam1", enhance=False, model=None)
    found = await enhanced(redis_client)
    assert (found.enhance, found.model, found.strength) == (False, "live-s", 0.5)
    await directory.change("cam1", enhance=None, model="other", strength=0.0)
    found = await enhanced(redis_client)
    assert (found.enhance, found.model, found.strength) == (False, "other", 0.0)
    await directory.change("cam1", enhance=None, model=None)
    assert {type(message) for message in await told(mailbox)} == {RecordChanged}


async def test_the_spec_of_the_default_rendition_is_told_while_there_is_one(
    directory: StreamDirectory, redis_client: Redis
) -> None:
    assert await directory.default_spec("cam1") == RenditionSpec()
    await begin_stream(redis_client)
    await directory.put_rendition("cam1", keys.ENHANCED, RenditionSpec(factor=3))
    assert (await directory.default_spec("cam1")).factor == 3
    await command(redis_client, "HSET", keys.rendition("cam1", keys.ENHANCED), "factor", "much")
    assert await directory.default_spec("cam1") == RenditionSpec()


async def test_a_stream_of_another_node_ends_by_its_record_and_a_message(
    directory: StreamDirectory, redis_client: Redis
) -> None:
    await begin_stream(redis_client)
    mailbox = to_publisher(redis_client, "cam1")
    await mailbox.read(block_ms=1)
    await directory.end("cam1")
    assert (await live(directory)).ending
    assert [type(message) for message in await told(mailbox)] == [EndStream]


async def test_a_stream_of_this_node_ends_without_redis(away: StreamDirectory) -> None:
    client = connect("unix:///nonexistent/redis.sock")
    own = IngestSession(
        client, "cam1", 5, has_audio=False, on_key_frame_needed=lambda: None, grace_s=1.0
    )
    directory = make(client, own)
    assert await directory.is_kept("cam1")
    await directory.end("cam1")
    assert own.end_reason == "an operator ended the stream"
    await client.aclose()


async def test_a_record_that_nobody_touches_any_more_is_not_kept(
    directory: StreamDirectory, redis_client: Redis
) -> None:
    assert not await directory.is_kept("cam1")
    epoch = await begin_stream(redis_client)
    assert await directory.is_kept("cam1")
    await command(redis_client, "PEXPIRE", keys.record("cam1"), 1000)
    assert not await directory.is_kept("cam1")
    await StreamRegistry(redis_client).touch("cam1", epoch)
    assert await directory.is_kept("cam1")


async def test_while_redis_is_away_everything_says_so(away: StreamDirectory) -> None:
    record = StreamRecord(id="cam1", epoch=5, renditions=(keys.ENHANCED,))
    for attempt in (
        away.record("cam1"),
        away.records(),
        away.renditions(record),
        away.put_rendition("cam1", "clean", SMALL),
        away.remove_rendition("cam1", "clean"),
        away.is_kept("cam1"),
        away.change("cam1", enhance=True, model=None),
        away.default_spec("cam1"),
        away.end("cam1"),
    ):
        with pytest.raises(RedisAway):
            await attempt


async def test_a_rendition_whose_record_is_damaged_can_be_removed(
    directory: StreamDirectory, redis_client: Redis
) -> None:
    await begin_stream(redis_client)
    await directory.put_rendition("cam1", "clean", SMALL)
    await command(redis_client, "SET", keys.rendition("cam1", "clean"), "no hash")
    assert "clean" not in await directory.renditions(await live(directory))
    await directory.remove_rendition("cam1", "clean")
    assert (await live(directory)).renditions == (keys.ENHANCED,)
    assert await command(redis_client, "EXISTS", keys.rendition("cam1", "clean")) == 0
