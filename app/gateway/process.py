"""The gateway with its own connections to Redis: beside the app, or as a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

from app.gateway.device_file import DeviceFile
from app.gateway.gateway import Gateway, GatewayOptions, bind_gateway
from app.open_files import raise_limit
from wire import stop_signals, supervisor
from wire.address import parse_address
from wire.connection import Redis, connect, wait_until_up
from wire.errors import NoRedisServer
from wire.settings import Settings

REDIS_START_S = 10.0
"""Maximum time in seconds to wait for Redis at the start, as it may be starting too."""

GATEWAY_CONNECTIONS = 1024
"""Connections to Redis: two that wait for each stream that a device works on."""

DEVICE_FILE = Path("~/.local/share/sharpcast/gateway.json")
"""File of devices and tokens; ``sharpcast up`` runs once for each user and port."""

_OTHER_FILES = 88
"""Files that Python itself has open, and the socket."""


GatewayWork = Callable[[], Coroutine[Any, Any, None]]
"""Serves devices until cancelled."""


@contextlib.contextmanager
def opened_gateway(settings: Settings, *, redis_url: str) -> Iterator[GatewayWork | None]:
    """Opens the port if the settings ask for a gateway, and gives what serves it, else None.

    Raises BadSettings.
    """
    options = GatewayOptions.of(settings)
    if options is None:
        yield None
        return
    with contextlib.closing(bind_gateway(options)) as udp:
        yield lambda: serve_gateway(settings, options, udp, redis_url=redis_url)


async def serve_gateway(
    settings: Settings,
    options: GatewayOptions,
    udp: socket.socket,
    *,
    redis_url: str,
    device_file: Path = DEVICE_FILE,
) -> None:
    """Serves the devices of a socket until cancelled.

    ``device_file`` keeps devices and tokens where Redis is the one that this program started.
    """
    # Its reads wait at the server, and must not use up the connections of publishers and viewers.
    client = connect(redis_url, prefix=settings.redis_prefix, most=GATEWAY_CONNECTIONS)
    try:
        gateway = Gateway(client, options, udp)
        if settings.redis_url:
            await gateway.run()
        else:
            await _run_and_keep(gateway, client, DeviceFile(device_file))
    finally:
        await client.aclose()


async def _run_and_keep(gateway: Gateway, client: Redis, file: DeviceFile) -> None:
    """Runs a gateway whose Redis ends with it."""
    await file.load(client)
    async with asyncio.TaskGroup() as group:
        group.create_task(file.run(client), name="device-file")
        group.create_task(gateway.run(), name="gateway")


def run(
    settings: Settings,
    options: GatewayOptions,
    *,
    redis_url: str,
    on_ready: Callable[[tuple[str, int]], None],
    beside: supervisor.Beside | None = None,
) -> None:
    """Runs a gateway alone until SIGINT or SIGTERM; ``on_ready`` gets its address.

    ``beside`` runs until its end. Raises BadSettings or NoRedisServer.
    """
    raise_limit(GATEWAY_CONNECTIONS + _OTHER_FILES)

    async def main() -> None:
        stop = asyncio.Event()
        request = stop_signals.StopRequest(stop)
        with stop_signals.heard((signal.SIGINT, signal.SIGTERM), request.repeat_to_end):
            async with supervisor.running_beside(beside, stop):
                await serve_alone(
                    settings, options, redis_url=redis_url, stop=stop, on_ready=on_ready
                )

    asyncio.run(main())


async def serve_alone(
    settings: Settings,
    options: GatewayOptions,
    *,
    redis_url: str,
    stop: asyncio.Event,
    on_ready: Callable[[tuple[str, int]], None],
) -> None:
    """Serves devices until ``stop``. Raises BadSettings, NoRedisServer."""
    with contextlib.closing(bind_gateway(options)) as udp:
        await check_redis(settings, redis_url)
        on_ready(udp.getsockname()[:2])
        work = serve_gateway(settings, options, udp, redis_url=redis_url)
        loop = asyncio.get_running_loop()
        tasks = [loop.create_task(work, name="gateway"), loop.create_task(stop.wait(), name="stop")]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                # A task that died must not look like a request to stop.
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def check_redis(settings: Settings, redis_url: str) -> None:
    """Waits for Redis at the start. Raises NoRedisServer."""
    client = connect(redis_url, prefix=settings.redis_prefix)
    try:
        if not await wait_until_up(client, REDIS_START_S):
            raise NoRedisServer(f"No Redis server answers at {parse_address(redis_url).shown()}.")
    finally:
        await client.aclose()
