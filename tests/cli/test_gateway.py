"""``sharpcast gateway``: the port for devices alone, as a process."""

from __future__ import annotations

import asyncio
import re
import signal
from pathlib import Path

import pytest

from benchmarks.waiting import until
from tests.app.gateway.joining import SHARED, joined
from tests.cli.command import SHARPCAST, Process, assert_one_sentence, environment, sharpcast
from wire.connection import connect
from wire.embedded import EmbeddedServer
from wire.gateway_heartbeat import GatewayBeat, GatewayHeartbeats


def test_a_redis_that_is_away_is_one_sentence(tmp_path: Path) -> None:
    result = sharpcast(
        "gateway",
        redis_url=f"unix://{tmp_path}/nothing.sock",
        gateway_host="no.such.host.invalid",
        log_level="error",
    )
    assert result.returncode == 2
    assert "SHARPCAST_GATEWAY_HOST" in result.stderr
    assert_one_sentence(result.stderr)


async def _join(port: int) -> str:
    async with joined(port, "dev1") as (_, welcome):
        return welcome.name


async def _beats(url: str, prefix: str) -> list[GatewayBeat]:
    client = connect(url, prefix=prefix)
    try:
        return await GatewayHeartbeats(client).list()
    finally:
        await client.aclose()


@pytest.mark.e2e
def test_it_says_where_it_listens_takes_devices_and_leaves_at_sigterm(
    tmp_path: Path, redis_server: EmbeddedServer
) -> None:
    settings = {
        "redis_url": redis_server.url,
        "redis_prefix": "gate:",
        "gateway_host": "127.0.0.1",
        "gateway_port": "0",
        "join_token": SHARED,
    }
    process = Process(tmp_path, "gateway", [*SHARPCAST, "gateway"], environment(**settings))
    try:
        until("the address", lambda: "Stop with Ctrl-C." in process.text)
        (port,) = re.findall(r"listens at 127\.0\.0\.1:(\d+) \(UDP\)", process.text)
        assert asyncio.run(_join(int(port))) == "dev1"
        until("a heartbeat", lambda: asyncio.run(_beats(redis_server.url, "gate:")))
        check = sharpcast("gateway", "--check", **settings)
        assert (check.returncode, check.stdout) == (0, f"127.0.0.1:{port}, 0 devices\n")
        assert sharpcast("gateway", "--check", redis_url=redis_server.url).returncode == 1
        assert process.end(signal.SIGTERM) == 0
        assert asyncio.run(_beats(redis_server.url, "gate:")) == []
        assert SHARED not in process.text
        assert "Traceback" not in process.text
    finally:
        process.kill()
