"""Publications over a real server: ``ingest_session.py``."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator

import pytest

from app.streams import ingest_queue
from app.streams.ingest_session import IngestSession
from app.streams.ingest_state import State
from media.access_unit import AccessUnit, Checkpoint, Kind
from tests.app import fakes
from tests.app.peers import until
from tests.records import enhanced, take_lead
from wire import keys
from wire.connection import REDIS_DOWN, Redis, command, connect
from wire.control import EndStream, KeyFrameRequest, to_publisher
from wire.embedded import EmbeddedServer
from wire.errors import StreamGone
from wire.jobs import JobQueue
from wire.log import LogReader
from wire.stream_record import StreamRecord, StreamRegistry


@contextlib.asynccontextmanager
async def running(
    client: Redis, stream: str = "cam1", *, audio: bool = True
) -> AsyncIterator[tuple[IngestSession, fakes.KeyFrameWish]]:
    """A publication at work; ended at the end."""
    wish = fakes.KeyFrameWish()
    epoch = await StreamRegistry(client).create(stream, state="connecting", audio=audio)
    publication = IngestSession(client, stream, epoch, has_audio=audio, on_key_frame_needed=wish)
    task = asyncio.get_running_loop().create_task(publication.run(), name="publication")
    try:
        yield publication, wish
    finally:
        publication.end("the test is over")
        await task


async def read(reader: LogReader, count: int) -> list[AccessUnit]:
    found: list[AccessUnit] = []
    async with asyncio.timeout(10):
        while len(found) < count:
            for entry in await reader.read(block_ms=200):
                found += entry.batch.units
    return found


async def when(client: Redis, stream: str, **fields: object) -> StreamRecord:
    """Waits for the record to say this."""
    registry = StreamRegistry(client)
    async with asyncio.timeout(10):
        while True:
            try:
                record = await registry.get(stream)
            except (StreamGone, *REDIS_DOWN):
                record = None
            if record and all(getattr(record, name) == value for name, value in fields.items()):
                return record
            await asyncio.sleep(0.02)


async def test_the_log_holds_what_was_taken(redis_client: Redis) -> None:
    reader = LogReader(redis_client, stream="cam1", rendition=keys.SOURCE)
    units = fakes.group(0, 10)
    async with running(redis_client) as (publication, _):
        for unit in units:
            publication.take(unit)
        got = await read(reader, 10)
    assert [unit.payload for unit in got] == [unit.payload for unit in units]
    assert [unit.sequence for unit in got] == list(range(10))
    assert all(
        (unit.stamp(Checkpoint.LOGGED) or 0) >= (unit.stamp(Checkpoint.ARRIVED) or 1)
        for unit in got
    )
    assert publication.units_in == 10
    assert publication.dropped == {}


async def test_audio_shares_the_entry_of_the_video_that_follows(redis_client: Redis) -> None:
    reader = LogReader(redis_client, stream="cam1", rendition=keys.SOURCE)
    async with running(redis_client) as (publication, _):
        publication.take(fakes.audio(0))
        publication.take(fakes.video(0, key=True))
        await read(reader, 2)
        (row,) = await command(redis_client, "XRANGE", keys.log("cam1", keys.SOURCE), "-", "+")
        assert row[1][1] == b"1"  # the entry is marked as one with a key frame


async def test_audio_alone_is_written_too(redis_client: Redis) -> None:
    reader = LogReader(redis_client, stream="cam1", rendition=keys.SOURCE)
    async with running(redis_client) as (publication, _):
        publication.take(fakes.audio(0))
        (unit,) = await read(reader, 1)
    assert unit.kind is Kind.AUDIO


async def until_job(client: Redis) -> str:
    """Waits for the job of the default rendition; its entry id."""
    async with asyncio.timeout(10):
        while True:
            with contextlib.suppress(StreamGone, *REDIS_DOWN):
                if job := (await enhanced(client)).job:
                    return job
            await asyncio.sleep(0.01)


async def test_a_key_frame_makes_the_stream_live_and_its_job_is_offered(
    redis_client: Redis,
) -> None:
    queue = JobQueue(redis_client, consumer="w1")
    async with running(redis_client) as (publication, wish):
        await when(redis_client, "cam1", state="connecting")
        publication.take(fakes.video(0))
        assert not publication.is_live
        assert wish.count == 1  # nothing can start without one
        publication.take(fakes.video(1, key=True))
        assert publication.is_live
        record = await when(redis_client, "cam1", state="live", codec="h264", width=480)
        assert (record.height, record.audio) == (270, True)
        job = None
        async with asyncio.timeout(10):
            while job is None:
                job = await queue.claim(block_ms=100)
        assert (job.stream, job.rendition) == ("cam1", keys.ENHANCED)
        assert job.source_epoch == publication.epoch


async def test_the_end_removes_every_key(redis_client: Redis) -> None:
    async with running(redis_client) as (publication, _):
        publication.take(fakes.video(0, key=True))
        record = await when(redis_client, "cam1", state="live")
        await until_job(redis_client)
        await to_publisher(redis_client, "cam1").send(KeyFrameRequest(rendition="source"))
        for rendition in keys.logs_of(keys.ENHANCED):
            await command(redis_client, "XADD", keys.log("cam1", rendition), "*", "k", "1")
    assert record.epoch == publication.epoch
    left = await command(redis_client, "KEYS", "*")
    assert set(left) <= {b"jobs"}
    assert await command(redis_client, "XLEN", "jobs") == 0


@pytest.mark.parametrize("reason", ["message", "call"])
async def test_a_stream_can_be_ended_from_outside(redis_client: Redis, reason: str) -> None:
    async with running(redis_client) as (publication, _):
        publication.take(fakes.video(0, key=True))
        await when(redis_client, "cam1", state="live")
        if reason == "message":
            await to_publisher(redis_client, "cam1").send(EndStream())
        else:
            publication.end("enough")
        await until(lambda: publication.end_reason)
        publication.end("a later reason does not count")
        expected = "an operator ended the stream" if reason == "message" else "enough"
        assert publication.end_reason == expected


async def test_readers_can_ask_for_key_frames(redis_client: Redis) -> None:
    mailbox = to_publisher(redis_client, "cam1")
    async with running(redis_client) as (publication, wish):
        publication.take(fakes.video(0, key=True))
        await when(redis_client, "cam1", state="live")
        for _ in range(5):
            await mailbox.send(KeyFrameRequest(rendition="source"))
        await until(lambda: wish.count == 5)  # ``test_rtp_receiver.py``: how often it is told


async def test_a_fenced_publication_ends_and_leaves_the_others_keys(redis_client: Redis) -> None:
    async with running(redis_client) as (publication, _):
        publication.take(fakes.video(0, key=True))
        await when(redis_client, "cam1", state="live")
        await command(redis_client, "HSET", keys.record("cam1"), "epoch", "99")
        publication.take(fakes.video(1))
        await until(lambda: publication.end_reason)
    assert "took the stream over" in publication.end_reason
    assert (await StreamRegistry(redis_client).get("cam1")).epoch == 99


async def test_after_a_restart_of_redis_the_log_goes_on_without_a_new_key_frame(
    own_server: EmbeddedServer, own_client: Redis, fresh_client: Redis
) -> None:
    async with running(own_client) as (publication, wish):
        publication.take(fakes.video(0, key=True))
        before = await when(own_client, "cam1", state="live")
        await until_job(own_client)
        asked = wish.count
        own_server.restart()
        after = await when(own_client, "cam1", state="live", codec="h264")
        assert (after.epoch, after.started_us) == (before.epoch, before.started_us)
        queue = JobQueue(fresh_client, consumer="w1")
        job = None
        async with asyncio.timeout(10):
            while job is None:
                job = await queue.claim(block_ms=100)
        assert job.source_epoch == before.epoch
        # The last group of pictures is in the log again, and nobody was asked for a key frame.
        reader = LogReader(fresh_client, stream="cam1", rendition=keys.SOURCE)
        assert [unit.pts for unit in await read(reader, 1)] == [0]
        publication.take(fakes.video(5))
        assert [unit.pts for unit in await read(reader, 1)] == [15_000]
        assert wish.count == asked
        assert publication.end_reason == ""


async def test_nothing_grows_while_redis_hangs(
    own_server: EmbeddedServer, own_client: Redis
) -> None:
    async with running(own_client) as (publication, wish):
        publication.take(fakes.video(0, key=True))
        await when(own_client, "cam1", state="live")
        os.kill(own_server.pid, signal.SIGSTOP)
        try:
            asked = wish.count
            for sequence in range(1, 3 * ingest_queue.MAX_UNITS):
                publication.take(fakes.video(sequence))
                if sequence % 50 == 0:
                    await asyncio.sleep(0)
            assert len(publication._backlog) <= ingest_queue.MAX_UNITS
            assert sum(publication.dropped.values()) >= ingest_queue.MAX_UNITS
            assert wish.count > asked
        finally:
            os.kill(own_server.pid, signal.SIGCONT)
        reader = LogReader(own_client, stream="cam1", rendition=keys.SOURCE)
        while await reader.read(block_ms=1):
            pass
        publication.take(fakes.video(9000, key=True))
        async with asyncio.timeout(10):
            while 27_000_000 not in [u.pts for u in await read(reader, 1)]:
                pass


async def test_an_end_without_redis_is_not_held_up(caplog: pytest.LogCaptureFixture) -> None:
    with EmbeddedServer() as server:
        client = connect(server.url)
        async with running(client) as (publication, _):
            publication.take(fakes.video(0, key=True))
            await when(client, "cam1", state="live")
            server.stop()
        await client.aclose()
    assert "its record will expire" in caplog.text


async def test_an_operators_end_stands_in_the_record_too(redis_client: Redis) -> None:
    """The message of another app was missed."""
    async with running(redis_client) as (publication, _):
        publication.take(fakes.video(0, key=True))
        await when(redis_client, "cam1", state="live")
        registry = StreamRegistry(redis_client)
        await registry.set_config("cam1", publication.epoch, ending=True)
        await until(lambda: publication.end_reason == "an operator ended the stream")


async def test_a_lost_answer_to_the_offer_makes_no_second_job(redis_client: Redis) -> None:
    queue = JobQueue(redis_client, consumer="w")
    await queue.claim(block_ms=1)
    async with running(redis_client) as (publication, _):
        # The answer was lost, so the publication knows nothing of this one, which is led already.
        await when(redis_client, "cam1", renditions=(keys.ENHANCED,))
        lost = await queue.enqueue("cam1", keys.ENHANCED, publication.epoch)
        await take_lead(redis_client, publication.epoch, job=lost)
        publication.take(fakes.video(0, key=True))
        await when(redis_client, "cam1", state="live")
        assert await until_job(redis_client) == lost
        assert await command(redis_client, "XLEN", keys.JOBS) == 1


async def test_a_connection_that_speaks_again_is_asked_for_a_key_frame(redis_client: Redis) -> None:
    async with running(redis_client) as (publication, wish):
        publication.take(fakes.video(0, key=True))
        publication.take(fakes.video(1))
        assert (publication.state, wish.count) == (State.LIVE, 0)
        publication.lose_connection("nothing arrived")
        publication.take(fakes.video(2))
        assert (publication.state, wish.count) == (State.AWAY, 1)
        publication.take(fakes.video(3, key=True))
        assert publication.state is State.LIVE
