"""The UDP socket of a link's side: DTLS peers by address, each with a link inside.

What has arrived is read at once, and each peer that it is from sends what it has to say to all of
it; each peer has a timer of its own. Nothing here looks into messages.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from typing import Protocol

from wire.link.link import MAX_EVENTS, Event, Link
from wire.link.secure import Cookies, Identity, SecurePeer, SecureState, make_context
from wire.link.udp_socket import Address, UdpSocket

__all__ = ["Address", "AddressLimits", "Endpoint", "LinkPeer"]

MAX_PEERS = 256
"""Devices at one gateway; a further one gets no answer until another has left."""

SILENCE_S = 5.0
"""A peer that was not heard for so long is gone: five keep-alives."""

MAX_BURST = 64
"""Datagrams that one peer sends before others get their turn."""

MIN_TIMER_S = 0.001
"""Timers of an event loop are no finer; one that is due sooner than that is due."""


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
        self.timer: asyncio.TimerHandle | None = None

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


class Endpoint:
    """A UDP socket with its peers; it begins with ``open``."""

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
        self._udp: UdpSocket | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._now = 0.0
        self._heard: dict[LinkPeer, None] = {}
        self.dropped = 0
        """Events of peers for which nobody had the time."""
        self.refused = 0
        """Datagrams of addresses that are no peers, and first ones beyond ``MAX_PEERS``."""

    def _new_listener(self) -> SecurePeer:
        return SecurePeer(self._context, is_server=True, now=time.monotonic())

    def open(self, udp: socket.socket) -> None:
        """Begins to serve a bound socket, and owns it from now on. In the loop."""
        self._loop = asyncio.get_running_loop()
        self._udp = UdpSocket(udp)
        self._loop.add_reader(self._udp, self._read)

    @property
    def peers(self) -> list[LinkPeer]:
        """The connections of now."""
        return list(self._peers.values())

    @property
    def port(self) -> int:
        """The port of the socket."""
        assert self._udp is not None
        return self._udp.port

    @property
    def datagrams(self) -> int:
        """Datagrams that passed the socket, either way."""
        return self._udp.moved if self._udp is not None else 0

    @property
    def unsent(self) -> int:
        """Datagrams that the system did not take."""
        return self._udp.unsent if self._udp is not None else 0

    def connect(self, address: Address) -> LinkPeer:
        """Begins a connection to a server."""
        now = time.monotonic()
        peer = LinkPeer(address, SecurePeer(self._context, is_server=False, now=now), now=now)
        self._peers[address] = peer
        peer.secure.start(now=now)
        self.flush(peer)
        return peer

    def _read(self) -> None:
        assert self._udp is not None
        self._now = time.monotonic()
        self._udp.receive(self._hand_over, now=self._now)
        heard, self._heard = self._heard, {}
        for peer in heard:
            self._take(peer)
            self.flush(peer)

    def _hand_over(self, data: memoryview, address: Address, arrived_at: float) -> None:
        """Hands a datagram to the peer of its address."""
        now = self._now
        peer = self._peers.get(address)
        if peer is None:
            peer = self._admit(bytes(data), address, now=now)
            if peer is None:
                return
        else:
            peer.secure.receive(data, now=now)
        self._heard[peer] = None
        while (plain := peer.secure.next_data()) is not None:
            peer.heard_at = now
            peer.link.receive(plain, now=now, arrived_at=arrived_at)

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
            self._send_all(secure, address)
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

    def _take(self, peer: LinkPeer) -> None:
        if peer.secure.is_open and not peer.opened.is_set():
            peer.opened.set()
            self._joined(peer)
        while (event := peer.link.next_event()) is not None:
            if peer.events.qsize() < peer.max_events:
                peer.events.put_nowait(event)
            else:
                self.dropped += 1

    def flush(self, peer: LinkPeer) -> None:
        """Sends what the peer has to send, and sets its timer."""
        now = time.monotonic()
        secure, link = peer.secure, peer.link
        self._send_all(secure, peer.address)
        batch: list[bytes] = []
        while (
            secure.is_open
            and len(batch) < MAX_BURST
            and (data := link.next_datagram(now=now)) is not None
        ):
            batch.append(secure.seal(data))
        self._send(batch, peer.address)
        self._set_timer(peer, now=now)

    def _send_all(self, secure: SecurePeer, address: Address) -> None:
        batch = []
        while (datagram := secure.next_datagram()) is not None:
            batch.append(datagram)
        self._send(batch, address)

    def _send(self, batch: list[bytes], address: Address) -> None:
        if self._udp is not None and batch:
            self._udp.send(batch, address)

    def _set_timer(self, peer: LinkPeer, *, now: float) -> None:
        when = max(now + MIN_TIMER_S, self._deadline(peer, now=now))
        if peer.timer is not None:
            if abs(peer.timer.when() - when) < MIN_TIMER_S / 2:
                return
            peer.timer.cancel()
            peer.timer = None
        if self._loop is not None and self._peers.get(peer.address) is peer:
            # The loop has the same clock.
            peer.timer = self._loop.call_at(when, self._on_timer, peer)

    def _deadline(self, peer: LinkPeer, *, now: float) -> float:
        secure = peer.secure.next_deadline()
        if not peer.secure.is_open:
            return now if secure is None else secure
        times = (peer.link.next_deadline(now=now), peer.heard_at + SILENCE_S)
        return min(times if secure is None else (*times, secure))

    def _on_timer(self, peer: LinkPeer) -> None:
        peer.timer = None
        now = time.monotonic()
        peer.secure.tick(now=now)
        if now >= peer.heard_at + SILENCE_S and peer.secure.is_open:
            peer.secure.close()
        if peer.is_gone:
            self._send_all(peer.secure, peer.address)
            self._forget(peer)
            return
        self.flush(peer)

    def disconnect(self, peer: LinkPeer) -> None:
        """Closes one connection; one that is closed already is left as it is."""
        if self._peers.get(peer.address) is not peer:
            return
        peer.secure.close()
        self._send_all(peer.secure, peer.address)
        self._forget(peer)

    def _forget(self, peer: LinkPeer) -> None:
        self._peers.pop(peer.address, None)
        if peer.timer is not None:
            peer.timer.cancel()
        peer.events.put_nowait(None)

    def close(self) -> None:
        """Closes all connections and the socket."""
        for peer in self.peers:
            self.disconnect(peer)
        if self._udp is not None:
            assert self._loop is not None
            self._loop.remove_reader(self._udp)
            self._udp.close()
            self._udp = None
