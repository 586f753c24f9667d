"""The packagers of a node: which log each reads, when one begins and ends, and their limits."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator

import msgspec
import pytest

from app.errors import Full, RenditionNotFound, StreamNotFound, TooMany
from app.hls import packagers as module
from app.hls.packagers import PACKABLE, Packagers, codecs_for, log_of
from app.streams.readers import ReaderTimes, RenditionReaders
from app.streams.stream_directory import StreamDirectory
from media.access_unit import AccessUnit
from tests.app import fakes
from tests.app.hls.units import film
from tests.app.peers import until
from wire import keys
from wire.clock import now_us
from wire.connection import Redis
from wire.log import LogWriter
from wire.rendition_record import RenditionRecord
from wire.stream_record import StreamRecord, StreamRegistry

QUICK = ReaderTimes(linger_s=0.2, over_s=0.2, check_s=0.05)


@dataclasses.dataclass
class Node:
    """Packagers over a real Redis, and one published stream."""

    redis: Redis
    packagers: Packagers
    registry: StreamRegistry

    async def publish(self, units: list[AccessUnit], *, codec: str = "h264") -> int:
        """Writes units of another publisher; its epoch."""
        epoch = await self.registry.create("cam1", over=True)
        await self.registry.touch("cam1", epoch, codec=codec, width=96, height=64)
        writer = LogWriter(self.redis, stream="cam1", rendition=keys.SOURCE, epoch=epoch)
        for place, unit in enumerate(units):
            numbered = dataclasses.replace(unit, sequence=place)
            await writer.append(fakes.batch(epoch, numbered), now_ms=now_us() // 1000)
        return epoch


@pytest.fixture
async def node(redis_client: Redis) -> AsyncIterator[Node]:
    directory = StreamDirectory(redis_client, ingest=lambda _: None)
    readers = RenditionReaders(
        redis_client, record=directory.record, ingest=lambda _: None, times=QUICK
    )
    made = Node(redis_client, Packagers(directory, readers), StreamRegistry(redis_client))
    yield made
    await made.packagers.close()
    await readers.close()


def record(codec: str) -> StreamRecord:
    return StreamRecord(id="cam1", epoch=5, codec=codec)


def enhanced(**fields: str) -> RenditionRecord:
    plain = RenditionRecord(stream="cam1", name="enhanced", source_epoch=5)
    return msgspec.structs.replace(plain, **fields)


def test_all_codecs_with_a_place_in_mp4_are_taken_as_they_come() -> None:
    assert "vp8" not in PACKABLE and {"h264", "vp9", "av1", "opus"} <= PACKABLE
    for codec in sorted(PACKABLE - {"opus"}):
        assert log_of(record(codec), keys.SOURCE, None) == keys.SOURCE


def test_a_source_without_a_place_in_mp4_is_refused_with_a_sentence() -> None:
    with pytest.raises(RenditionNotFound, match="cam1 is sent as VP8, which HLS cannot carry"):
        log_of(record("vp8"), keys.SOURCE, None)


@pytest.mark.parametrize(
    ("source", "output", "log_name"),
    [
        ("h264", "h264", "enhanced"),
        ("h264", "", "enhanced"),
        # Its lead may copy the source into the usual log, so the log of one codec is taken.
        ("vp8", "h264", "enhanced-h264"),
        ("av1", "h264", "enhanced-h264"),
        ("h264", "vp8", "enhanced-h264"),
    ],
)
def test_an_enhanced_rendition_is_taken_in_one_codec(
    source: str, output: str, log_name: str
) -> None:
    assert log_of(record(source), keys.ENHANCED, enhanced(output=output)) == log_name
    assert codecs_for(record(source), keys.ENHANCED, output) == {"h264"}


async def test_a_packager_begins_with_the_first_request_alone(node: Node) -> None:
    await node.publish(film(0, 4400, keys=[0]))
    assert node.packagers.all() == []
    first, second = await asyncio.gather(*(node.packagers.get("cam1", "source") for _ in "ab"))
    assert first is second and node.packagers.all() == [first]
    await until(lambda: first.window.is_playable)
    assert node.packagers.find("cam1", "source") is first


async def test_what_is_not_there_is_told(node: Node) -> None:
    with pytest.raises(StreamNotFound, match="Nobody publishes cam1"):
        await node.packagers.get("cam1", "source")
    await node.publish(film(0, 400, keys=[0]))
    with pytest.raises(RenditionNotFound, match="no rendition 'large'"):
        await node.packagers.get("cam1", "large")
    await node.publish([], codec="")
    with pytest.raises(StreamNotFound, match="no picture yet"):
        await node.packagers.get("cam1", "source")


async def test_a_packager_that_nobody_asks_is_gone(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.hls.packager.IDLE_S", 0.3)
    await node.publish(film(0, 4400, keys=[0]))
    await node.packagers.get("cam1", "source")
    await until(lambda: node.packagers.all() == [])


async def test_the_next_publisher_goes_on_in_the_same_playlist(node: Node) -> None:
    await node.publish(film(0, 4400, keys=[0]))
    packager = await node.packagers.get("cam1", "source")
    await until(lambda: packager.window.is_playable)
    epoch = await node.publish(film(6000, 10_400, keys=[6000]))
    async with asyncio.timeout(30):
        while packager.epoch != epoch:
            # As the publisher's node and a player do.
            await node.registry.touch("cam1", epoch)
            packager.ask()
            await asyncio.sleep(0.1)
    await until(lambda: "#EXT-X-DISCONTINUITY\n" in packager.playlist(skips=False))
    assert not packager.window.is_over


async def test_the_end_of_the_stream_ends_the_playlist_and_then_the_packager(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_RETURN_S", 0.5)
    monkeypatch.setattr(module, "_RETURN_CHECK_S", 0.1)
    epoch = await node.publish(film(0, 4400, keys=[0]))
    packager = await node.packagers.get("cam1", "source")
    await until(lambda: packager.window.is_playable)
    await node.registry.end("cam1", epoch, ())
    await until(lambda: packager.window.is_over)
    # Players may still read of the end.
    monkeypatch.setattr("app.hls.packager.IDLE_S", 0.1)
    with pytest.raises(StreamNotFound):
        await node.packagers.get("cam1", "source")


async def test_packagers_are_limited(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PACKAGERS", 1)
    await node.publish(film(0, 400, keys=[0]))
    await node.packagers.get("cam1", "source")
    with pytest.raises(Full, match="as many renditions"):
        await node.packagers.get("cam1", "enhanced")
    assert node.packagers.refused["hls_packagers"] == 1


async def test_waiting_requests_are_limited(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING_PER_ADDRESS", 1)
    monkeypatch.setattr(module, "MAX_WAITING", 2)
    async with node.packagers.waiting("a"):
        with pytest.raises(TooMany):
            async with node.packagers.waiting("a"):
                pass
        async with node.packagers.waiting("b"):
            with pytest.raises(Full):
                async with node.packagers.waiting("c"):
                    pass
    async with node.packagers.waiting("a"):
        pass
    assert node.packagers.refused == {
        "hls_packagers": 0,
        "hls_waiting": 1,
        "hls_waiting_address": 1,
    }
