"""A stream whose publisher's connection changes, through a node and a real Redis."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator

import pytest

from app.errors import NobodyPublishes
from app.node import AppNode
from app.streams.ingest_state import State
from tests.app import coding
from tests.app.conftest import MakeNode
from tests.app.peers import Publisher, Viewer, publishing, until, watching
from tests.app.webrtc.offer_texts import offer
from wire import keys
from wire.connection import Redis
from wire.stream_record import StreamRegistry

SMALL = coding.h264(98, 54, 30)
LARGE = coding.h264(196, 108, 30)


class Streams:
    """Signalling of one stream to one node."""

    def __init__(self, node: AppNode) -> None:
        self.node = node
        self.secrets: list[str] = []

    async def publish(self, sdp: str) -> str:
        secret, answer = await self.node.publishers.publish("cam1", sdp)
        self.secrets.append(secret)
        return answer

    async def play(self, sdp: str) -> str:
        return (await self.node.viewers.play("cam1", sdp, rendition=keys.SOURCE, fallback=False))[1]

    async def until_recorded(self, state: State) -> None:
        async with asyncio.timeout(15):
            while True:
                record = await self.node.directory.record("cam1")
                if record is not None and record.state == state.value:
                    return
                await asyncio.sleep(0.02)

    @property
    def state(self) -> State | None:
        publication = self.node.publishers.ingest_session("cam1")
        return publication.state if publication else None


@contextlib.asynccontextmanager
async def silent(streams: Streams) -> AsyncIterator[Publisher]:
    """A publisher that sends for a moment and then nothing, as one that was killed."""
    publisher = Publisher()
    try:
        await publisher.start(streams.publish)
        sending = asyncio.create_task(publisher.run(SMALL))
        await streams.until_recorded(State.LIVE)
        yield publisher
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
    finally:
        await publisher.close()


def steps(viewer: Viewer, kind: str = "video") -> list[int]:
    times = viewer.received[kind].timestamps
    return [(b - a) & 0xFFFFFFFF for a, b in itertools.pairwise(times)]


def count(viewer: Viewer) -> int:
    return len(viewer.received["video"].timestamps)


async def test_a_publisher_that_comes_back_finds_its_viewers(make_node: MakeNode) -> None:
    streams = Streams(make_node())
    async with silent(streams) as first, watching(streams.play) as viewer:
        await until(lambda: count(viewer) > 10)
        session = streams.node.publishers.ingest_session("cam1")
        # The first connection seems alive; the second is another size, with times of its own.
        async with publishing(streams.publish, LARGE) as second:
            before = count(viewer)
            await until(lambda: count(viewer) > before + 30)
            reader = streams.node.readers.newest("cam1", keys.SOURCE)
            assert reader is not None
            assert reader.size == (196, 108)
            assert streams.node.publishers.ingest_session("cam1") is session
            assert viewer.connection.connectionState == "connected"
            for kind, rate in (("video", 90_000), ("audio", 48_000)):
                assert all(0 < step < 5 * rate for step in steps(viewer, kind))
            await until(lambda: first.connection.connectionState == "closed")
            assert second.connection.connectionState == "connected"
        assert len(set(streams.secrets)) == 2


async def test_a_stream_whose_connection_is_lost_waits(make_node: MakeNode) -> None:
    streams = Streams(make_node())
    async with publishing(streams.publish, SMALL) as publisher:
        await streams.until_recorded(State.LIVE)
        async with watching(streams.play) as viewer:
            await until(lambda: count(viewer) > 10)
            await publisher.close()
            await until(lambda: streams.state is State.AWAY)
            await streams.until_recorded(State.AWAY)
            assert streams.node.viewers.counts("cam1") == {keys.SOURCE: 1}
            before = count(viewer)
            async with publishing(streams.publish, SMALL):
                await until(lambda: count(viewer) > before + 10)
                await streams.until_recorded(State.LIVE)
            assert viewer.connection.connectionState == "connected"
            await streams.node.publishers.end("cam1", streams.secrets[-1])
            await until(lambda: viewer.connection.connectionState == "closed")


async def test_a_connection_that_falls_silent_may_go_on_and_is_watched_on(
    make_node: MakeNode,
) -> None:
    streams = Streams(make_node(timeout_s=2.0))
    async with silent(streams) as publisher:
        for _ in range(2):
            await publisher.fall_silent()
            await until(lambda: streams.state is State.AWAY)
            publisher.speak_again()
            await until(lambda: streams.state is State.LIVE)
        assert publisher.connection.connectionState == "connected"
        await publisher.close()
        await until(lambda: streams.state is State.AWAY)


async def test_a_connection_that_fell_silent_brings_nothing_after_another_one(
    make_node: MakeNode,
) -> None:
    streams = Streams(make_node(timeout_s=2.0))
    async with silent(streams) as first:
        await first.fall_silent()
        await until(lambda: streams.state is State.AWAY)
        async with publishing(streams.publish, LARGE):
            await streams.until_recorded(State.LIVE)
            first.speak_again()
            await until(lambda: first.connection.connectionState == "closed")
            assert streams.state is State.LIVE


async def test_a_stream_waits_for_its_grace_and_no_longer(make_node: MakeNode) -> None:
    streams = Streams(make_node(grace_s=0.5))
    async with publishing(streams.publish, SMALL) as publisher:
        await streams.until_recorded(State.LIVE)
        publication = streams.node.publishers.ingest_session("cam1")
        assert publication is not None
        async with watching(streams.play) as viewer:
            await publisher.close()
            await until(lambda: viewer.connection.connectionState == "closed")
        assert publication.end_reason == "the publisher did not come back within 0.5 s"
        assert streams.state is None


async def test_what_never_was_live_ends_with_its_connection(make_node: MakeNode) -> None:
    streams = Streams(make_node())
    publisher = Publisher()
    await publisher.start(streams.publish)
    assert streams.state is State.CONNECTING
    await publisher.close()
    await until(lambda: streams.state is None)


async def test_another_app_may_take_a_stream_over(make_node: MakeNode) -> None:
    one, two = Streams(make_node()), Streams(make_node())
    async with silent(one) as first:
        before = await one.node.directory.record("cam1")
        async with publishing(two.publish, LARGE):
            await until(lambda: one.state is None)
            await two.until_recorded(State.LIVE)
            after = await two.node.directory.record("cam1")
            assert before is not None
            assert after is not None
            assert after.epoch > before.epoch
            await until(lambda: first.connection.connectionState == "closed")
            async with watching(two.play) as viewer:
                await until(lambda: count(viewer) > 10)


async def test_who_watches_through_the_old_app_is_let_go_at_once(make_node: MakeNode) -> None:
    one, two, third = (Streams(make_node()) for _ in range(3))
    async with silent(one), watching(third.play) as viewer:
        await until(lambda: count(viewer) > 10)
        async with publishing(two.publish, SMALL):
            await until(lambda: viewer.connection.connectionState == "closed", timeout_s=5.0)
            await two.until_recorded(State.LIVE)
            async with watching(third.play) as again:
                await until(lambda: count(again) > 10)


async def test_a_record_whose_app_died_is_nothing_to_watch(
    make_node: MakeNode, redis_client: Redis
) -> None:
    streams = Streams(make_node())
    await StreamRegistry(redis_client).create("cam1", state="live", codec="h264")
    async with asyncio.timeout(10):
        while await StreamRegistry(redis_client).is_kept("cam1"):  # noqa: ASYNC110 - of Redis
            await asyncio.sleep(0.1)
    with pytest.raises(NobodyPublishes, match="does not answer"):
        await streams.play(offer("chromium_play"))
