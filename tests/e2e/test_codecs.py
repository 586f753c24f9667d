"""Viewers who lack a codec: aiortc peers, a node, a real Redis and a real worker between them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from app.http.enhancement_schemas import Enhancement
from app.http.renditions import Produced, rendition_views
from app.http.schemas import Rendition
from app.node import AppNode, NodeOptions
from app.streams.publishers import PublisherOptions
from app.webrtc import ice, peer_ports
from media.codec import Codec
from tests.app import coding
from tests.app.peers import Viewer, publishing, until, watching
from tests.media.payloads import depacketize
from tests.workers.studio import lead_config, working
from tests.workers.zoo import make_model
from wire import keys
from wire.connection import Redis
from wire.heartbeat import StreamWork
from workers.decode.decoder import UnitDecoder
from workers.engines.registry import make_engine
from workers.process.worker import Worker
from workers.upscale.model_cache import ModelCache

SIZE, ENHANCED = (98, 54), (196, 108)
SOURCES = {
    "H264": coding.h264(*SIZE, 25),
    "VP8": coding.vp8(*SIZE, 25),
    "VP9": coding.vp9(*SIZE, 25),
    "AV1": coding.av1(*SIZE, 25),
}


@pytest.fixture
async def node(redis_client: Redis) -> AsyncIterator[AppNode]:
    peer_ports.install(ice.IceAddresses(("127.0.0.1",), ()))
    publishers = PublisherOptions(max_streams=4, start_bitrate_kbps=1500, publisher_timeout_s=10.0)
    made = AppNode(redis_client, NodeOptions(publishers, max_viewers=8))
    yield made
    await made.close()


@pytest.fixture
def nets(tmp_path: Path) -> Iterator[ModelCache]:
    make_model(tmp_path, "tiny")
    cache = ModelCache(make_engine("auto", threads=1), zoo=tmp_path)
    cache.load("tiny", *SIZE)
    yield cache
    cache.close()


def into(node: AppNode, rendition: str = keys.ENHANCED) -> Callable[[str], Awaitable[str]]:
    async def play(sdp: str) -> str:
        return (await node.viewers.play("cam1", sdp, rendition=rendition, fallback=True))[1]

    return play


@contextlib.asynccontextmanager
async def live(node: AppNode, codec: str) -> AsyncIterator[None]:
    async def publish(sdp: str) -> str:
        return (await node.publishers.publish("cam1", sdp))[1]

    async with publishing(publish, SOURCES[codec], codec=codec), asyncio.timeout(60):
        while (record := await node.directory.record("cam1")) is None or record.state != "live":  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        yield


def units_of(viewer: Viewer, codec: Codec) -> list[bytes]:
    """Access units made of the viewer's packets, without the last one, which may not be whole."""
    units: dict[int, bytes] = {}
    for packet in list(viewer.received["video"].packets):
        if packet.payload:
            data = depacketize(codec, packet.payload).data
            units[packet.timestamp] = units.get(packet.timestamp, b"") + data
    return list(units.values())[:-1]


def sees(
    viewer: Viewer, codec: Codec, size: tuple[int, int], count: int = 20
) -> Callable[[], bool]:
    """Makes a check that decodes each unit once, however often it is asked."""
    decoder, units = UnitDecoder(codec), 0
    sizes: list[tuple[int, int]] = []

    def check() -> bool:
        nonlocal units
        for unit in units_of(viewer, codec)[units:]:
            sizes.extend((p.width, p.height) for _, p in decoder.decode(unit, 0))
            units += 1
        return sizes.count(size) >= count

    return check


def work_of(worker: Worker) -> StreamWork:
    (lead,) = worker.leads
    return lead.work()


async def api(node: AppNode, worker: Worker) -> dict[str, Rendition]:
    record = await node.directory.record("cam1")
    assert record is not None
    enhanced = (await node.directory.renditions(record))[keys.ENHANCED]
    viewers = node.viewers.counts(record.id)
    work = work_of(worker)
    enhancement = Enhancement(
        enabled=True,
        model=work.model,
        strength=0.5,
        adjustable=False,
        state=work.state,
        reason=work.reason,
        worker="w1",
        engine=work.engine,
    )
    views = rendition_views(record, [Produced(enhanced, work, enhancement)], viewers)
    return {one.name: one for one in views}


@pytest.mark.parametrize("source", ["H264", "VP9"])
@pytest.mark.parametrize("output", [Codec.H264, Codec.VP8])
async def test_each_viewer_sees_enhanced_pictures_in_the_codec_that_it_has(
    node: AppNode, redis_client: Redis, nets: ModelCache, output: Codec, source: str
) -> None:
    async with (
        working(redis_client, nets, lead_config("w1", codec=output)) as worker,
        live(node, source),
        watching(into(node), "video", codec="VP8") as vp8,
        watching(into(node), "video", codec="H264") as h264,
    ):
        await until(sees(vp8, Codec.VP8, ENHANCED), timeout_s=30)
        await until(sees(h264, Codec.H264, ENHANCED), timeout_s=30)
        shown, work = await api(node, worker), work_of(worker)
    # Decoded once and enhanced once for both: every frame that came was made once at the most.
    assert 0 < work.enhanced + work.bicubic <= work.frames_in
    made = {one.name: one for one in work.renditions}
    assert sum(one.viewers for one in shown.values()) == 2
    watched = {name for name, one in made.items() if one.watched}
    codecs = {made[name].codec for name in watched}
    assert len(watched) == 2 and codecs == {"h264", "vp8"}
    for name in watched:
        assert shown[name].frames > 0 and shown[name].encode_ms > 0 and shown[name].reason == ""


async def test_nothing_is_encoded_in_a_codec_that_no_viewer_needs(
    node: AppNode, redis_client: Redis, nets: ModelCache
) -> None:
    async with (
        working(redis_client, nets, lead_config("w1")) as worker,
        live(node, "H264"),
        watching(into(node, keys.SOURCE), codec="H264"),
        watching(into(node), "video", codec="VP8") as viewer,
    ):
        await until(sees(viewer, Codec.VP8, ENHANCED), timeout_s=30)
        assert [one.name for one in work_of(worker).renditions] == ["enhanced-vp8"]
        assert set(await api(node, worker)) == {"source", "enhanced", "enhanced-vp8"}
        assert (await api(node, worker))["enhanced"].frames == 0


@pytest.mark.parametrize("source", ["H264", "VP9", "AV1"])
async def test_a_copied_source_reaches_who_lacks_its_codec(
    node: AppNode, redis_client: Redis, nets: ModelCache, source: str
) -> None:
    async with (
        working(redis_client, nets, lead_config("w1")),
        live(node, source),
    ):
        await node.directory.change("cam1", enhance=False, model=None)
        async with watching(into(node), "video", codec="VP8") as viewer:
            await until(sees(viewer, Codec.VP8, SIZE), timeout_s=30)


async def test_a_worker_with_another_codec_changes_nothing_for_who_lacks_it(
    node: AppNode, redis_client: Redis, nets: ModelCache
) -> None:
    async with contextlib.AsyncExitStack() as first:
        await first.enter_async_context(working(redis_client, nets, lead_config("w1")))
        async with live(node, "H264"), watching(into(node), "video", codec="H264") as viewer:
            await until(sees(viewer, Codec.H264, ENHANCED), timeout_s=30)
            assert node.viewers.counts("cam1") == {"enhanced": 1}
            # Takes over with VP8: what this viewer reads becomes undecodable for it.
            async with working(redis_client, nets, lead_config("w2", codec=Codec.VP8)) as second:
                await first.aclose()
                await until(lambda: second.leads)
                await until(
                    lambda: node.viewers.counts("cam1") == {"enhanced-h264": 1}, timeout_s=20
                )
                viewer.received["video"].packets.clear()
                await until(lambda: len(viewer.received["video"].timestamps) > 40, timeout_s=20)
                assert node.viewers.dropped().get("codec", 0) == 0


async def test_a_viewer_of_vp9_alone_gets_the_source_or_is_refused(
    node: AppNode, redis_client: Redis, nets: ModelCache
) -> None:
    async with live(node, "VP9"), watching(into(node), "video", codec="VP9") as viewer:
        await until(sees(viewer, Codec.VP9, SIZE), timeout_s=30)
        assert node.viewers.counts("cam1") == {"source": 1}


async def test_a_publisher_may_come_back_with_a_codec_that_a_viewer_lacks(
    node: AppNode, redis_client: Redis, nets: ModelCache
) -> None:
    async with (
        working(redis_client, nets, lead_config("w1")),
        live(node, "H264"),
        watching(into(node), "video", codec="H264") as viewer,
        watching(into(node, keys.SOURCE), "video", codec="H264"),
    ):
        await until(sees(viewer, Codec.H264, ENHANCED), timeout_s=30)
        assert node.viewers.counts("cam1") == {"enhanced": 1, "source": 1}
        async with live(node, "VP9"):
            await node.directory.change("cam1", enhance=False, model=None)
            # Who asked for the source is let go and will be told; the other one gets it recoded.
            await until(lambda: node.viewers.counts("cam1") == {"enhanced-h264": 1}, timeout_s=20)
            viewer.received["video"].packets.clear()
            await until(lambda: len(viewer.received["video"].timestamps) > 40, timeout_s=20)
            assert pictures_from_a_key_frame(viewer).count(SIZE) > 10


def pictures_from_a_key_frame(viewer: Viewer) -> list[tuple[int, int]]:
    """Sizes of the H.264 pictures from the first that begins with parameter sets."""
    decoder, sizes = None, []
    for unit in units_of(viewer, Codec.H264):
        if unit.startswith((b"\0\0\0\1\x67", b"\0\0\1\x67")):
            decoder = UnitDecoder(Codec.H264)
        if decoder is not None:
            sizes += [(p.width, p.height) for _, p in decoder.decode(unit, 0)]
    return sizes
