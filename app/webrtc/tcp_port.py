"""ICE over TCP for networks without UDP: we listen (RFC 6544, passive), packets are framed (RFC
4571).
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Sequence
from typing import cast

from app.ice.lite_agent import Address, Path
from app.ice.stun import MAX_MESSAGE_BYTES
from app.webrtc.udp_port import Take

FIRST_CHECK_S = 4.0
"""A connection that belongs to no peer by then, or any more, is closed."""

MAX_CONNECTIONS = 512
"""Open at a time at one port; who comes above is cut off."""

MAX_PER_HOST = 32
"""Connections of one address: an office behind one NAT, and no more of a stranger's."""

MAX_UNSENT_BYTES = 256 * 1024
"""Bytes that wait for a peer that does not read: about a second of 2 Mbit/s. Then whole batches
are dropped: of old media nothing is wanted."""

_LENGTH_BYTES = 2


class TcpConnection(asyncio.Protocol):
    """One connection of a peer; a path of its own, which datagrams take as over UDP."""

    def __init__(self, port: TcpPort) -> None:
        self._port = port
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.address: Address = ("", 0)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Takes a connection, if there may be one more."""
        self._transport = cast(asyncio.Transport, transport)
        found = self._transport.get_extra_info("peername")
        if found is None or not self._port.may_join(found[0]):
            self._transport.abort()
            return
        self.address = found[:2]
        self._port.connections.add(self)
        self._transport.set_write_buffer_limits(high=MAX_UNSENT_BYTES)
        self._watch()

    def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(FIRST_CHECK_S, self._close_if_strange)

    def _close_if_strange(self) -> None:
        if self._port.is_known((self, self.address)):
            self._watch()
        else:
            self.close()

    def data_received(self, data: bytes) -> None:
        """Hands on each whole frame; less than one of them waits here."""
        self._buffer += data
        at = 0
        while at + _LENGTH_BYTES <= len(self._buffer):
            size = int.from_bytes(self._buffer[at : at + _LENGTH_BYTES], "big")
            if size > MAX_MESSAGE_BYTES:
                self.close()  # whoever sends this does not speak of packets
                return
            end = at + _LENGTH_BYTES + size
            if end > len(self._buffer):
                break
            frame = bytes(self._buffer[at + _LENGTH_BYTES : end])
            at = end
            self._port.take(frame, (self, self.address), time.monotonic())
        del self._buffer[:at]

    def send(self, datagrams: Sequence[bytes], address: Address) -> None:
        """Sends datagrams in their order, or drops them all while the peer does not read."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            self._port.unsent += len(datagrams)
            return
        frames = (part for each in datagrams for part in (len(each).to_bytes(2, "big"), each))
        transport.write(b"".join(frames))

    def connection_lost(self, error: Exception | None) -> None:
        """Forgets the connection and the path."""
        if self._timer is not None:
            self._timer.cancel()
        if self in self._port.connections:
            self._port.connections.discard(self)
            self._port.on_lost((self, self.address))

    def close(self) -> None:
        """Closes the connection at once; what waits to be sent is of no use."""
        if self._transport is not None:
            self._transport.abort()


class TcpPort:
    """One listening socket. ``is_known`` tells whether a path belongs to a peer."""

    def __init__(
        self, *, take: Take, is_known: Callable[[Path], bool], on_lost: Callable[[Path], None]
    ) -> None:
        self.take = take
        self.is_known = is_known
        self.on_lost = on_lost
        self.connections: set[TcpConnection] = set()
        self.host, self.port = "", 0
        self.unsent = 0
        "Datagrams for peers that did not read."
        self.cut_off = 0
        "Connections above the limits."
        self._server: asyncio.Server | None = None

    async def listen(self, host: str, port: int) -> None:
        """Begins to listen; port 0 takes a free one. Raises OSError."""
        loop = asyncio.get_running_loop()
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._server = await loop.create_server(
            lambda: TcpConnection(self), host, port, family=family
        )
        self.host, self.port = self._server.sockets[0].getsockname()[:2]

    def may_join(self, host: str) -> bool:
        """True if one more connection of an address is taken."""
        same = sum(each.address[0] == host for each in self.connections)
        if len(self.connections) < MAX_CONNECTIONS and same < MAX_PER_HOST:
            return True
        self.cut_off += 1
        return False

    def close(self) -> None:
        """Stops to listen and closes all connections; calling it twice is harmless."""
        if self._server is not None:
            self._server.close()
        for each in tuple(self.connections):
            each.close()
