"""The product's own link: DTLS, parity, one question, a rate that listens to delay."""

from __future__ import annotations

import asyncio
import datetime
import time

from benchmarks.network.lab import ADDRESS
from benchmarks.transport.frames import DEADLINE_S, Collector, Feed
from benchmarks.transport.ways import CONNECT_S, DEVICE, PORT
from wire.link.endpoint import Endpoint, LinkPeer
from wire.link.link import MessageReceived
from wire.link.message import Message
from wire.link.secure import make_identity
from wire.link.udp_socket import bound_socket

_KIND, _LANE = 1, 0


async def _open(address: str, port: int, joined: asyncio.Queue[LinkPeer] | None = None) -> Endpoint:
    identity = make_identity(now=datetime.datetime.now(datetime.UTC))
    if joined is None:
        endpoint = Endpoint(identity, is_server=False)
    else:
        endpoint = Endpoint(identity, is_server=True, joined=joined.put_nowait)
    endpoint.open(bound_socket(address, port))
    return endpoint


async def send(feed: Feed, _: str) -> None:
    """Serves one device and sends to it."""
    joined: asyncio.Queue[LinkPeer] = asyncio.Queue()
    endpoint = await _open(ADDRESS, PORT, joined)
    async with asyncio.timeout(CONNECT_S):
        peer = await joined.get()
    serial = 0
    async for frame in feed.frames():
        now = time.monotonic()
        peer.link.send(Message(_KIND, _LANE, serial, frame), deadline=now + DEADLINE_S, now=now)
        endpoint.flush(peer)
        serial = (serial + 1) % 65_536
    await feed.drain()
    endpoint.close()


async def receive(collector: Collector, _: str) -> None:
    """Connects and takes the messages."""
    endpoint = await _open(DEVICE, 0)
    peer = endpoint.connect((ADDRESS, PORT))
    async with asyncio.timeout(CONNECT_S):
        await peer.opened.wait()
    while (event := await peer.events.get()) is not None:
        if isinstance(event, MessageReceived):
            collector.take(event.message.content)
    await asyncio.get_running_loop().create_future()
