"""Connections to Redis: from the address in the settings to a client, and commands.

Open ``server.py`` for how a command runs, ``cluster.py`` for where it goes, ``address.py`` for
what an address may say, ``redis_errors.py`` for what can go wrong.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from wire.address import AddressKind, parse_address
from wire.cluster import ClusterRedis
from wire.errors import ServerRefuses
from wire.redis_errors import REDIS_DOWN, REDIS_FAULT
from wire.server import Redis

__all__ = [
    "REDIS_CONNECTIONS",
    "REDIS_DOWN",
    "REDIS_FAULT",
    "RETRY_S",
    "Redis",
    "command",
    "connect",
    "wait_until_up",
]

COMMAND_S = 10.0
"""Time-out of a command in seconds, unless a client is told otherwise."""

REDIS_CONNECTIONS = 512
"""Connections to one server at once, unless a client is told otherwise."""

RETRY_S = 0.2
"""Seconds to wait before the next attempt while the server is away."""


def connect(
    url: str, *, prefix: str = "", command_s: float = COMMAND_S, most: int = REDIS_CONNECTIONS
) -> Redis:
    """Returns a client of a server, a Sentinels' master or a cluster; it connects on first use.

    Answers are bytes. It never sends a command twice (an append would be doubled), and gives up
    on one after ``command_s``: no read may block as long. ``prefix`` stands before the name of
    every key, so that several installations, or other programs, can share a server. ``most`` is
    how many connections to a server there may be. Raises BadAddress.
    """
    address = parse_address(url)
    kind = ClusterRedis if address.kind is AddressKind.CLUSTER else Redis
    return kind(address, prefix=prefix, command_s=command_s, most=most)


def command(client: Redis, *args: bytes | str | int | float) -> Coroutine[Any, Any, Any]:
    """Runs one command; its answer is lists, integers and bytes as the server sent them."""
    return client.execute(*args)


async def wait_until_up(client: Redis, timeout_s: float) -> bool:
    """Waits for the server; returns True once it answers, False if it does not within the time.

    Raises ServerRefuses at once: waiting would not help.
    """
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                try:
                    await command(client, "PING")
                # It is one of REDIS_DOWN as well, so it must be caught before.
                except ServerRefuses:
                    raise
                except REDIS_DOWN:
                    await asyncio.sleep(RETRY_S)
                else:
                    return True
    except TimeoutError:
        return False
