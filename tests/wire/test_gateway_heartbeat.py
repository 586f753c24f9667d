"""Heartbeats of gateways: written, listed, left, and what cannot be read."""

from __future__ import annotations

import msgspec
import pytest

from wire import keys
from wire.connection import Redis, command
from wire.errors import BadMessage
from wire.gateway_heartbeat import (
    EXPIRY_MS,
    GatewayBeat,
    GatewayHeartbeats,
    HeldJob,
    JoinedDevice,
    parse_gateway_beat,
)

BEAT = GatewayBeat(
    name="g1",
    host="0.0.0.0",
    port=9443,
    machine="hub",
    pid=7,
    fingerprint="ab" * 32,
    is_shared_token_set=True,
    devices=[
        JoinedDevice(
            name="dev1",
            address="192.0.2.7",
            joined_us=1,
            silent_ms=3.0,
            rtt_ms=41.5,
            loss=0.02,
            rate_kbps=9000.0,
            delivered_kbps=1200.0,
            queue_ms=2.0,
            queued_bytes=100,
            jobs=[HeldJob(stream="cam1", rendition="enhanced")],
            messages={"sent": 7},
        )
    ],
    refused={"wrong_token": 2},
    joins=3,
)


async def test_a_gateway_is_listed_until_it_leaves(redis_client: Redis) -> None:
    beats = GatewayHeartbeats(redis_client)
    await beats.beat(BEAT)
    assert await beats.list() == [BEAT]
    assert 0 < await command(redis_client, "PTTL", keys.gateway("g1")) <= EXPIRY_MS
    await beats.leave("g1")
    assert await beats.list() == []


async def test_gateways_are_listed_by_name_without_what_cannot_be_read(
    redis_client: Redis,
) -> None:
    beats = GatewayHeartbeats(redis_client)
    for name in ("b", "a"):
        await beats.beat(_named(name))
    await command(redis_client, "HSET", keys.gateway("c"), "beat", "{")
    await command(redis_client, "SET", keys.gateway("d"), "x")
    assert [each.name for each in await beats.list()] == ["a", "b"]


def _named(name: str) -> GatewayBeat:
    return msgspec.structs.replace(BEAT, name=name)


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b"\xff", b'{"name": 3}', b"[" * 100_000])
def test_what_is_no_heartbeat_is_refused(data: bytes) -> None:
    with pytest.raises(BadMessage, match="^gateway heartbeat: "):
        parse_gateway_beat(data)
