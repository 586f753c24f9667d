"""The UDP socket of a link's side: DTLS peers by address, each with a link inside.

One task sends what the peers have to send; the socket's reader hands datagrams over. Nothing here
looks into messages.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol, cast

from wire.link.link import MAX_EVENTS, Event, Link
from wire.link.secure import Cookies, Identity, SecurePeer, SecureState, make_context

Address = tuple[str, int]

MAX_PEERS = 256
"""Devices at one gateway; a further one gets no answer until another has left."""

SILENCE_S = 5.0
"""A peer that was not heard for so long is gone: five keep-alives."""

MAX_BURST = 64
"""Datagrams that one peer sends before others get their turn."""


class LinkPeer:
    """One connection: DTLS outside, the link inside."""

    def __init__(self, address: Address, secure: SecurePeer, *, now: float) -> None:
        self.address = address
        self.secure = secure
        self.link = Link()
        self.heard_at = now
        self.events: asyncio.Queue[Event | None] = asyncio.Queue()
        """Events of the link; None once the peer is gone."""
        self.max_events = MAX_EVENTS
        """Events that wait at most; what comes then is dropped and counted."""
        self.opened = asyncio.Event()

    @property
    def is_gone(self) -> bool:
        """True once nothing more will come."""
        return self.secure.state is SecureState.CLOSED


class AddressLimits(Protocol):
    """Limits of handshakes by address, at a server."""

    def may_begin(self, address: str, *, now: float) -> bool:
        """True if an address may begin one; it may be forged, so nothing is counted."""

    def begin(self, address: str, *, now: float) -> bool:
        """Counts the handshake of an address that is real; False if it is refused."""


class Endpoint(asyncio.DatagramProtocol):
    """A UDP socket with its peers. Use ``open_endpoint``."""

    def __init__(
        self,
        identity: Identity,
        *,
        is_server: bool,
        joined: Callable[[LinkPeer], None] = lambda _: None,
        limits: AddressLimits | None = None,
    ) -> None:
        self._cookies = Cookies()
        self._context = make_context(identity, self._cookies if is_server else None)
        self._is_server = is_server
        self._joined = joined
        self._limits = limits
        self._peers: dict[Address, LinkPeer] = {}
        self._listener = self._new_listener() if is_server else None
        self._transport: asyncio.DatagramTransport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self.dropped = 0
        """Events of peers for which nobody had the time."""
        self.refused = 0
        """Datagrams of addresses that are no peers, and first ones beyond ``MAX_PEERS``."""

    def _new_listener(self) -> SecurePeer:
        return SecurePeer(self._context, is_server=True, now=time.monotonic())

    @property
    def peers(self) -> list[LinkPeer]:
        """The connections of now."""
        return list(self._peers.values())

    @property
    def port(self) -> int:
        """The port of the socket."""
        assert self._transport is not None
        return int(self._transport.get_extra_info("sockname")[1])

    def connect(self, address: Address) -> LinkPeer:
        """Begins a connection to a server."""
        now = time.monotonic()
        peer = LinkPeer(address, SecurePeer(self._context, is_server=False, now=now), now=now)
        self._peers[address] = peer
        peer.secure.start(now=now)
        self.flush(peer)
        return peer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the transport."""
        # asyncio's own datagram transports do not inherit from the class of that name.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        """Hands a datagram to the peer of its address."""
        now = time.monotonic()
        peer = self._peers.get(address[:2])
        if peer is None:
            peer = self._admit(data, address[:2], now=now)
            if peer is None:
                return
        else:
            peer.secure.receive(data, now=now)
        self._take(peer, now=now)
        self.flush(peer)

    def _admit(self, data: bytes, address: Address, *, now: float) -> LinkPeer | None:
        limits = self._limits
        is_full = self._listener is None or len(self._peers) >= MAX_PEERS
        if is_full or (limits is not None and not limits.may_begin(address[0], now=now)):
            self.refused += 1
            return None
        assert self._listener is not None
        self._cookies.address = repr(address).encode()
        is_good = self._listener.listen(data)
        secure = self._listener
        if not is_good:
            while (answer := secure.next_datagram()) is not None:
                self._send(answer, address)
            self.refused += 1
            return None
        # Also of one that is refused: it holds the state of that client's handshake.
        self._listener = self._new_listener()
        if limits is not None and not limits.begin(address[0], now=now):
            self.refused += 1
            return None
        peer = self._peers[address] = LinkPeer(address, secure, now=now)
        secure.start(now=now)
        return peer

    def _take(self, peer: LinkPeer, *, now: float) -> None:
        if peer.secure.state is SecureState.OPEN and not peer.opened.is_set():
            peer.opened.set()
            self._joined(peer)
        while (data := peer.secure.next_data()) is not None:
            peer.heard_at = now
            peer.link.receive(data, now=now)
        while (event := peer.link.next_event()) is not None:
            if peer.events.qsize() < peer.max_events:
                peer.events.put_nowait(event)
            else:
                self.dropped += 1

    def flush(self, peer: LinkPeer) -> None:
        """Sends what the peer has to send, and sets the timer."""
        now = time.monotonic()
        for _ in range(MAX_BURST):
            if peer.secure.state is not SecureState.OPEN:
                break
            data = peer.link.next_datagram(now=now)
            if data is None:
                break
            peer.secure.send(data)
            self._send_all(peer)
        self._send_all(peer)
        self._schedule(self._deadline(peer, now=now))

    def _send_all(self, peer: LinkPeer) -> None:
        while (datagram := peer.secure.next_datagram()) is not None:
            self._send(datagram, peer.address)

    def _send(self, datagram: bytes, address: Address) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(datagram, address)

    def _deadline(self, peer: LinkPeer, *, now: float) -> float:
        secure = peer.secure.next_deadline()
        if peer.secure.state is not SecureState.OPEN:
            return now if secure is None else secure
        times = (peer.link.next_deadline(now=now), peer.heard_at + SILENCE_S)
        return min(times if secure is None else (*times, secure))

    def _schedule(self, when: float) -> None:
        if self._timer is not None:
            if self._timer_at <= when:
                return
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        self._timer_at = when
        self._timer = loop.call_later(max(0.001, when - time.monotonic()), self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        now = time.monotonic()
        for peer in self.peers:
            peer.secure.tick(now=now)
            # What a handshake sends again is due now, whatever the link's own time is.
            self._send_all(peer)
            if now >= peer.heard_at + SILENCE_S and peer.secure.state is SecureState.OPEN:
                peer.secure.close()
            if peer.is_gone:
                self._send_all(peer)
                self._forget(peer)
                continue
            if self._deadline(peer, now=now) <= now + 0.0005:
                self.flush(peer)
            self._schedule(self._deadline(peer, now=now))

    def disconnect(self, peer: LinkPeer) -> None:
        """Closes one connection; one that is closed already is left as it is."""
        if self._peers.get(peer.address) is not peer:
            return
        peer.secure.close()
        self._send_all(peer)
        self._forget(peer)

    def _forget(self, peer: LinkPeer) -> None:
        self._peers.pop(peer.address, None)
        peer.events.put_nowait(None)

    def close(self) -> None:
        """Closes all connections and the socket."""
        for peer in self.peers:
            self.disconnect(peer)
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.close()
