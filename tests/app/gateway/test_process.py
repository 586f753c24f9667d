"""The gateway alone, with connections of its own."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.gateway.gateway import GatewayOptions, bind_gateway
from app.gateway.process import opened_gateway, serve_alone, serve_gateway
from tests.app.gateway.joining import SHARED, joined, new_identity
from wire.connection import Redis, command
from wire.embedded import EmbeddedServer
from wire.errors import NoRedisServer
from wire.settings import Settings, load_settings


def settings(**values: str) -> Settings:
    return load_settings({f"SHARPCAST_{name}": value for name, value in values.items()})


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home folder that has no file of devices."""
    monkeypatch.setenv("HOME", str(tmp_path))


async def test_it_serves_until_it_is_told_to_stop(
    redis_server: EmbeddedServer, redis_client: Redis
) -> None:
    stop = asyncio.Event()
    ready: asyncio.Future[tuple[str, int]] = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as group:
        group.create_task(
            serve_alone(
                settings(),
                GatewayOptions("127.0.0.1", 0, SHARED),
                redis_url=redis_server.url,
                stop=stop,
                on_ready=ready.set_result,
            )
        )
        host, port = await ready
        assert host == "127.0.0.1"
        async with joined(port, "dev1") as (device, _):
            stop.set()
            assert await device.is_gone()


async def test_without_redis_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.gateway.process.REDIS_START_S", 0.3)
    with pytest.raises(NoRedisServer, match="No Redis server answers at unix:///nonexistent"):
        await serve_alone(
            settings(),
            GatewayOptions("127.0.0.1", 0),
            redis_url="unix:///nonexistent/redis.sock",
            stop=asyncio.Event(),
            on_ready=print,
        )


def test_a_port_is_opened_only_where_one_is_set() -> None:
    with opened_gateway(settings(), redis_url="unix:///nonexistent") as work:
        assert work is None
    asked = settings(GATEWAY_HOST="127.0.0.1", GATEWAY_PORT="0")
    with opened_gateway(asked, redis_url="unix:///nonexistent") as work:
        assert work is not None


async def test_devices_outlive_a_redis_that_the_program_started(
    redis_server: EmbeddedServer, redis_client: Redis, tmp_path: Path
) -> None:
    identity = new_identity()
    for token in (SHARED, "another-token-of-letters"):
        options = GatewayOptions("127.0.0.1", 0, token)
        udp = bind_gateway(options)
        work = serve_gateway(
            settings(REDIS_PREFIX="x:"),
            options,
            udp,
            redis_url=redis_server.url,
            device_file=tmp_path / "gateway.json",
        )
        task = asyncio.get_running_loop().create_task(work)
        # The second time only its key lets it in.
        async with joined(udp.getsockname()[1], "dev1", token=SHARED, identity=identity):
            pass
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await command(redis_client, "FLUSHALL")
