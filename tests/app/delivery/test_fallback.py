"""A viewer whose enhanced rendition stops and comes back, through a node and a real Redis."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator

from app.node import AppNode
from media.access_unit import AccessUnit, Flags, Kind
from tests.app import coding
from tests.app.conftest import MakeNode
from tests.app.peers import Publisher, Viewer, publishing, until, watching
from tests.records import take_lead
from wire import clock, keys
from wire.batch import Batch
from wire.connection import Redis
from wire.log import LogReader, LogWriter
from wire.stream_record import StreamRegistry

SOURCE = coding.h264(98, 54, 200)
"""One key frame in four seconds."""

LARGER = coding.h264(196, 108, 200)


@contextlib.asynccontextmanager
async def enhancing(client: Redis) -> AsyncIterator[None]:
    """A worker that puts out larger pictures for those of the source, from the next one on."""
    record = await StreamRegistry(client).get("cam1")
    epoch = await take_lead(client, record.epoch)
    reader = LogReader(client, stream="cam1", rendition=keys.SOURCE)
    writer = LogWriter(client, stream="cam1", rendition=keys.ENHANCED, epoch=epoch)
    while await reader.read(block_ms=1):
        pass
    counter = itertools.count()

    def larger(unit: AccessUnit) -> AccessUnit:
        number = next(counter)
        coded = LARGER[number % len(LARGER)]
        flags = Flags.NONE if number % len(LARGER) else Flags.KEY
        return AccessUnit(
            kind=Kind.VIDEO,
            codec=unit.codec,
            flags=flags,
            sequence=number,
            pts=unit.pts,
            clock_rate=unit.clock_rate,
            capture_us=unit.capture_us,
            arrival_us=unit.arrival_us,
            payload=coded,
            width=196,
            height=108,
        )

    async def work() -> None:
        while True:
            for entry in await reader.read(block_ms=100):
                for unit in entry.batch.units:
                    if unit.kind is Kind.VIDEO:
                        batch = Batch(epoch, (larger(unit),))
                        await writer.append(batch, now_ms=clock.now_us() // 1000)

    task = asyncio.get_running_loop().create_task(work(), name="test-worker")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def play(node: AppNode, sdp: str, *, fallback: bool = True) -> str:
    _, answer = await node.viewers.play("cam1", sdp, rendition=keys.ENHANCED, fallback=fallback)
    return answer


def steps(viewer: Viewer) -> list[int]:
    times = viewer.received["video"].timestamps
    return [(b - a) & 0xFFFFFFFF for a, b in itertools.pairwise(times)]


async def live(node: AppNode) -> None:
    async def is_live() -> bool:
        record = await node.directory.record("cam1")
        return record is not None and record.state == "live"

    async with asyncio.timeout(15):
        while not await is_live():  # noqa: ASYNC110 - the record tells, no event of ours
            await asyncio.sleep(0.02)


async def publisher_into(node: AppNode, sdp: str) -> str:
    return (await node.publishers.publish("cam1", sdp))[1]


@contextlib.asynccontextmanager
async def a_stream(node: AppNode) -> AsyncIterator[Publisher]:
    async with publishing(lambda sdp: publisher_into(node, sdp), SOURCE) as publisher:
        await live(node)
        yield publisher


async def test_the_source_stands_in_at_once_and_goes_when_the_worker_is_back(
    make_node: MakeNode, redis_client: Redis
) -> None:
    node = make_node()
    async with (
        a_stream(node) as publisher,
        enhancing(redis_client),
        watching(lambda sdp: play(node, sdp), "video") as viewer,
    ):
        video = viewer.received["video"]
        await until(lambda: len(video.timestamps) > 20)
        async with enhancing(redis_client):
            # The first worker is fenced and ends; this one's first key frame is taken.
            count = len(video.timestamps)
            await until(lambda: len(video.timestamps) > count + 20)
        asked, count = publisher.key_frames_asked, len(video.timestamps)
        await until(lambda: len(video.timestamps) > count + 30)
        assert publisher.key_frames_asked == asked  # the group of pictures was at hand
        assert any(step < 90 for step in steps(viewer)[count - 5 :])
        async with enhancing(redis_client):
            count = len(video.timestamps)
            await until(lambda: len(video.timestamps) > count + 60)
        assert node.viewers.counts("cam1") == {keys.ENHANCED: 1}
        # Time never goes back, and what is not catching up lies on the source's time line.
        assert all(0 < step < 90_000 for step in steps(viewer))


async def test_who_wants_no_fallback_gets_none(make_node: MakeNode, redis_client: Redis) -> None:
    node = make_node()
    async with a_stream(node):
        async with watching(lambda sdp: play(node, sdp, fallback=False), "video") as viewer:
            await asyncio.sleep(1.0)
            assert viewer.received["video"].packets == []
        async with watching(lambda sdp: play(node, sdp), "video") as viewer:
            await until(lambda: len(viewer.received["video"].timestamps) > 20)
