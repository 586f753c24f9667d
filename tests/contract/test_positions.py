"""Readers whose stream began anew, with smaller ids than they have seen."""

from __future__ import annotations

import pytest

from tests.contract.admin import command
from tests.contract.test_log import append, sequences, source_reader, source_writer
from tests.contract.units import batch, video
from tests.records import begin_stream, take_lead
from wire import keys
from wire.batch import encode_batch
from wire.connection import Redis
from wire.control import EndStream, RecordChanged, to_lead
from wire.errors import StreamGone
from wire.log import LogWriter
from wire.stream_record import StreamRegistry

FUTURE = "99999999999999-0"
"""An id by a clock that is ahead by a thousand years."""


async def test_a_reader_goes_on_after_the_log_began_anew_with_the_clock_set_back(
    client: Redis,
) -> None:
    writer, reader = await source_writer(client), source_reader(client)
    key = keys.log("cam1", keys.SOURCE)
    data = encode_batch(batch(writer.epoch, video(1, key=True)))
    await command(client, "XADD", key, FUTURE, "k", "1", "b", data)
    assert sequences(await reader.read(block_ms=100)) == [1]
    await command(client, "DEL", key)
    await append(writer, 2, 3, keys_at=(2,))
    assert await reader.read(block_ms=1) == []
    assert sequences(await reader.read(block_ms=1)) == [2, 3]


async def test_a_reader_that_met_an_error_looks_at_once(client: Redis) -> None:
    writer, reader = await source_writer(client), source_reader(client)
    key = keys.log("cam1", keys.SOURCE)
    data = encode_batch(batch(writer.epoch, video(1, key=True)))
    await command(client, "XADD", key, FUTURE, "k", "1", "b", data)
    await reader.read(block_ms=100)
    await command(client, "DEL", key)
    await command(client, "SET", key, "an error")
    assert await reader.read(block_ms=1) == []
    await append(writer, 2, keys_at=(2,))
    assert sequences(await reader.read(block_ms=1)) == [2]


async def test_what_was_read_is_not_read_again_after_a_failover_lost_the_end(
    client: Redis,
) -> None:
    writer, reader = await source_writer(client), source_reader(client)
    key = keys.log("cam1", keys.SOURCE)
    await append(writer, 1, 2, keys_at=(1,))
    last = encode_batch(batch(writer.epoch, video(3)))
    await command(client, "XADD", key, FUTURE, "k", "0", "b", last)
    assert sequences(await reader.read(block_ms=100)) == [1, 2, 3]
    # The replica that became master never got the last entry.
    await command(client, "XDEL", key, FUTURE)
    assert await reader.read(block_ms=1) == []
    await command(client, "DEL", key)
    await append(writer, 1, 2, 4, keys_at=(1,))
    assert sequences(await reader.read(block_ms=1)) == [4]
    assert reader.stale_units == 2


async def test_an_older_writer_is_not_followed(client: Redis) -> None:
    source_epoch = await begin_stream(client)
    epochs = [await take_lead(client, source_epoch, name) for name in ("a", "b")]
    reader = source_reader(client)
    key = keys.log("cam1", keys.SOURCE)
    for epoch, number in ((epochs[0], 1), (epochs[1], 1), (epochs[0], 2), (epochs[1], 2)):
        data = encode_batch(batch(epoch, video(number, key=True)))
        await command(client, "XADD", key, "*", "k", "1", "b", data)
    entries = await reader.read(block_ms=100)
    assert [entry.batch.epoch for entry in entries] == [epochs[0], epochs[1], epochs[1]]
    assert reader.stale_units == 1


async def test_the_log_of_a_server_whose_clock_was_set_back_is_still_trimmed(
    client: Redis,
) -> None:
    writer = await source_writer(client)
    key = keys.log("cam1", keys.SOURCE)
    data = encode_batch(batch(writer.epoch, video(0)))
    await command(client, "XADD", key, FUTURE, "k", "0", "b", data)
    for number in range(1, 101):  # ten seconds, with a key frame in each
        each = batch(writer.epoch, video(number, key=number % 10 == 0))
        await writer.append(each, now_ms=number * 100)
    assert await command(client, "XLEN", key) <= 40


async def test_a_log_that_began_anew_with_the_clock_set_back_keeps_what_is_appended(
    client: Redis,
) -> None:
    writer, key = await source_writer(client), keys.log("cam1", keys.SOURCE)
    await command(client, "XADD", key, FUTURE, "k", "0", "b", "what was there")
    for number in range(30):  # three seconds, whose ids follow the one from the future
        each = batch(writer.epoch, video(number, key=number % 10 == 0))
        await writer.append(each, now_ms=number * 100)
    await command(client, "DEL", key, keys.record("cam1"))
    with pytest.raises(StreamGone):
        await writer.append(batch(writer.epoch, video(30)), now_ms=3_000)
    await StreamRegistry(client).create("cam1", epoch=writer.epoch)
    for number in range(31, 60):
        each = batch(writer.epoch, video(number, key=number % 10 == 0))
        await writer.append(each, now_ms=number * 100)
        kept = await command(client, "XLEN", key)
        assert kept >= min(number - 30, 10)


async def test_a_mailbox_that_began_anew_is_read_on(client: Redis) -> None:
    box, key = to_lead(client, "cam1"), keys.control("cam1")
    await command(client, "XADD", key, FUTURE, "m", b'{"type":"record_changed"}')
    await box.read(block_ms=1)
    await command(client, "DEL", key)
    await to_lead(client, "cam1").send(EndStream())
    assert await box.read(block_ms=1) == [EndStream()]
    await to_lead(client, "cam1").send(RecordChanged())
    assert await box.read(block_ms=100) == [RecordChanged()]


async def test_a_new_publishers_epoch_is_greater_than_what_its_app_knows_and_finds_no_log(
    client: Redis,
) -> None:
    registry = StreamRegistry(client)
    ahead = 2**52
    writer = LogWriter(client, stream="cam1", rendition=keys.SOURCE, epoch=ahead)
    await registry.create("cam1", epoch=ahead)
    await append(writer, 1, keys_at=(1,))
    await command(client, "DEL", keys.record("cam1"))
    epoch = await registry.create("cam1", above=ahead)
    assert epoch == ahead + 1
    assert not await command(client, "EXISTS", keys.log("cam1", keys.SOURCE))
