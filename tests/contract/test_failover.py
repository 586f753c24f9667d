"""A master dies in mid-stream: writers and readers go on with the one that follows it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.streams.ingest_session import IngestSession
from tests.contract.units import video
from tests.records import take_lead
from tests.redis_servers import Cluster, Sentinels, Server
from wire import keys
from wire.connection import REDIS_DOWN, Redis, connect
from wire.jobs import JobQueue
from wire.log import LogReader
from wire.stream_record import StreamRegistry

FPS = 30


class Broadcast:
    """A publication that is fed at thirty frames per second, key frames when it asks."""

    def __init__(self, client: Redis, epoch: int) -> None:
        self._wants_key = True
        self.sent = 0
        self.publication = IngestSession(
            client, "cam1", epoch, has_audio=False, on_key_frame_needed=self._want_key
        )

    def _want_key(self) -> None:
        self._wants_key = True

    async def play(self) -> None:
        """Sends until cancelled."""
        while True:
            unit = video(self.sent, key=self._wants_key, size=500)
            self._wants_key = False
            self.publication.take(unit)
            self.sent += 1
            await asyncio.sleep(1 / FPS)


class Follower:
    """Reads the source log, and notes what it got."""

    def __init__(self, client: Redis) -> None:
        self._reader = LogReader(client, stream="cam1", rendition=keys.SOURCE)
        self.got: list[int] = []

    async def read(self) -> None:
        """Reads until cancelled."""
        while True:
            try:
                entries = await self._reader.read(block_ms=500)
            except REDIS_DOWN:
                await asyncio.sleep(0.05)
                continue
            self.got += [unit.sequence for entry in entries for unit in entry.batch.units]


@contextlib.asynccontextmanager
async def broadcasting(url: str) -> AsyncIterator[tuple[Broadcast, Follower, Redis]]:
    """A publication at work and somebody who reads it, each with a client of its own."""
    writer, reader = connect(url, prefix="f:"), connect(url, prefix="f:")
    epoch = await StreamRegistry(writer).create("cam1")
    broadcast, follower = Broadcast(writer, epoch), Follower(reader)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(broadcast.publication.run(), name="publication")
        others = [
            group.create_task(work, name="work") for work in (broadcast.play(), follower.read())
        ]
        yield broadcast, follower, reader
        broadcast.publication.end("the test is over")
        await running
        for task in others:
            task.cancel()
    for client in (writer, reader):
        await client.aclose()


async def until_got(follower: Follower, number: int) -> None:
    async with asyncio.timeout(20):
        while len(follower.got) < number:  # noqa: ASYNC110 - a list tells nobody
            await asyncio.sleep(0.02)


async def goes_on(url: str, kill: list[Server]) -> None:
    """Checks what must hold of any fail-over when these servers are killed."""
    async with broadcasting(url) as (broadcast, follower, client):
        await until_got(follower, 20)
        for server in kill:
            server.kill()
        before = len(follower.got)
        await until_got(follower, before + 60)
        got, dropped = follower.got, sum(broadcast.publication.dropped.values())
        assert got == sorted(set(got)), "out of order, or twice"
        # What was lost was dropped and counted; but for what the dead master took and its replica
        # had not got yet.
        lost = got[-1] + 1 - len(got)
        assert abs(lost - dropped) <= 15
        assert not broadcast.publication.end_reason
        # The job is there, and a worker can lead.
        queue = JobQueue(client, consumer="w")
        async with asyncio.timeout(10):
            while (job := await queue.claim(block_ms=100)) is None:
                pass
        lead = await take_lead(client, job.source_epoch, job=job.entry)
        assert lead > job.source_epoch
        assert await queue.renew(job)


async def test_a_stream_outlives_its_master_under_sentinels(tmp_path: Path) -> None:
    sentinels = Sentinels(tmp_path)
    with sentinels.running():
        await goes_on(sentinels.url, [sentinels.data[0]])


async def test_a_stream_outlives_a_master_of_its_cluster(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path, replicas=True)
    with cluster.running():
        owner = connect(cluster.url)
        slot = await owner.of_each_server("CLUSTER", "KEYSLOT", "f:{cam1}:source")
        index = next(n for n, end in enumerate((5461, 10923, 16384)) if slot[0] < end)
        await owner.aclose()
        await goes_on(cluster.url, [cluster.servers[index]])


async def test_a_slot_that_moves_in_mid_stream_is_followed(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path)
    with cluster.running():
        async with broadcasting(cluster.url) as (broadcast, follower, client):
            await until_got(follower, 10)
            number = (await client.of_each_server("CLUSTER", "KEYSLOT", "f:{cam1}:source"))[0]
            index = next(n for n, end in enumerate((5461, 10923, 16384)) if number < end)
            source, target = cluster.servers[index], cluster.servers[(index + 1) % 3]
            names = [
                (server.ask("CLUSTER", "MYID") or "").split("\r\n")[1]
                for server in (source, target)
            ]
            slot = str(number)
            other = connect(cluster.url)
            asked = [("HGETALL", f"f:stream:{{{name}}}") for name in ("cam1", "cam2", "cam3")]
            before = [each async for each in other.answers(asked)]
            target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", names[0])
            source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", names[1])
            await asyncio.sleep(0.2)
            for key in ("f:stream:{cam1}", "f:{cam1}:source", "f:{cam1}:feedback"):
                source.ask("MIGRATE", "127.0.0.1", str(target.port), key, "0", "2000")
            for server in cluster.servers:
                server.ask("CLUSTER", "SETSLOT", slot, "NODE", names[1])
            await until_got(follower, len(follower.got) + 30)
            assert follower.got == sorted(set(follower.got))
            assert not broadcast.publication.end_reason
            # Its map is the old one, and only the key that has moved is asked for again.
            after = [each async for each in other.answers(asked)]
            assert [bool(each) for each in after] == [True, False, False]
            assert [bool(each) for each in before] == [bool(each) for each in after]
            await other.aclose()


@pytest.mark.parametrize(
    "url", ["redis+sentinel://127.0.0.1:1/main", "redis+cluster://127.0.0.1:1"]
)
async def test_nobody_there_is_away(url: str) -> None:
    client = connect(url)
    with pytest.raises(REDIS_DOWN):
        await client.execute("PING")
    await client.aclose()
