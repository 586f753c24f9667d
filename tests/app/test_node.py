"""Whole streams through the node: aiortc peers, a real Redis, no HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from app.errors import (
    AlreadyPublishing,
    BadOffer,
    Full,
    NobodyPublishes,
    RedisAway,
    SessionNotFound,
    StreamNotFound,
)
from app.node import AppNode, NodeOptions
from app.streams.publishers import PublisherOptions
from app.streams.readers import ReaderTimes
from app.webrtc import ice, peer_ports
from media.vp9_descriptor import parse_descriptor
from tests.app import coding
from tests.app.conftest import MakeNode
from tests.app.peers import Publisher, Received, Viewer, no_tasks_but, publishing, until, watching
from tests.app.webrtc.offer_texts import offer, publish_codec
from tests.contract.units import batch, video
from tests.records import enhanced, set_enhanced, take_lead
from wire import keys
from wire.connection import Redis, command, connect
from wire.embedded import EmbeddedServer
from wire.log import LogWriter
from wire.stream_record import StreamRegistry

UNITS = coding.h264(98, 54, 10)
Signal = Callable[[str], Awaitable[str]]


class Into:
    """Signalling to one node; keeps the secrets."""

    def __init__(self, node: AppNode, stream: str = "cam1") -> None:
        self.node = node
        self.stream = stream
        self.secrets: list[str] = []

    async def publish(self, sdp: str) -> str:
        secret, answer = await self.node.publishers.publish(self.stream, sdp)
        self.secrets.append(secret)
        return answer

    async def play(self, sdp: str, rendition: str = keys.SOURCE) -> str:
        secret, answer = await self.node.viewers.play(
            self.stream, sdp, rendition=rendition, fallback=False
        )
        self.secrets.append(secret)
        return answer

    async def until_live(self) -> None:
        async with asyncio.timeout(15):
            while True:
                record = await self.node.directory.record(self.stream)
                if record is not None and record.state == "live":
                    return
                await asyncio.sleep(0.02)


async def refused(
    node: AppNode, error: type[Exception], stream: str = "cam1", *, takeover: bool = True
) -> None:
    publisher = Publisher()
    sdp = await publisher.offer()
    with pytest.raises(error):
        await node.publishers.publish(stream, sdp, takeover=takeover)
    await publisher.close()


def _plays(video: Received, audio: Received) -> bool:
    return len(video.timestamps) > 20 and bool(audio.packets)


def _has_more_than(received: Received, count: int) -> bool:
    return len(received.packets) > count


async def test_what_is_published_can_be_watched(make_node: MakeNode) -> None:
    into = Into(make_node())
    async with publishing(into.publish, UNITS):
        await into.until_live()
        async with watching(into.play) as one, watching(into.play) as two:
            for viewer in (one, two):
                video, audio = viewer.received["video"], viewer.received["audio"]
                await until(partial(_plays, video, audio))
            assert into.node.viewers.counts("cam1") == {keys.SOURCE: 2}
            reader = into.node.readers.newest("cam1", keys.SOURCE)
            assert reader is not None
            # Both viewers see one RTP time line.
            shared = set(one.received["video"].timestamps) & set(two.received["video"].timestamps)
            assert len(shared) > 5
        await until(lambda: into.node.viewers.counts("cam1") == {})


async def test_a_viewer_joins_with_a_whole_group_of_pictures(make_node: MakeNode) -> None:
    into = Into(make_node())
    async with publishing(into.publish, coding.h264(98, 54, 60)):
        await into.until_live()
        async with watching(into.play) as first:
            await until(lambda: len(first.received["video"].timestamps) > 10)
            async with watching(into.play, "video") as second:
                times = second.received["video"].timestamps
                await until(lambda: len(second.received["video"].timestamps) > 10)
                times = second.received["video"].timestamps
                steps = [b - a for a, b in zip(times, times[1:], strict=False)]
                assert 90 in steps  # the squeezed past
                assert all(0 < step <= 90_000 for step in steps)


async def test_a_vp9_source_is_watched_by_whoever_takes_vp9(make_node: MakeNode) -> None:
    into = Into(make_node())
    async with publishing(into.publish, coding.vp9(98, 54, 10), codec="VP9"):
        await into.until_live()
        record = await into.node.directory.record("cam1")
        assert record is not None
        assert (record.codec, record.width, record.height) == ("vp9", 98, 54)
        async with watching(into.play, codec="VP9") as viewer:
            video, audio = viewer.received["video"], viewer.received["audio"]
            await until(lambda: len(video.timestamps) > 20 and audio.packets)
            descriptors = [parse_descriptor(packet.payload)[0] for packet in video.packets]
        numbers = list(dict.fromkeys(d.picture_id for d in descriptors))
        assert numbers == [(numbers[0] or 0) + step for step in range(len(numbers))]
        other = Viewer()
        with pytest.raises(BadOffer, match="coded as VP9, which the offer has not") as caught:
            await other.start(into.play, "H264")
        assert caught.value.status == 422
        await other.close()


async def test_who_would_not_take_over_is_refused_here_and_on_another_app(
    make_node: MakeNode,
) -> None:
    one, two = make_node(), make_node()
    async with publishing(Into(one).publish, UNITS):
        await refused(one, AlreadyPublishing, takeover=False)
        await refused(two, AlreadyPublishing, takeover=False)
        assert two.publishers.ingest_session("cam1") is None
        assert one.publishers.ingest_session("cam1") is not None


async def test_two_at_once_give_one_publisher(make_node: MakeNode) -> None:
    nodes = [make_node(), make_node()]
    publishers = [Publisher() for _ in range(4)]
    offers = [await publisher.offer() for publisher in publishers]
    results = await asyncio.gather(
        *(
            nodes[i % 2].publishers.publish("cam1", sdp, takeover=False)
            for i, sdp in enumerate(offers)
        ),
        return_exceptions=True,
    )
    assert sorted(type(r).__name__ for r in results) == ["AlreadyPublishing"] * 3 + ["tuple"]
    for publisher in publishers:
        await publisher.close()


async def test_a_refused_offer_leaves_no_record(make_node: MakeNode, redis_client: Redis) -> None:
    node = make_node()
    for sdp in ("", offer("chromium_play"), publish_codec("H265")):
        with pytest.raises(BadOffer):
            await node.publishers.publish("cam1", sdp)
    assert await command(redis_client, "KEYS", "*") == []
    assert node.publishers.ingest_session("cam1") is None
    assert node.publishers._reserved == {}


async def test_the_number_of_streams_is_limited(make_node: MakeNode) -> None:
    node = make_node(max_streams=1)
    async with publishing(Into(node).publish, UNITS):
        await refused(node, Full, "cam2")
    await until(lambda: node.publishers.ingest_session("cam1") is None)
    async with publishing(Into(node, "cam2").publish, UNITS):
        assert node.publishers.ingest_session("cam2") is not None


async def test_the_number_of_viewers_is_limited(make_node: MakeNode) -> None:
    into = Into(make_node(max_viewers=1))
    async with publishing(into.publish, UNITS):
        await into.until_live()
        async with watching(into.play):
            viewer = Viewer()
            with pytest.raises(Full):
                await viewer.start(into.play)
            await viewer.close()
        await until(lambda: into.node.viewers.counts("cam1") == {})
        async with watching(into.play):
            pass


async def test_nobody_can_watch_what_nobody_publishes(make_node: MakeNode) -> None:
    node = make_node()
    with pytest.raises(NobodyPublishes):
        await node.viewers.play(
            "cam1", offer("chromium_play"), rendition=keys.ENHANCED, fallback=True
        )
    assert node.readers.all() == []
    # Accepted, but nothing has arrived yet.
    await node.publishers.publish("cam1", offer("obs"))
    with pytest.raises(NobodyPublishes):
        await node.viewers.play(
            "cam1", offer("chromium_play"), rendition=keys.ENHANCED, fallback=True
        )


@pytest.mark.parametrize("how", ["goodbye", "unpublish", "operator", "remote operator"])
async def test_viewers_end_when_the_publisher_does(make_node: MakeNode, how: str) -> None:
    into, other = Into(make_node(grace_s=0.3)), Into(make_node())
    async with publishing(into.publish, UNITS) as publisher:
        await into.until_live()
        async with watching(into.play) as viewer, watching(other.play) as remote:
            await until(lambda: viewer.received["video"].packets)
            await until(lambda: remote.received["video"].packets)
            if how == "goodbye":
                await publisher.close()
            elif how == "unpublish":
                await into.node.publishers.end("cam1", into.secrets[0])
            else:
                await (into if how == "operator" else other).node.directory.end("cam1")
            await until(lambda: into.node.viewers.counts("cam1") == {})
            await until(lambda: other.node.viewers.counts("cam1") == {})
            await until(lambda: viewer.connection.connectionState == "closed")
            await until(lambda: remote.connection.connectionState == "closed")
        with pytest.raises(SessionNotFound):
            await into.node.publishers.end("cam1", into.secrets[0])
        await until(lambda: into.node.publishers.ingest_session("cam1") is None)


async def test_a_guessed_secret_ends_nothing(make_node: MakeNode) -> None:
    into = Into(make_node())
    async with publishing(into.publish, UNITS):
        await into.until_live()
        for guess in ("", "x", "\u00e9", into.secrets[0][:-1]):
            with pytest.raises(SessionNotFound):
                await into.node.publishers.end("cam1", guess)
            with pytest.raises(SessionNotFound):
                await into.node.viewers.end("cam1", guess)
        async with watching(into.play):
            with pytest.raises(SessionNotFound):
                await into.node.viewers.end("cam2", into.secrets[1])
            await into.node.viewers.end("cam1", into.secrets[1])
            with pytest.raises(SessionNotFound):
                await into.node.viewers.end("cam1", into.secrets[1])
        assert into.node.publishers.ingest_session("cam1") is not None


async def test_a_new_publishers_viewers_see_nothing_of_the_old_one(make_node: MakeNode) -> None:
    into = Into(make_node(grace_s=0.2))
    async with publishing(into.publish, UNITS):
        await into.until_live()
        async with watching(into.play, "video") as viewer:
            await until(lambda: viewer.received["video"].packets)
            old = into.node.readers.newest("cam1", keys.SOURCE)
    await until(lambda: into.node.publishers.ingest_session("cam1") is None)
    async with publishing(into.publish, coding.h264(128, 96, 10)):
        await into.until_live()
        async with watching(into.play, "video") as viewer:
            await until(lambda: len(viewer.received["video"].timestamps) > 5)
            new = into.node.readers.newest("cam1", keys.SOURCE)
            assert new is not None
            assert new is not old
            assert new.size == (128, 96)
            times = viewer.received["video"].timestamps
            assert (times[-1] - times[0]) % 2**32 < 900_000


async def test_a_reader_ends_some_time_after_its_last_viewer(make_node: MakeNode) -> None:
    into = Into(make_node(times=ReaderTimes(linger_s=0.5)))
    async with publishing(into.publish, UNITS):
        await into.until_live()
        async with watching(into.play):
            assert into.node.readers.newest("cam1", keys.SOURCE) is not None
        await until(lambda: into.node.readers.newest("cam1", keys.SOURCE) is None)


async def test_viewers_of_the_source_keep_no_enhanced_rendition_alive(make_node: MakeNode) -> None:
    into = Into(make_node(times=ReaderTimes(linger_s=0.5)))
    async with publishing(into.publish, UNITS):
        await into.until_live()
        async with watching(into.play):
            async with watching(lambda sdp: into.play(sdp, keys.ENHANCED)):
                assert into.node.readers.newest("cam1", keys.ENHANCED) is not None
            await until(lambda: into.node.readers.newest("cam1", keys.ENHANCED) is None)
            # The viewer of the source is still there, and its reader with it.
            assert into.node.viewers.counts("cam1") == {keys.SOURCE: 1}
            assert into.node.readers.newest("cam1", keys.SOURCE) is not None


async def test_a_reader_whose_log_is_no_log_goes_on_when_it_is_one_again(
    make_node: MakeNode, redis_client: Redis
) -> None:
    into = Into(make_node())
    async with publishing(into.publish, UNITS):
        await into.until_live()
        await command(redis_client, "SET", keys.log("cam1", keys.ENHANCED), "no stream")
        async with watching(lambda sdp: into.play(sdp, keys.ENHANCED)):
            await asyncio.sleep(0.5)
            reader = into.node.readers.newest("cam1", keys.ENHANCED)
            assert reader is not None
            source_epoch = (await StreamRegistry(redis_client).get("cam1")).epoch
            writer = LogWriter(
                redis_client,
                stream="cam1",
                rendition=keys.ENHANCED,
                epoch=await take_lead(redis_client, source_epoch),
            )
            await writer.append(batch(writer.epoch, video(1, key=True)), now_ms=1)
            await until(lambda: reader.units > 0)
            assert into.node.viewers.counts("cam1") == {keys.ENHANCED: 1}


async def test_a_refused_publisher_leaves_no_socket(
    make_node: MakeNode, redis_client: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    node = make_node()
    before = asyncio.all_tasks()
    await command(redis_client, "ACL", "SETUSER", "default", "-evalsha", "-eval")
    try:
        await refused(node, RedisAway)
    finally:
        await command(redis_client, "ACL", "SETUSER", "default", "+evalsha", "+eval")
    assert [record.action for record in caplog.records if hasattr(record, "action")] == [
        "redis_refuses"
    ]
    await no_tasks_but(before)


async def test_changes_are_for_live_streams(make_node: MakeNode, redis_client: Redis) -> None:
    into = Into(make_node())
    with pytest.raises(StreamNotFound):
        await into.node.directory.change("cam1", enhance=False, model=None)
    with pytest.raises(StreamNotFound):
        await into.node.directory.end("cam1")
    async with publishing(into.publish, UNITS):
        await into.until_live()
        await into.node.directory.change("cam1", enhance=False, model="live-s")
        record = await enhanced(redis_client)
        assert (record.enhance, record.model) == (False, "live-s")


async def test_who_switches_enhancement_on_pardons_a_stream_that_was_set_aside(
    make_node: MakeNode, redis_client: Redis
) -> None:
    into = Into(make_node())
    async with publishing(into.publish, UNITS):
        await into.until_live()
        epoch = (await StreamRegistry(redis_client).get("cam1")).epoch
        await set_enhanced(redis_client, epoch, strikes=2, struck=7, struck_us=8)
        await into.node.directory.change("cam1", enhance=None, model="live-s")
        assert (await enhanced(redis_client)).strikes == 2
        await into.node.directory.change("cam1", enhance=True, model=None)
        pardoned = await enhanced(redis_client)
        assert (pardoned.strikes, pardoned.struck, pardoned.struck_us) == (0, 0, 0)


def options() -> NodeOptions:
    return NodeOptions(PublisherOptions(8, 1500, 10.0), 8)


async def test_without_redis_nothing_is_taken_and_nothing_is_left() -> None:
    peer_ports.install(ice.IceAddresses(("127.0.0.1",), ()))
    before = asyncio.all_tasks()
    client = connect("unix:///nonexistent/redis.sock")
    node = AppNode(client, options())
    await refused(node, RedisAway)
    with pytest.raises(RedisAway):
        await node.viewers.play(
            "cam1", offer("chromium_play"), rendition=keys.SOURCE, fallback=False
        )
    with pytest.raises(RedisAway):
        await node.directory.records()
    assert node.publishers.ingest_session("cam1") is None
    await node.close()
    await client.aclose()
    await no_tasks_but(before)


async def test_a_stream_survives_a_restart_of_redis(own_server: EmbeddedServer) -> None:
    peer_ports.install(ice.IceAddresses(("127.0.0.1",), ()))
    clients = [connect(own_server.url), connect(own_server.url)]
    nodes = [AppNode(client, options()) for client in clients]
    into, other = Into(nodes[0]), Into(nodes[1])
    units = tuple(coding.h264(98, 54)[0] for _ in range(10))  # every unit is a key frame
    async with publishing(into.publish, units):
        await into.until_live()
        async with watching(into.play, "video") as viewer, watching(other.play, "video") as remote:
            both = [viewer.received["video"], remote.received["video"]]
            await until(lambda: all(r.packets for r in both))
            own_server.restart()
            counts = [len(r.packets) for r in both]
            for received, count in zip(both, counts, strict=True):
                await until(partial(_has_more_than, received, count + 50))
            assert other.node.viewers.counts("cam1") == {keys.SOURCE: 1}
    for node, client in zip(nodes, clients, strict=True):
        await node.close()
        await client.aclose()


async def test_closing_ends_everything_and_leaves_no_task(redis_client: Redis) -> None:
    peer_ports.install(ice.IceAddresses(("127.0.0.1",), ()))
    before = asyncio.all_tasks()
    node = AppNode(redis_client, options())
    into = Into(node)
    async with publishing(into.publish, UNITS):
        await into.until_live()
        async with watching(into.play) as viewer:
            await until(lambda: viewer.received["video"].packets)
            await node.close()
            await node.close()
            await refused(node, Full)
            assert node.viewers.counts("cam1") == {}
            assert await command(redis_client, "EXISTS", keys.record("cam1")) == 0
    await no_tasks_but(before)
