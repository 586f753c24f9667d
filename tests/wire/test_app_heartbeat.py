"""Heartbeats of app nodes: ``app_heartbeat.py``."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from wire import keys
from wire.app_heartbeat import (
    EXPIRY_MS,
    AppBeat,
    AppHeartbeats,
    LatencyFigures,
    NodeStream,
    StageFigures,
    parse_app_beat,
)
from wire.connection import Redis, command
from wire.errors import BadMessage

TOTAL = StageFigures(name="total", p50=30.5, p95=61.0)


def beat(node: str) -> AppBeat:
    return AppBeat(
        node=node,
        host="paris",
        pid=7,
        started_us=5,
        streams=[
            NodeStream(stream="cam1", viewers={"source": 2, "enhanced": 3}, is_publisher=True),
            NodeStream(
                stream="cam2",
                viewers={"enhanced": 1},
                latency=[LatencyFigures(rendition="enhanced", samples=9, total=TOTAL)],
            ),
        ],
    )


def test_a_beat_sums_its_sessions() -> None:
    found = beat("one")
    assert (found.publishers, found.viewers) == (1, 6)
    assert found.stream("cam2") == found.streams[1]
    assert found.stream("cam3") is None


def test_a_beat_survives_the_wire_and_nothing_else_does() -> None:
    data = msgspec.json.encode(beat("one"))
    assert parse_app_beat(data) == beat("one")
    for bad in (b"", b"[]", data[:-1], data.replace(b'"pid":7', b'"pid":"x"')):
        with pytest.raises(BadMessage):
            parse_app_beat(bad)


async def test_nodes_are_listed_by_name_until_they_leave(redis_client: Redis) -> None:
    heartbeats = AppHeartbeats(redis_client)
    assert await heartbeats.list() == []
    for name in ("two", "one"):
        await heartbeats.beat(beat(name))
    assert await heartbeats.list() == [beat("one"), beat("two")]
    assert await heartbeats.is_there("two")
    await heartbeats.leave("two")
    assert not await heartbeats.is_there("two")
    assert await heartbeats.list() == [beat("one")]


async def test_a_node_that_does_not_beat_expires(redis_client: Redis) -> None:
    await AppHeartbeats(redis_client).beat(beat("one"))
    left_ms = await command(redis_client, "PTTL", redis_client.key(keys.app("one")))
    assert 0 < left_ms <= EXPIRY_MS


async def test_a_damaged_beat_hides_no_other(redis_client: Redis) -> None:
    heartbeats = AppHeartbeats(redis_client)
    await asyncio.gather(heartbeats.beat(beat("one")), heartbeats.beat(beat("two")))
    await command(redis_client, "SET", redis_client.key(keys.app("two")), "text")
    await command(redis_client, "HSET", redis_client.key(keys.app("three")), "beat", "{}")
    assert [found.node for found in await heartbeats.list()] == ["one"]
