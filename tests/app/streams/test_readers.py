"""Which readers run, and when one ends: ``readers.py``."""

from __future__ import annotations

import asyncio

import pytest

from app.errors import RedisAway
from app.streams.readers import ReaderTimes, RenditionReaders
from tests.app import fakes
from tests.app.peers import no_tasks_but, until
from wire import keys
from wire.connection import Redis
from wire.stream_record import StreamRecord

QUICK = ReaderTimes(linger_s=0.05, over_s=0.05, check_s=0.01)
RECORD = StreamRecord(id="cam1", epoch=5)


async def live(stream: str) -> StreamRecord | None:
    return RECORD


def make(client: Redis, record: object = live, times: ReaderTimes = QUICK) -> RenditionReaders:
    return RenditionReaders(
        client,
        record=record,  # type: ignore[arg-type]
        ingest=lambda _: None,
        times=times,
    )


async def test_a_reader_that_could_not_be_checked_is_listed_no_more(
    redis_client: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(stream: str) -> StreamRecord | None:
        raise ZeroDivisionError

    readers = make(redis_client, broken)
    consumer = fakes.Consumer()
    readers.get(RECORD, keys.SOURCE).attach(consumer)
    await until(lambda: readers.all() == [])
    await until(lambda: consumer.ends == 1)
    # The consumer hears of the end before the task is over and its failure is logged.
    await until(lambda: "task_failed" in [getattr(r, "action", "") for r in caplog.records])


async def test_one_reader_serves_all_consumers_of_a_rendition(redis_client: Redis) -> None:
    readers = make(redis_client)
    reader = readers.get(RECORD, keys.SOURCE)
    assert readers.get(RECORD, keys.SOURCE) is reader
    assert readers.get(RECORD, keys.ENHANCED) is not reader
    assert readers.newest("cam1", keys.SOURCE) is reader
    newer = readers.get(StreamRecord(id="cam1", epoch=6), keys.SOURCE)
    assert readers.newest("cam1", keys.SOURCE) is newer
    assert readers.newest("cam2", keys.SOURCE) is None
    await readers.close()
    assert readers.all() == []


async def test_a_reader_ends_when_no_consumer_has_needed_it_for_a_while(
    redis_client: Redis,
) -> None:
    before = asyncio.all_tasks()
    readers = make(redis_client)
    source, enhanced = (readers.get(RECORD, name) for name in (keys.SOURCE, keys.ENHANCED))
    watching, leaving = fakes.Consumer(), fakes.Consumer()
    source.attach(watching)
    enhanced.attach(leaving)
    await asyncio.sleep(4 * QUICK.linger_s)
    assert readers.all() == [source, enhanced]
    enhanced.detach(leaving)
    # Whoever watches the source keeps no other rendition alive.
    await until(lambda: readers.all() == [source])
    assert watching.ends == 0
    source.detach(watching)
    await no_tasks_but(before)


@pytest.mark.parametrize("now", [None, StreamRecord(id="cam1", epoch=6)])
async def test_consumers_of_a_stream_that_is_over_are_told(
    redis_client: Redis, now: StreamRecord | None
) -> None:
    async def over(stream: str) -> StreamRecord | None:
        return now

    readers = make(redis_client, over, ReaderTimes(linger_s=60.0, over_s=0.05, check_s=0.01))
    consumer = fakes.Consumer()
    readers.get(RECORD, keys.SOURCE).attach(consumer)
    await until(lambda: consumer.ends == 1)
    assert readers.all() == []


async def test_nothing_ends_because_redis_is_away(redis_client: Redis) -> None:
    async def away(stream: str) -> StreamRecord | None:
        raise RedisAway

    readers = make(redis_client, away)
    consumer = fakes.Consumer()
    reader = readers.get(RECORD, keys.SOURCE)
    reader.attach(consumer)
    await asyncio.sleep(4 * QUICK.over_s)
    assert readers.all() == [reader]
    await readers.close()
    assert consumer.ends == 1
