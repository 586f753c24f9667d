"""Plain UDP: no encryption, no parity, no pace."""

from __future__ import annotations

import asyncio
from typing import Any

from benchmarks.transport.frames import Collector, Feed, Joiner, cut
from benchmarks.transport.ways import DEVICE, PORT


class _Receiver(asyncio.DatagramProtocol):
    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._joiner = Joiner()

    def datagram_received(self, data: bytes, address: tuple[str | Any, int]) -> None:
        frame = self._joiner.take(data)
        if frame is not None:
            self._collector.take(frame)


async def send(feed: Feed, _: str) -> None:
    """Sends every piece at once."""
    loop = asyncio.get_running_loop()
    transport, _protocol = await loop.create_datagram_endpoint(
        asyncio.DatagramProtocol, remote_addr=(DEVICE, PORT)
    )
    async for frame in feed.frames():
        for piece in cut(frame):
            transport.sendto(piece)
    transport.close()


async def receive(collector: Collector, _: str) -> None:
    """Joins what arrives."""
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(lambda: _Receiver(collector), local_addr=(DEVICE, PORT))
    await loop.create_future()
