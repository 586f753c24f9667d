"""Health checks of a worker and a gateway: they find a heartbeat of this machine in Redis."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import TypeVar

import psutil

from cli.errors import CliError
from wire.connection import REDIS_DOWN, Redis, connect
from wire.errors import ServerRefuses
from wire.gateway_heartbeat import GatewayHeartbeats
from wire.heartbeat import Heartbeats

BeatT = TypeVar("BeatT")


def check_worker(redis_url: str, prefix: str = "") -> None:
    """Prints the workers that run on this machine and have a heartbeat.

    Raises CliError if there is none, ServerRefuses if Redis refuses the login.
    """
    beats = asyncio.run(_beats(redis_url, prefix, lambda client: Heartbeats(client).list()))
    names = [beat.name for beat in beats if _is_here(beat.host, beat.pid)]
    if not names:
        raise CliError("No worker of this machine has a heartbeat.")
    print(", ".join(names))


def check_gateway(redis_url: str, prefix: str = "") -> None:
    """Prints the gateways that run on this machine and have a heartbeat.

    Raises CliError if there is none, ServerRefuses if Redis refuses the login.
    """
    beats = asyncio.run(_beats(redis_url, prefix, lambda client: GatewayHeartbeats(client).list()))
    places = [
        f"{beat.host}:{beat.port}, {len(beat.devices)} devices"
        for beat in beats
        if _is_here(beat.machine, beat.pid)
    ]
    if not places:
        raise CliError("No gateway of this machine has a heartbeat.")
    print("\n".join(places))


def _is_here(machine: str, pid: int) -> bool:
    # A heartbeat outlives its process for some seconds, so the process is looked for too.
    return machine == socket.gethostname() and psutil.pid_exists(pid)


async def _beats(
    redis_url: str, prefix: str, read: Callable[[Redis], Awaitable[list[BeatT]]]
) -> list[BeatT]:
    client = connect(redis_url, prefix=prefix)
    try:
        return await read(client)
    except ServerRefuses:
        raise  # its message names the setting to change
    except REDIS_DOWN as error:
        raise CliError("Redis does not answer.") from error
    finally:
        await client.aclose()
