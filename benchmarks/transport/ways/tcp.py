"""Several TCP connections; each frame goes on one of them, in turn."""

from __future__ import annotations

import asyncio

from benchmarks.network.lab import ADDRESS
from benchmarks.transport.frames import Collector, Feed
from benchmarks.transport.ways import CONNECT_S, PORT

_LENGTH_BYTES = 4


async def send(feed: Feed, option: str) -> None:
    """Waits for all connections, then sends. What does not fit into a socket waits in memory."""
    writers: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
    server = await asyncio.start_server(lambda _, writer: writers.put_nowait(writer), ADDRESS, PORT)
    async with asyncio.timeout(CONNECT_S):
        found = [await writers.get() for _ in range(int(option))]
    number = 0
    async for frame in feed.frames():
        found[number % len(found)].write(len(frame).to_bytes(_LENGTH_BYTES, "big") + frame)
        number += 1
    await feed.drain()
    for writer in found:
        writer.close()
    server.close()


async def receive(collector: Collector, option: str) -> None:
    """Reads all connections at the same time."""
    await asyncio.gather(*(_read(collector) for _ in range(int(option))))


async def _read(collector: Collector) -> None:
    reader, writer = await connect(ADDRESS, PORT)
    try:
        while True:
            size = int.from_bytes(await reader.readexactly(_LENGTH_BYTES), "big")
            collector.take(await reader.readexactly(size))
    except asyncio.IncompleteReadError:
        await asyncio.get_running_loop().create_future()
    finally:
        writer.close()


async def connect(host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connects as soon as somebody listens. Raises TimeoutError."""
    async with asyncio.timeout(CONNECT_S):
        while True:
            try:
                return await asyncio.open_connection(host, port)
            except ConnectionError:
                await asyncio.sleep(0.05)
