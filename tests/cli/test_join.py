"""``sharpcast join``: the settings that it makes of its words."""

from __future__ import annotations

import asyncio
import re
import signal
from pathlib import Path

import pytest

from benchmarks.waiting import until
from tests.cli.command import SHARPCAST, Process, assert_one_sentence, environment, sharpcast
from wire.connection import connect
from wire.embedded import EmbeddedServer
from wire.heartbeat import Heartbeats

TOKEN = "a-token-of-twenty-letters"


def test_a_place_without_a_port_is_one_sentence() -> None:
    result = sharpcast("join", "hub.example.org", "--token", TOKEN)
    assert result.returncode == 2
    assert "SHARPCAST_JOIN" in result.stderr
    assert_one_sentence(result.stderr)


def test_a_token_that_is_too_short_is_one_sentence() -> None:
    result = sharpcast("join", "hub.example.org:9443", "--token", "short")
    assert result.returncode == 2
    assert "SHARPCAST_JOIN_TOKEN" in result.stderr
    assert_one_sentence(result.stderr)


def test_a_token_of_a_setting_serves_as_well() -> None:
    result = sharpcast("join", "hub.example.org:9443", join_token="short")
    assert result.returncode == 2
    assert "SHARPCAST_JOIN_TOKEN" in result.stderr


def test_a_name_that_cannot_be_is_one_sentence() -> None:
    result = sharpcast("join", "hub.example.org:9443", "--token", TOKEN, "--name", "a b")
    assert result.returncode == 2
    assert "SHARPCAST_WORKER_NAME" in result.stderr
    assert TOKEN not in result.stderr
    assert_one_sentence(result.stderr)


async def _devices(url: str) -> list[str]:
    client = connect(url, prefix="join:")
    try:
        return [each.name for each in await Heartbeats(client).list()]
    finally:
        await client.aclose()


@pytest.mark.e2e
def test_a_worker_joins_with_one_command_and_leaves_at_sigterm(
    tmp_path: Path, redis_server: EmbeddedServer
) -> None:
    settings = {
        "redis_url": redis_server.url,
        "redis_prefix": "join:",
        "gateway_host": "127.0.0.1",
        "gateway_port": "0",
        "gateway_composers": "0",
        "join_token": TOKEN,
    }
    gateway = Process(tmp_path, "gateway", [*SHARPCAST, "gateway"], environment(**settings))
    try:
        until("the address", lambda: "Stop with Ctrl-C." in gateway.text)
        (place,) = re.findall(r"listens at (127\.0\.0\.1:\d+) ", gateway.text)
        # It needs no setting at all, and no way to Redis.
        words = [*SHARPCAST, "join", place, f"--token={TOKEN}", "--name", "attic"]
        home = {"HOME": str(tmp_path)}
        device = Process(tmp_path, "device", words, environment() | home)
        try:
            until("a heartbeat", lambda: asyncio.run(_devices(redis_server.url)) == ["attic"], 60.0)
            assert device.end(signal.SIGTERM) == 0
            assert asyncio.run(_devices(redis_server.url)) == []
        finally:
            device.kill()
    finally:
        gateway.kill()
