"""A server whose memory is full: what is live goes on with less."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.admin import command
from tests.contract.test_heartbeat import beat
from tests.contract.test_log import append, sequences, source_reader, source_writer
from tests.contract.units import batch, video
from tests.records import begin_stream, take_lead
from tests.redis_servers import Server, free_ports, running
from wire import keys
from wire.connection import Redis, connect
from wire.control import EndStream, to_lead
from wire.errors import LogFull, ServerFull
from wire.heartbeat import Heartbeats
from wire.jobs import JobQueue
from wire.retention import RESERVE_BYTES, Retention
from wire.stream_record import StreamRegistry

STREAM = "cam1"


@contextlib.asynccontextmanager
async def full(client: Redis) -> AsyncIterator[None]:
    """Makes the server's memory full for the block."""
    await command(client, "CONFIG", "SET", "maxmemory", "1")
    try:
        yield
    finally:
        await command(client, "CONFIG", "SET", "maxmemory", "512mb")


async def test_records_jobs_messages_and_heartbeats_outlive_a_full_server(client: Redis) -> None:
    registry, queue = StreamRegistry(client), JobQueue(client, consumer="a")
    await queue.claim(block_ms=1)
    box = to_lead(client, STREAM)
    await box.read(block_ms=1)
    async with full(client):
        epoch = await begin_stream(client, STREAM, state="connecting")
        await registry.touch(STREAM, epoch, renditions=[keys.ENHANCED], state="live")
        await registry.set_config(STREAM, epoch, ending=True)
        job = await queue.enqueue(STREAM, keys.ENHANCED, epoch)
        claimed = await queue.claim(block_ms=100)
        assert claimed is not None
        await take_lead(client, epoch, job=job)
        assert await queue.renew(claimed)
        await to_lead(client, STREAM).send(EndStream())
        assert await box.read(block_ms=100) == [EndStream()]
        await Heartbeats(client).beat(beat("a"))
        assert [each.name for each in await Heartbeats(client).list()] == ["a"]
    record = await registry.get(STREAM)
    assert (record.state, record.ending, record.epoch) == ("live", True, epoch)


async def test_a_full_server_makes_a_log_short_and_loses_no_unit(
    client: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    writer, reader = await source_writer(client), source_reader(client)
    got: list[int] = []
    for number in range(60):
        unit = video(number, key=number == 0, size=RESERVE_BYTES // 10)
        if number < 20:
            await writer.append(batch(writer.epoch, unit), now_ms=number * 33)
        else:
            async with full(client):
                await writer.append(batch(writer.epoch, unit), now_ms=number * 33)
        got += sequences(await reader.read(block_ms=100))
        if number >= 20:
            kept = await command(client, "XLEN", keys.log(STREAM, keys.SOURCE))
            assert kept <= 10
    assert got == list(range(60))
    said = [record for record in caplog.records if getattr(record, "action", "") == "redis_full"]
    assert len(said) == 1


async def test_a_log_that_does_not_exist_yet_begins_on_a_full_server(client: Redis) -> None:
    writer = await source_writer(client)
    async with full(client):
        await append(writer, 1, 2, keys_at=(1,))
    assert sequences(await source_reader(client).read(block_ms=100)) == [1, 2]


async def test_a_full_budget_refuses_until_the_next_key_frame(client: Redis) -> None:
    writer = await source_writer(client, Retention(max_bytes=10_000))
    await append(writer, 0, keys_at=(0,))
    with pytest.raises(LogFull):
        for number in range(1, 10):
            unit = video(number, size=2_000)
            await writer.append(batch(writer.epoch, unit), now_ms=number)
    await writer.append(batch(writer.epoch, video(20, key=True, size=5_000)), now_ms=20)
    assert sequences(await source_reader(client).read(block_ms=100)) == [20]


async def test_a_full_disk_is_waited_out(tmp_path: Path) -> None:
    """A server that keeps snapshots and cannot write one refuses all writes."""
    (port,) = free_ports(1)
    server = Server(tmp_path, port)
    with running(server):
        client = connect(f"redis://127.0.0.1:{port}")
        writer, reader = await source_writer(client), source_reader(client)
        await append(writer, 1, keys_at=(1,))
        await client.execute("CONFIG", "SET", "save", "1 1")
        shutil.rmtree(server.folder)
        await client.execute("BGSAVE")
        async with asyncio.timeout(10):
            while b"bgsave_status:err" not in await client.execute("INFO"):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        for work in (
            append(writer, 2),
            StreamRegistry(client).touch(STREAM, writer.epoch),
            JobQueue(client).enqueue(STREAM, keys.ENHANCED, 1),
        ):
            with pytest.raises(ServerFull, match="MISCONF"):
                await work
        assert sequences(await reader.read(block_ms=100)) == [1]  # what is there can be read
        await client.execute("CONFIG", "SET", "save", "")
        await append(writer, 3)
        assert sequences(await reader.read(block_ms=100)) == [3]
        await client.aclose()
