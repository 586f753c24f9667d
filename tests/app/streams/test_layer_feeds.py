"""The layers of a stream and the logs of those that are read: ``layer_feeds.py``."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator

import msgspec
import pytest

from app.streams import layer_limit
from app.streams.layer_feeds import MAX_FEEDS, LayerFeeds
from app.streams.rendition_reader import RenditionReader
from media.access_unit import AccessUnit
from tests.app import fakes
from tests.app.http.test_api import beat
from tests.app.peers import until
from wire import keys
from wire.connection import Redis, command
from wire.control import KeyFrameRequest, LayerWatched, Message, to_publisher
from wire.heartbeat import Heartbeats
from wire.stream_record import StreamRegistry, parse_layers

EPOCH = 1000


@pytest.fixture
async def feeds(redis_client: Redis) -> AsyncIterator[LayerFeeds]:
    await StreamRegistry(redis_client).create("cam1", epoch=EPOCH)
    made = LayerFeeds(redis_client, "cam1", EPOCH)
    task = asyncio.get_running_loop().create_task(made.write(), name="layers")
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def sized(units: list[AccessUnit], width: int) -> list[AccessUnit]:
    return [dataclasses.replace(u, width=width, height=width // 2) for u in units]


async def logged(client: Redis, name: str) -> int:
    return int(await command(client, "XLEN", keys.log("cam1", name)))


async def test_only_what_is_read_is_written(feeds: LayerFeeds, redis_client: Redis) -> None:
    for unit in fakes.group(0, 5):
        feeds.take("source-h", unit)
        feeds.take("source-l", unit)
    feeds.watch("source-l")
    async with asyncio.timeout(5):
        while True:
            if await logged(redis_client, "source-l") == 1:
                break
            await asyncio.sleep(0.01)
    assert await logged(redis_client, "source-h") == 0
    assert feeds.is_wanted("source-l")
    assert not feeds.is_wanted("source-h")
    assert not feeds.is_wanted("source-x")


async def test_a_reader_elsewhere_gets_a_layer_through_its_log(
    feeds: LayerFeeds, redis_client: Redis
) -> None:
    heard: list[Message] = []

    async def carry() -> None:
        """What the ingest session does with messages."""
        mailbox = to_publisher(redis_client, "cam1")
        while True:
            for message in await mailbox.read(block_ms=100):
                heard.append(message)
                if isinstance(message, LayerWatched):
                    feeds.watch(message.rendition)

    reader = RenditionReader(redis_client, "cam1", "source-l", session=EPOCH)
    consumer = fakes.Consumer()
    reader.attach(consumer)
    loop = asyncio.get_running_loop()
    tasks = [loop.create_task(reader.run()), loop.create_task(carry())]
    for unit in fakes.group(0, 5):
        feeds.take("source-l", unit)
    await until(lambda: len(consumer.video) >= 5)
    for number in range(5, 10):
        feeds.take("source-l", fakes.video(number))
    await until(lambda: len(consumer.video) == 10)
    assert [unit.sequence for unit in consumer.video] == list(range(10))
    reader.request_key_frame()
    await until(lambda: any(isinstance(m, KeyFrameRequest) for m in heard))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_requests_go_to_the_connection_that_is_there(feeds: LayerFeeds) -> None:
    first: list[str] = []
    second: list[str] = []
    feeds.connect(first.append)
    feeds.take("source-l", fakes.video(0))
    feeds.get("source-l").request_key_frame()  # type: ignore[union-attr]
    feeds.connect(second.append)
    feeds.get("source-l").request_key_frame()  # type: ignore[union-attr]
    assert (first, second) == (["source-l"], ["source-l"])


async def test_the_record_lists_the_largest_first(feeds: LayerFeeds) -> None:
    assert feeds.listed() == ""
    for name, width in (("source-l", 320), ("source-h", 1280), ("source-m", 640)):
        for unit in sized(fakes.group(0, 3), width):
            feeds.take(name, unit)
    found = parse_layers(feeds.listed())
    assert [(each.rendition, each.width) for each in found] == [
        ("source-h", 1280),
        ("source-m", 640),
        ("source-l", 320),
    ]


async def test_the_limit_is_judged_by_the_lead_of_the_default_rendition(
    feeds: LayerFeeds, redis_client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layer_limit, "PATIENCE_S", 0.1)
    for name, width in (("source-h", 1280), ("source-l", 320)):
        for unit in sized(fakes.group(0, 3), width):
            feeds.take(name, unit)
    (feeds.source,) = sized([fakes.video(0)], 1280)
    copied = beat("cam1", EPOCH)
    copied = msgspec.structs.replace(
        copied, streams=[msgspec.structs.replace(copied.streams[0], state="bypass")]
    )
    await Heartbeats(redis_client).beat(copied)
    for _ in range(3):
        assert feeds.max_pixels is None
        await feeds.judge(copied.name)
        await asyncio.sleep(0.06)
    await feeds.judge(copied.name)
    assert feeds.max_pixels == 1280 * 640 - 1


async def test_layers_are_bounded(feeds: LayerFeeds) -> None:
    for number in range(3 * MAX_FEEDS):
        feeds.take(f"source-{number}", fakes.video(0, key=True))
    assert feeds.get(f"source-{MAX_FEEDS - 1}") is not None
    assert feeds.get(f"source-{MAX_FEEDS}") is None
    assert feeds.dropped == 0
