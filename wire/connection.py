"""Connections to Redis: one place for time-outs, retries and the name of the errors.

A blocking read needs a connection of its own for its duration; the pool gives it one. Whoever
calls meets ``REDIS_DOWN`` while the server is away and tries again at its own pace.
"""

from __future__ import annotations

import asyncio
from typing import Any, TypeAlias

import redis.asyncio
import redis.exceptions

Redis: TypeAlias = "redis.asyncio.Redis"

REDIS_DOWN = (
    redis.exceptions.ConnectionError,
    redis.exceptions.TimeoutError,
    redis.exceptions.OutOfMemoryError,
    redis.exceptions.ReadOnlyError,
    OSError,
)
"""What a call raises while the server is away, restarting, loading, full or read-only."""

COMMAND_S = 10.0
"""How long a command may take, connecting and blocking included; then ``TimeoutError``."""

RETRY_S = 0.2
"""How long to wait before the next attempt while the server is away."""


def connect(url: str) -> Redis:
    """A client with a connection pool; connects on first use. Answers are bytes.

    It never sends a command twice (an append would be doubled), and gives up on one after 10 s:
    no read may block longer than 9 s.
    """
    client: Redis = redis.asyncio.Redis.from_url(
        url,
        socket_connect_timeout=2.0,
        # ``command`` has the time limit. With one here the library wraps each write in
        # ``asyncio.wait_for``, which on Python 3.11 may swallow a cancellation (gh-86296).
        socket_timeout=None,
        health_check_interval=0,
        retry=None,
        retry_on_error=[],
        max_connections=512,
        decode_responses=False,
        protocol=2,
    )
    # We parse the few answers we need ourselves; the library's own parsing changes shape
    # between its versions.
    client.response_callbacks.clear()
    return client


async def command(client: Redis, *args: Any) -> Any:
    """One command with its raw answer: lists, integers and bytes as the server sent them."""
    async with asyncio.timeout(COMMAND_S):
        return await client.execute_command(*args)  # type: ignore[no-untyped-call]


async def wait_until_up(client: Redis, timeout_s: float) -> bool:
    """True as soon as the server answers, False if it does not within the time."""
    try:
        async with asyncio.timeout(timeout_s):
            while True:
                try:
                    await command(client, "PING")
                except REDIS_DOWN:
                    await asyncio.sleep(RETRY_S)
                else:
                    return True
    except TimeoutError:
        return False
