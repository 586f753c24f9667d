from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import pytest

from tests.contract.admin import command
from wire import keys
from wire.connection import Redis, wait_until_up
from wire.embedded import EmbeddedServer
from wire.errors import BadMessage, StreamBusy, StreamGone
from wire.hash_record import EXPIRY_MS
from wire.rendition_record import RenditionRegistry, RenditionSpec
from wire.stream_record import ReceivedLayer, StreamRegistry, encode_layers, parse_layers

STREAM = "cam1"


@dataclasses.dataclass(frozen=True, slots=True)
class Live:
    """A registry with one live stream."""

    registry: StreamRegistry
    epoch: int


@pytest.fixture
async def live(client: Redis) -> Live:
    registry = StreamRegistry(client)
    epoch = await registry.create(STREAM, started_us=5, audio=True)
    return Live(registry, epoch)


async def time_left_ms(client: Redis) -> int:
    return int(await command(client, "PTTL", keys.record(STREAM)))


async def test_a_new_record_has_what_it_was_made_with_and_defaults(live: Live) -> None:
    record = await live.registry.get(STREAM)
    assert (record.id, record.epoch, record.state) == (STREAM, live.epoch, "live")
    assert (record.started_us, record.audio, record.ending) == (5, True, False)
    assert (record.codec, record.renditions) == ("", ())


async def test_a_record_expires_unless_it_is_touched(client: Redis, live: Live) -> None:
    assert EXPIRY_MS - 1_000 < await time_left_ms(client) <= EXPIRY_MS
    await command(client, "PEXPIRE", keys.record(STREAM), 1_000)
    await live.registry.touch(STREAM, live.epoch, codec="vp8", fps=29.97, ending=True)
    assert await time_left_ms(client) > EXPIRY_MS - 1_000
    record = await live.registry.get(STREAM)
    assert (record.codec, record.fps, record.ending) == ("vp8", 29.97, True)


async def test_an_expired_record_is_gone_for_everyone(client: Redis, live: Live) -> None:
    await command(client, "PEXPIRE", keys.record(STREAM), 1)
    await asyncio.sleep(0.02)
    with pytest.raises(StreamGone):
        await live.registry.get(STREAM)
    with pytest.raises(StreamGone):
        await live.registry.touch(STREAM, live.epoch)
    with pytest.raises(StreamGone):
        await live.registry.set_config(STREAM, live.epoch, ending=True)
    assert await command(client, "KEYS", "*") == []


async def test_a_second_publisher_finds_the_stream_busy(live: Live) -> None:
    with pytest.raises(StreamBusy, match="cam1 already has a publisher"):
        await live.registry.create(STREAM)
    assert (await live.registry.get(STREAM)).epoch == live.epoch


async def test_of_many_publishers_at_once_one_gets_the_stream(client: Redis) -> None:
    registry = StreamRegistry(client)
    answers = await asyncio.gather(
        *(registry.create(STREAM) for _ in range(20)), return_exceptions=True
    )
    epochs = [answer for answer in answers if isinstance(answer, int)]
    assert epochs == [(await registry.get(STREAM)).epoch]
    assert sum(isinstance(answer, StreamBusy) for answer in answers) == 19


async def test_every_epoch_is_greater_than_the_one_before(client: Redis) -> None:
    registry = StreamRegistry(client)
    epochs = []
    for _ in range(50):
        epochs.append(await registry.create(STREAM))
        await registry.end(STREAM, epochs[-1], ())
    assert epochs == sorted(set(epochs))
    assert epochs[-1] < 2**53


async def test_another_publisher_can_neither_touch_nor_end(live: Live) -> None:
    other = live.epoch + 1
    with pytest.raises(StreamBusy, match="belongs to another publisher"):
        await live.registry.touch(STREAM, other, fps=1.0)
    assert not await live.registry.end(STREAM, other, ())
    assert (await live.registry.get(STREAM)).fps == 0.0


async def test_a_config_does_not_prolong_the_life_of_a_record(client: Redis, live: Live) -> None:
    await command(client, "PEXPIRE", keys.record(STREAM), 1_000)
    await live.registry.set_config(STREAM, live.epoch, ending=True)
    assert 0 < await time_left_ms(client) <= 1_000
    assert (await live.registry.get(STREAM)).ending


async def test_a_record_is_brought_back_with_its_epoch_after_the_server_lost_it(
    server: EmbeddedServer, client: Redis, live: Live
) -> None:
    server.restart()
    assert await wait_until_up(client, 5.0)
    with pytest.raises(StreamGone):
        await live.registry.touch(STREAM, live.epoch)
    assert await live.registry.create(STREAM, epoch=live.epoch, codec="h264") == live.epoch
    await live.registry.touch(STREAM, live.epoch)
    assert (await live.registry.get(STREAM)).codec == "h264"


async def test_a_record_is_not_brought_back_over_a_newer_publisher(
    server: EmbeddedServer, client: Redis, live: Live
) -> None:
    server.restart()
    assert await wait_until_up(client, 5.0)
    newer = await live.registry.create(STREAM)
    assert newer > live.epoch
    with pytest.raises(StreamBusy):
        await live.registry.create(STREAM, epoch=live.epoch)


async def test_all_records_are_listed_by_id_and_broken_ones_left_out(
    client: Redis, live: Live
) -> None:
    await live.registry.create("a.b-c_d")
    await command(client, "HSET", "stream:{broken}", "id", "broken", "epoch", "no number")
    await command(client, "HSET", "stream:{bytes}", "id", b"\xff", "epoch", "1")
    assert [record.id for record in await live.registry.list()] == ["a.b-c_d", STREAM]
    for name in ("broken", "bytes"):
        with pytest.raises(BadMessage):
            await live.registry.get(name)


async def test_fields_of_a_later_version_are_ignored(client: Redis, live: Live) -> None:
    await command(client, "HSET", keys.record(STREAM), "colour", "green")
    assert (await live.registry.get(STREAM)).epoch == live.epoch


@pytest.mark.parametrize("value", [0.0, 1e-7, 29.97, 123456.789])
async def test_floats_keep_their_value(live: Live, value: float) -> None:
    fields: dict[str, Any] = {"kbps": value}
    await live.registry.touch(STREAM, live.epoch, **fields)
    assert (await live.registry.get(STREAM)).kbps == value


async def test_an_ended_stream_leaves_no_key(client: Redis, live: Live) -> None:
    renditions = RenditionRegistry(client)
    for name in (keys.ENHANCED, "sharp"):
        await renditions.ensure(STREAM, name, live.epoch, RenditionSpec())
    logs = [keys.SOURCE, *keys.logs_of(keys.ENHANCED), *keys.logs_of("sharp")]
    for key in (*(keys.log(STREAM, name) for name in logs), keys.control(STREAM)):
        await command(client, "XADD", key, "*", "a", "b")
    names = (await live.registry.get(STREAM)).renditions
    assert await live.registry.end(STREAM, live.epoch, names)
    assert await command(client, "KEYS", "*") == []
    assert not await live.registry.end(STREAM, live.epoch, names)


async def test_a_publisher_who_takes_over_finds_neither_logs_nor_renditions(
    client: Redis, live: Live
) -> None:
    renditions = RenditionRegistry(client)
    for name in (keys.ENHANCED, "sharp"):
        await renditions.ensure(STREAM, name, live.epoch, RenditionSpec())
        await command(client, "XADD", keys.log(STREAM, name), "*", "a", "b")
    epoch = await live.registry.create(STREAM, over=True)
    assert epoch > live.epoch
    assert await command(client, "KEYS", "*") == [keys.record(STREAM).encode()]
    assert (await live.registry.get(STREAM)).renditions == ()


async def test_a_touch_keeps_the_records_of_the_renditions_alive(client: Redis, live: Live) -> None:
    renditions = RenditionRegistry(client)
    await renditions.ensure(STREAM, "sharp", live.epoch, RenditionSpec())
    key = keys.rendition(STREAM, "sharp")
    await command(client, "PEXPIRE", key, 1_000)
    await live.registry.touch(STREAM, live.epoch)
    assert await command(client, "PTTL", key) <= 1_000
    await live.registry.touch(STREAM, live.epoch, renditions=("sharp", "missing"))
    assert await command(client, "PTTL", key) > EXPIRY_MS - 1_000
    assert await command(client, "EXISTS", keys.rendition(STREAM, "missing")) == 0


async def test_a_record_names_the_layers(live: Live) -> None:
    layers = (ReceivedLayer("source-h", 1280, 720, 1500), ReceivedLayer("source-l", 320, 180, 150))
    await live.registry.touch(STREAM, live.epoch, layers=encode_layers(layers))
    record = await live.registry.get(STREAM)
    assert record.layers == "h=1280x720@1500 l=320x180@150"
    assert parse_layers(record.layers) == layers


@pytest.mark.parametrize(
    "text", ["", "x", "h=1x", "H=1x1@1", "h264=1x1@1", "h=1x1@", "h=1x1@1x", "=1x1@1", "h=-1x1@1"]
)
def test_words_that_are_no_layers_are_passed_over(text: str) -> None:
    assert parse_layers(f"{text} l=4x2@1") == (ReceivedLayer("source-l", 4, 2, 1),)
