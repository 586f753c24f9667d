"""Redis Streams at the hub, as inside a site: ``read`` afar, append afar and ``wait``, or ``pipe``.

The end at the hub reaches Redis without the path. ``read``: the reader is afar, one XREAD BLOCK
after the other. ``wait``: the writer is afar and waits for each reply. ``pipe``: it does not.
"""

from __future__ import annotations

import asyncio
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.connection import Connection
from redis.exceptions import ConnectionError as NotThere

from benchmarks.network.lab import ADDRESS
from benchmarks.transport.frames import Collector, Feed
from benchmarks.transport.ways import CONNECT_S

REDIS_PORT = 6379

_KEY = "frames"
_MAX_FRAMES = 1000
"""More than any run is late by, so that none is trimmed."""

_BLOCK_MS = 5000


async def send(feed: Feed, option: str) -> None:
    """Appends one entry per frame."""
    if option == "pipe":
        await _send_without_waiting(feed)
        return
    client = await _connect()
    async for frame in feed.frames():
        await client.xadd(_KEY, {"b": frame}, maxlen=_MAX_FRAMES, approximate=True)
    await client.aclose()


async def _send_without_waiting(feed: Feed) -> None:
    await (await _connect()).aclose()
    connection = Connection(host=ADDRESS, port=REDIS_PORT)
    await connection.connect()  # type: ignore[no-untyped-call]

    async def read_replies() -> None:
        while True:
            await connection.read_response()

    replies = asyncio.create_task(read_replies(), name="replies")
    async for frame in feed.frames():
        await connection.send_command("XADD", _KEY, "MAXLEN", "~", _MAX_FRAMES, "*", "b", frame)
    await feed.drain()
    replies.cancel()
    await connection.disconnect()


async def receive(collector: Collector, _: str) -> None:
    """Reads all that there is, again and again."""
    client = await _connect()
    last: bytes | str = "0"
    while True:
        # The types of redis-py cover both versions of its protocol and every shape of a reply.
        found: Any = await client.xread({_KEY: last}, count=100, block=_BLOCK_MS)
        for _name, entries in found or ():
            for _id, fields in entries:
                collector.take(fields[b"b"])
            last = entries[-1][0]


async def _connect() -> Redis:
    client = Redis(host=ADDRESS, port=REDIS_PORT, protocol=2)
    async with asyncio.timeout(CONNECT_S):
        while True:
            try:
                await client.ping()
            except NotThere:
                await asyncio.sleep(0.05)
            else:
                return client
