"""Real sockets on loopback: joining, messages both ways, strangers and leaving."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import random
import socket
import time
from collections.abc import AsyncIterator
from typing import Any, cast

from wire.link.endpoint import Endpoint, LinkPeer
from wire.link.link import ControlReceived, Event, MessageReceived
from wire.link.message import Message
from wire.link.secure import make_identity
from wire.link.udp_socket import bound_socket

WAIT_S = 10.0


def endpoint(*, is_server: bool, joined: asyncio.Queue[LinkPeer] | None = None) -> Endpoint:
    identity = make_identity(now=datetime.datetime.now(datetime.UTC))
    note = (lambda _: None) if joined is None else joined.put_nowait
    return Endpoint(identity, is_server=is_server, joined=note)


@contextlib.asynccontextmanager
async def opened(side: Endpoint) -> AsyncIterator[Endpoint]:
    side.open(bound_socket("127.0.0.1"))
    try:
        yield side
    finally:
        side.close()


@contextlib.asynccontextmanager
async def connected() -> AsyncIterator[tuple[Endpoint, LinkPeer, Endpoint, LinkPeer]]:
    """A server and the peer that it has, a client and the peer that it has."""
    joined: asyncio.Queue[LinkPeer] = asyncio.Queue()
    async with (
        opened(endpoint(is_server=True, joined=joined)) as server,
        opened(endpoint(is_server=False)) as client,
    ):
        there = client.connect(("127.0.0.1", server.port))
        here = await asyncio.wait_for(joined.get(), WAIT_S)
        await asyncio.wait_for(there.opened.wait(), WAIT_S)
        yield server, here, client, there


async def event(peer: LinkPeer) -> Event | None:
    return await asyncio.wait_for(peer.events.get(), WAIT_S)


async def test_messages_and_control_pass_both_ways() -> None:
    async with connected() as (server, here, client, there):
        for side, sender, receiver in ((client, there, here), (server, here, there)):
            message = Message(3, 4, 5, random.Random(1).randbytes(30_000))
            now = time.monotonic()
            assert sender.link.send(message, deadline=now + WAIT_S, now=now)
            side.flush(sender)
            assert await event(receiver) == MessageReceived(message)
            assert sender.link.send_control(b"hello")
            side.flush(sender)
            assert await event(receiver) == ControlReceived(b"hello")


async def test_many_messages_pass_at_a_pace() -> None:
    async with connected() as (server, here, _, there):
        for serial in range(60):
            now = time.monotonic()
            here.link.send(Message(1, 0, serial, bytes(8000)), deadline=now + WAIT_S, now=now)
            server.flush(here)
            await asyncio.sleep(0.005)
        serials = [
            each.message.serial
            for each in [await event(there) for _ in range(60)]
            if isinstance(each, MessageReceived)
        ]
        assert sorted(serials) == list(range(60))


async def test_both_sides_know_each_other() -> None:
    async with connected() as (_, here, _, there):
        assert here.secure.exporter == there.secure.exporter
        assert here.secure.fingerprint != there.secure.fingerprint


async def test_strangers_get_no_peer_and_disturb_nobody() -> None:
    async with connected() as (server, here, client, there):
        rng = random.Random(2)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for each in range(500):
                head = b"\x16\xfe\xff" if each % 2 else b""
                junk = head + rng.randbytes(rng.randrange(1, 1200))
                stranger.sendto(junk, ("127.0.0.1", server.port))
            there.link.send_control(b"after the noise")
            client.flush(there)
            assert await event(here) == ControlReceived(b"after the noise")
        assert server.peers == [here]
        assert server.refused > 100


async def test_a_side_that_closes_is_gone_at_the_other_at_once() -> None:
    async with connected() as (server, here, client, _):
        client.close()
        assert await event(here) is None
        assert here.is_gone
        assert server.peers == []


async def test_a_server_that_is_not_there_is_noticed() -> None:
    async with opened(endpoint(is_server=False)) as client:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
            mute.bind(("127.0.0.1", 0))
            peer = client.connect(mute.getsockname())
            await asyncio.sleep(0)
            assert not peer.opened.is_set()
            assert client.peers == [peer]


class Relay(asyncio.DatagramProtocol):
    """Stands between a client and a server, and loses the first datagrams of each."""

    LOST = 2

    def __init__(self, server: tuple[str, int]) -> None:
        self._server = server
        self._client: tuple[str, int] | None = None
        self._seen = {True: 0, False: 0}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, address: tuple[str | Any, int]) -> None:
        is_server = address == self._server
        if not is_server:
            self._client = address
        self._seen[is_server] += 1
        if self._seen[is_server] > self.LOST:
            self._transport.sendto(data, self._client if is_server else self._server)


async def test_what_a_handshake_loses_is_sent_again_without_a_stranger_waking_it() -> None:
    loop = asyncio.get_running_loop()
    async with opened(endpoint(is_server=True)) as server, opened(endpoint(is_server=False)) as one:
        transport, _ = await loop.create_datagram_endpoint(
            lambda: Relay(("127.0.0.1", server.port)), local_addr=("127.0.0.1", 0)
        )
        began = time.monotonic()
        peer = one.connect(transport.get_extra_info("sockname"))
        await asyncio.wait_for(peer.opened.wait(), WAIT_S)
        # Repetitions after 0.2 and 0.4 s on either side; a machine may be busy.
        assert time.monotonic() - began < 4.0
        transport.close()


async def test_events_that_nobody_takes_are_bounded_and_counted() -> None:
    async with connected() as (server, here, client, there):
        here.max_events = 3
        for number in range(10):
            assert there.link.send_control(bytes([number]))
            client.flush(there)
        async with asyncio.timeout(WAIT_S):
            while server.dropped < 7:  # noqa: ASYNC110 - what is dropped has no event
                await asyncio.sleep(0.01)
        assert here.events.qsize() == 3
        assert [await event(here) for _ in range(3)] == [
            ControlReceived(bytes([number])) for number in range(3)
        ]


async def test_a_server_closes_one_connection_and_keeps_the_others() -> None:
    async with connected() as (server, here, _, there), opened(endpoint(is_server=False)) as other:
        kept = other.connect(("127.0.0.1", server.port))
        await asyncio.wait_for(kept.opened.wait(), WAIT_S)
        server.disconnect(here)
        server.disconnect(here)
        assert await event(there) is None
        assert len(server.peers) == 1
        assert kept.link.send_control(b"still there")
        other.flush(kept)
        assert await event(server.peers[0]) == ControlReceived(b"still there")


class Limits:
    """Lets so many handshakes begin."""

    def __init__(self, left: int) -> None:
        self.left = left

    def may_begin(self, address: str, *, now: float) -> bool:
        return self.left > 0

    def begin(self, address: str, *, now: float) -> bool:
        self.left -= 1
        return True


async def test_handshakes_beyond_the_limits_get_no_answer() -> None:
    identity = make_identity(now=datetime.datetime.now(datetime.UTC))
    server = Endpoint(identity, is_server=True, limits=Limits(1))
    async with opened(server), opened(endpoint(is_server=False)) as client:
        there = client.connect(("127.0.0.1", server.port))
        await asyncio.wait_for(there.opened.wait(), WAIT_S)
        async with opened(endpoint(is_server=False)) as second:
            refused = second.connect(("127.0.0.1", server.port))
            async with asyncio.timeout(WAIT_S):
                while not server.refused:  # noqa: ASYNC110 - what is refused has no event
                    await asyncio.sleep(0.01)
            assert not refused.opened.is_set()
