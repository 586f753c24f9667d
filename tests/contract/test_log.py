from __future__ import annotations

import asyncio
import time

import pytest

from tests.contract.admin import command
from tests.contract.units import audio, batch, video
from tests.records import begin_stream, take_lead
from wire import keys
from wire.connection import REDIS_DOWN, Redis, connect, wait_until_up
from wire.embedded import EmbeddedServer
from wire.errors import BadBatch, Fenced, StreamGone
from wire.log import EXPIRY_MS, Entry, LogReader, LogWriter, newest_pts
from wire.rendition_record import RenditionRegistry, RenditionSpec
from wire.retention import Retention
from wire.stream_record import StreamRegistry

STREAM = "cam1"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


async def source_writer(client: Redis, retention: Retention | None = None) -> LogWriter:
    epoch = await StreamRegistry(client).create(STREAM)
    return LogWriter(
        client,
        stream=STREAM,
        rendition=keys.SOURCE,
        epoch=epoch,
        retention=retention,
    )


def source_reader(client: Redis) -> LogReader:
    return LogReader(client, stream=STREAM, rendition=keys.SOURCE)


def sequences(entries: list[Entry]) -> list[int]:
    return [unit.sequence for entry in entries for unit in entry.batch.units]


async def append(writer: LogWriter, *numbers: int, keys_at: tuple[int, ...] = ()) -> None:
    for number in numbers:
        unit = video(number, key=number in keys_at)
        await writer.append(batch(writer.epoch, unit), now_ms=now_ms())


async def test_what_was_appended_is_read_in_order_and_unchanged(client: Redis) -> None:
    writer, reader = await source_writer(client), source_reader(client)
    sent = [batch(writer.epoch, video(1, key=True), audio(1)), batch(writer.epoch, video(2))]
    ids = [await writer.append(each, now_ms=now_ms()) for each in sent]
    entries = await reader.read(block_ms=100)
    assert [entry.batch for entry in entries] == sent
    assert [entry.id for entry in entries] == ids
    assert await reader.read(block_ms=1) == []


async def test_a_reader_reads_at_most_count_entries_at_a_time(client: Redis) -> None:
    writer, reader = await source_writer(client), source_reader(client)
    await append(writer, *range(10))
    assert sequences(await reader.read(block_ms=100, count=4)) == [0, 1, 2, 3]
    assert sequences(await reader.read(block_ms=100, count=64)) == [4, 5, 6, 7, 8, 9]


async def test_replay_starts_at_the_last_key_frame(client: Redis) -> None:
    writer, reader = await source_writer(client), source_reader(client)
    await append(writer, *range(10), keys_at=(0, 6))
    assert await reader.seek_last_key_frame()
    assert sequences(await reader.read(block_ms=100)) == [6, 7, 8, 9]


async def test_replay_finds_a_key_frame_many_pages_back(client: Redis) -> None:
    writer, reader = await source_writer(client), source_reader(client)
    await append(writer, *range(150), keys_at=(0, 3))
    assert await reader.seek_last_key_frame()
    assert sequences(await reader.read(block_ms=100, count=200))[0] == 3


async def test_without_a_key_frame_replay_waits_at_the_end(client: Redis) -> None:
    writer, reader = await source_writer(client), source_reader(client)
    assert not await reader.seek_last_key_frame()
    await append(writer, 1, 2)
    await writer.append(batch(writer.epoch, audio(1)), now_ms=now_ms())
    assert not await reader.seek_last_key_frame()
    await append(writer, 3, keys_at=(3,))
    assert sequences(await reader.read(block_ms=100)) == [3]


async def test_a_blocked_reader_wakes_on_append(client: Redis) -> None:
    writer, reader = await source_writer(client), source_reader(client)
    async with asyncio.TaskGroup() as group:
        reading = group.create_task(reader.read(block_ms=8_000), name="read")
        await asyncio.sleep(0.05)
        started = time.monotonic()
        await append(writer, 7)
        entries = await reading
    assert sequences(entries) == [7]
    assert time.monotonic() - started < 1.0


async def test_cancelled_reads_lose_nothing_and_mix_up_no_answers(client: Redis) -> None:
    writer, reader = await source_writer(client), source_reader(client)
    await append(writer, 0, keys_at=(0,))
    await reader.read(block_ms=100)
    got: list[int] = []
    for number in range(1, 30):
        reading = asyncio.create_task(reader.read(block_ms=5_000), name="read")
        await asyncio.sleep(0.001 * (number % 4))
        if number % 2:
            reading.cancel()
        else:
            await append(writer, number)
        answers = await asyncio.gather(reading, return_exceptions=True)
        got += [n for answer in answers if isinstance(answer, list) for n in sequences(answer)]
        if number % 2:
            await append(writer, number)
        assert await command(client, "ECHO", str(number)) == str(number).encode()
    got += sequences(await reader.read(block_ms=10))
    assert got == list(range(1, 30))


async def test_a_read_ends_at_once_at_whichever_moment_it_is_cancelled(client: Redis) -> None:
    reader = source_reader(client)
    for number in range(60):
        reading = asyncio.create_task(reader.read(block_ms=8_000), name="read")
        await asyncio.sleep(0.0001 * (number % 20))
        reading.cancel()
        async with asyncio.timeout(1.0):
            await asyncio.wait([reading])
        assert reading.cancelled()


async def test_a_read_that_takes_too_long_is_given_up(server: EmbeddedServer) -> None:
    client = connect(server.url, command_s=0.05)
    with pytest.raises(REDIS_DOWN):
        await source_reader(client).read(block_ms=8_000)
    assert await command(client, "ECHO", "1") == b"1"
    await client.aclose()


async def test_an_append_of_another_epoch_is_fenced(client: Redis) -> None:
    writer = await source_writer(client)
    late = LogWriter(
        client,
        stream=STREAM,
        rendition=keys.SOURCE,
        epoch=writer.epoch - 1,
    )
    with pytest.raises(Fenced, match="no longer owns the log of cam1"):
        await append(late, 1)
    assert await source_reader(client).read(block_ms=1) == []


async def test_of_two_leads_only_the_later_one_writes(client: Redis) -> None:
    source_epoch = await begin_stream(client)
    writers = []
    for worker in ("a", "b"):
        epoch = await take_lead(client, source_epoch, worker)
        writers.append(LogWriter(client, stream=STREAM, rendition="enhanced", epoch=epoch))
        await append(writers[-1], epoch & 0xFF, keys_at=(epoch & 0xFF,))
    with pytest.raises(Fenced):
        await append(writers[0], 1)
    await append(writers[1], 2)
    entries = await LogReader(client, stream=STREAM, rendition="enhanced").read(block_ms=1)
    epochs = [entry.batch.epoch for entry in entries]
    assert epochs == [writers[0].epoch, writers[1].epoch, writers[1].epoch]
    assert epochs[0] < epochs[1]


async def test_nothing_can_be_appended_after_the_stream_ended(client: Redis) -> None:
    writer = await source_writer(client)
    await append(writer, 1, keys_at=(1,))
    assert await StreamRegistry(client).end(STREAM, writer.epoch, ("enhanced",))
    with pytest.raises(StreamGone, match="stream cam1 has no record"):
        await append(writer, 2)
    assert await command(client, "KEYS", "*") == []


@pytest.mark.parametrize("name", ["sharp", "sharp-vp8"])
async def test_after_a_rendition_was_removed_its_writer_is_told_that_and_of_no_end_of_the_stream(
    client: Redis, name: str
) -> None:
    source = await source_writer(client)
    renditions = RenditionRegistry(client)
    await renditions.ensure(STREAM, "sharp", source.epoch, RenditionSpec())
    epoch = await renditions.take_lead(STREAM, "sharp", source.epoch, "w")
    writer = LogWriter(client, stream=STREAM, rendition=name, epoch=epoch)
    await append(writer, 1)
    await renditions.remove(STREAM, "sharp", source.epoch)
    with pytest.raises(StreamGone, match="^stream cam1 has no rendition sharp in Redis$"):
        await append(writer, 2)
    await append(source, 1)


async def test_nothing_can_be_appended_after_the_server_lost_its_data(
    server: EmbeddedServer, client: Redis
) -> None:
    writer = await source_writer(client)
    await append(writer, 1)
    server.restart()
    assert await wait_until_up(client, 5.0)
    with pytest.raises(StreamGone):
        await append(writer, 2)
    await StreamRegistry(client).create(STREAM, epoch=writer.epoch)
    await append(writer, 3)
    assert sequences(await source_reader(client).read(block_ms=1)) == [3]


async def test_a_reader_meets_a_dead_server_with_one_of_the_named_errors(
    server: EmbeddedServer,
) -> None:
    client = connect(server.url)
    reader = source_reader(client)
    while await reader.read(block_ms=1):  # An earlier test may have left entries.
        pass
    async with asyncio.TaskGroup() as group:
        reading = group.create_task(_outcome(reader), name="read")
        await asyncio.sleep(0.05)
        server.restart()
        assert isinstance(await reading, REDIS_DOWN)
    assert await wait_until_up(client, 5.0)
    await client.aclose()


async def _outcome(reader: LogReader) -> Exception | None:
    try:
        await reader.read(block_ms=5_000)
    except REDIS_DOWN as error:
        return error
    return None


async def test_entries_before_the_last_key_frame_are_trimmed_after_the_grace(
    client: Redis,
) -> None:
    writer = await source_writer(client, Retention(grace_s=0.0))
    reader = source_reader(client)
    await append(writer, 0, 1, keys_at=(0,))
    await asyncio.sleep(0.55)  # less is not worth a trim
    await append(writer, 2, 3, keys_at=(2,))
    deadline = time.monotonic() + 3.0
    number = 4
    while (have := sequences(await _all(client)))[0] == 0:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
        await append(writer, number)
        number += 1
    assert have == list(range(2, number))
    assert await reader.seek_last_key_frame()


async def _all(client: Redis) -> list[Entry]:
    return await source_reader(client).read(block_ms=1, count=1000)


async def test_old_entries_are_trimmed_without_any_key_frame(client: Redis) -> None:
    writer = await source_writer(client, Retention(max_age_s=0.1))
    deadline = time.monotonic() + 3.0
    number = 0
    while not (have := sequences(await _all(client))) or have[0] == 0:
        assert time.monotonic() < deadline
        await append(writer, number)
        number += 1
        await asyncio.sleep(0.05)
    assert have == list(range(have[0], number))


@pytest.mark.parametrize("ahead_ms", [-3_600_000, 3_600_000])
async def test_a_writer_with_a_wrong_clock_trims_nothing_it_should_keep(
    client: Redis, ahead_ms: int
) -> None:
    writer = await source_writer(client)
    for number in range(20):
        each = batch(writer.epoch, video(number, key=number % 5 == 0))
        await writer.append(each, now_ms=now_ms() + ahead_ms)
    assert sequences(await _all(client)) == list(range(20))


async def test_a_log_expires_even_if_it_never_had_a_key_frame(client: Redis) -> None:
    writer = await source_writer(client)
    await append(writer, 1)
    left_ms = await command(client, "PTTL", keys.log(STREAM, keys.SOURCE))
    assert EXPIRY_MS - 5_000 < left_ms <= EXPIRY_MS


async def test_an_append_prolongs_the_life_of_a_log_without_key_frames(client: Redis) -> None:
    writer = await source_writer(client)
    await append(writer, 1, keys_at=(1,))
    await command(client, "PEXPIRE", keys.log(STREAM, keys.SOURCE), 1_000)
    await append(writer, 2)
    assert await command(client, "PTTL", keys.log(STREAM, keys.SOURCE)) > EXPIRY_MS - 5_000


async def test_entries_that_are_no_batch_are_counted_and_passed_over(client: Redis) -> None:
    writer, reader = await source_writer(client), source_reader(client)
    key = keys.log(STREAM, keys.SOURCE)
    await command(client, "XADD", key, "*", "k", "1", "b", b"SCFB rubbish")
    await command(client, "XADD", key, "*", "other", "field")
    await append(writer, 1, keys_at=(1,))
    assert sequences(await reader.read(block_ms=100)) == [1]
    assert reader.bad_entries == 2


async def test_a_batch_that_cannot_be_parsed_is_not_appended(client: Redis) -> None:
    writer = await source_writer(client)
    with pytest.raises(BadBatch):
        await writer.append(batch(writer.epoch), now_ms=now_ms())
    assert not await command(client, "EXISTS", keys.log(STREAM, keys.SOURCE))


async def test_a_cleared_log_is_empty_and_goes_on_with_greater_ids(client: Redis) -> None:
    writer, reader = await source_writer(client), source_reader(client)
    await append(writer, 1, 2, keys_at=(1,))
    seen = await reader.read(block_ms=100)
    await writer.clear()
    newcomer = source_reader(client)
    assert not await newcomer.seek_last_key_frame()
    await append(writer, 3, keys_at=(3,))
    (entry,) = await newcomer.read(block_ms=100)
    assert sequences([entry]) == [3] and entry.id > seen[-1].id
    assert sequences(await reader.read(block_ms=100)) == [3]


async def test_only_the_owner_of_a_log_clears_it(client: Redis) -> None:
    writer = await source_writer(client)
    await append(writer, 1, keys_at=(1,))
    await command(client, "HSET", keys.record(STREAM), "epoch", writer.epoch + 1)
    with pytest.raises(Fenced):
        await writer.clear()
    await command(client, "DEL", keys.record(STREAM))
    with pytest.raises(StreamGone):
        await writer.clear()
    assert len(await source_reader(client).read(block_ms=100)) == 1


async def test_the_time_of_the_newest_unit_is_told(client: Redis) -> None:
    assert await newest_pts(client, stream=STREAM, rendition=keys.SOURCE) == -1
    writer = await source_writer(client)
    await append(writer, 0, 1, 2, keys_at=(0,))
    assert await newest_pts(client, stream=STREAM, rendition=keys.SOURCE) == video(2).pts
    await writer.append(batch(writer.epoch, audio(3)), now_ms=now_ms())
    assert await newest_pts(client, stream=STREAM, rendition=keys.SOURCE) == -1


async def test_a_log_that_cannot_be_read_tells_no_time(client: Redis) -> None:
    name = keys.log(STREAM, keys.SOURCE)
    await command(client, "XADD", name, "*", "b", "no batch")
    assert await newest_pts(client, stream=STREAM, rendition=keys.SOURCE) == -1
    await command(client, "DEL", name)
    await command(client, "SET", name, "text")
    assert await newest_pts(client, stream=STREAM, rendition=keys.SOURCE) == -1
