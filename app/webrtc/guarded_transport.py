"""aioice and aiortc behind a ``PacketGate``: no packet may end a session.

aiortc makes these objects itself, so those of our peers are given a subclass in place; other
peers of the process (those of tests) keep the stock ones.
"""

from __future__ import annotations

import asyncio
import copy
import logging
import socket
import time
from typing import Any, cast

import aioice
import pylibsrtp
from aioice import stun
from aioice.candidate import candidate_foundation, candidate_priority
from aioice.ice import CandidatePair, Connection, StunProtocol
from aioice.turn import UDP_SOCKET_BUFFER_SIZE
from aiortc.rtcdtlstransport import RTCDtlsTransport

from app.webrtc.ice import UNKNOWN_ROUTE, PeerRoute, RemoteCandidates, best_first, installed
from app.webrtc.packet_gate import MAX_ADDRESSES, PACKET_ERRORS, PacketGate, PacketVerdict, Source
from app.webrtc.srtp_inlet import SrtpInlet

log = logging.getLogger(__name__)


class GuardedProtocol(StunProtocol):
    """One socket of a peer."""

    def datagram_received(self, data: bytes | str, addr: tuple[Any, ...]) -> None:
        """Hands a datagram on if the gate lets it through; called for every datagram of anybody."""
        connection = cast(GuardedConnection, self.receiver)
        data = cast(bytes, data)
        verdict = connection.gate.sort(
            data,
            (addr[0], addr[1]),
            waiting=connection._queue.qsize(),
            transactions=self.transactions,
            now=time.monotonic(),
        )
        if verdict is PacketVerdict.DATA:
            # There is one component only, since RTP and RTCP share a port.
            connection._queue.put_nowait((data, 1))
        elif verdict is PacketVerdict.STUN:
            try:
                super().datagram_received(data, addr)
            except PACKET_ERRORS:
                connection.gate.refuse("stun_malformed")

    async def request(
        self,
        request: stun.Message,
        addr: tuple[str, int],
        integrity_key: bytes | None = None,
        retransmissions: int | None = None,
    ) -> tuple[stun.Message, tuple[str, int]]:
        """Notes how long the answer took, unless the request may have been repeated."""
        sent_at = time.monotonic()
        answer = await super().request(request, addr, integrity_key, retransmissions)
        took_s = time.monotonic() - sent_at
        # Of a request that was repeated nobody knows which one was answered (Karn's algorithm).
        if took_s < stun.RETRY_RTO:
            cast(GuardedConnection, self.receiver).round_trip_s = took_s
        return answer


class GuardedConnection(Connection):
    """The ICE side of a peer. ``gate`` and ``remotes`` are set when it is guarded,
    ``route`` before candidates are gathered."""

    gate: PacketGate
    remotes: RemoteCandidates
    route = UNKNOWN_ROUTE

    round_trip_s: float | None = None
    """Round trip of the last check that was answered without being repeated."""

    def data_received(self, data: bytes, component: int) -> None:
        """Counts a datagram that looked like STUN and cannot be parsed; no other one comes here."""
        self.gate.refuse("stun_malformed")

    async def add_remote_candidate(self, remote_candidate: aioice.Candidate | None) -> None:
        """Takes few and only such as we may have to check first.

        Never the end of candidates: the peer's own checks make pairs with addresses that it did
        not name (mDNS), and aioice would fail before they arrive.
        """
        if remote_candidate is not None and self.remotes.may_check(
            remote_candidate.host, remote_candidate.transport, remote_candidate.component
        ):
            await super().add_remote_candidate(remote_candidate)

    async def get_component_candidates(
        self, component: int, addresses: list[str], timeout: int = 5
    ) -> list[aioice.Candidate]:
        """Opens one socket per address of ours; those that cannot be had are left out."""
        ours = installed().addresses
        protocols = [
            protocol
            for address in ours.local
            if (protocol := await self._listen(address, component)) is not None
        ]
        self._protocols += protocols
        # A mapped address is offered with the port of a local one of its IP version: NATs and
        # container hosts are set up to pass ports on unchanged.
        offered = [p.local_candidate for p in protocols if not ours.hides_local]
        for host in ours.mapped:
            for local in (p.local_candidate for p in protocols):
                if (":" in host) == (":" in local.host):
                    offered.append(copy.copy(local))
                    offered[-1].host = host
        order = best_first(dict.fromkeys(c.host for c in offered), self.route)
        offered.sort(key=lambda candidate: order.index(candidate.host))
        for rank, candidate in enumerate(offered):
            # RFC 8445 section 5.1.2.1: no two alike.
            candidate.priority = candidate_priority(component, "host", 65535 - rank)
        return offered

    async def _listen(self, address: str, component: int) -> GuardedProtocol | None:
        try:
            bound = installed().bind(address)
        except OSError as error:
            log.warning(
                "no UDP port at %s: %s", address, error.strerror, extra={"action": "no_port"}
            )
            return None
        # As aioice does with the sockets that it makes: bursts wait here while the loop is busy.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UDP_SOCKET_BUFFER_SIZE)
        loop = asyncio.get_running_loop()
        _, protocol = await loop.create_datagram_endpoint(lambda: GuardedProtocol(self), sock=bound)
        host, port = bound.getsockname()[:2]
        protocol.local_candidate = aioice.Candidate(
            foundation=candidate_foundation("host", "udp", host),
            component=component,
            transport="udp",
            priority=candidate_priority(component, "host"),
            host=host,
            port=port,
            type="host",
        )
        return protocol

    def respond_error(
        self,
        request: stun.Message,
        addr: tuple[str, int],
        protocol: StunProtocol,
        error_code: tuple[int, str],
    ) -> None:
        """Sends no answer to a peer that does not know our password: its address may be forged."""
        if error_code[0] in (400, 401):
            self.gate.refuse("stun_stranger")
        else:
            super().respond_error(request, addr, protocol, error_code)

    def check_incoming(
        self, message: stun.Message, addr: tuple[str, int], protocol: StunProtocol
    ) -> None:
        """Admits the sender of an authenticated check, and lets aioice answer it."""
        # RFC 8445 section 7.1.1 asks for PRIORITY; older ffmpeg builds leave it out, and
        # without a value aioice raises KeyError after it has answered.
        message.attributes.setdefault("PRIORITY", 1)
        if not self.gate.is_admitted(addr) and not self._is_known(addr):
            if not self.gate.may_join(now=time.monotonic()):
                return
            self._evict_silent()
        self.gate.admit(addr)
        super().check_incoming(message, addr, protocol)

    def check_complete(self, pair: CandidatePair) -> None:
        """Admits an address that answered a check of ours."""
        if pair.state == CandidatePair.State.SUCCEEDED:
            self.gate.admit(pair.remote_addr)
        super().check_complete(pair)

    def _is_known(self, addr: Source) -> bool:
        return any((c._network_host, c.port) == addr for c in self._remote_candidates)

    def _evict_silent(self) -> None:
        """Forgets the oldest address that carries nothing once there are too many.

        A peer that moves about (or names others as the source of its checks) gets new ones.
        """
        if len(self._remote_candidates) < MAX_ADDRESSES:
            return
        # A nominated pair carries the media, so its address is never forgotten.
        used = [pair.remote_candidate for pair in self._nominated.values()]
        idle = [c for c in self._remote_candidates if not any(c is u for u in used)]
        if not idle:
            return
        oldest = idle[0]
        self._remote_candidates.remove(oldest)
        for pair in [p for p in self._check_list if p.remote_candidate is oldest]:
            if pair.task is not None:
                pair.task.cancel()
            self._check_list.remove(pair)
        self.gate.forget((oldest._network_host, oldest.port))


class GuardedDtls(RTCDtlsTransport):
    """The DTLS and SRTP side of a peer."""

    gate: PacketGate

    async def _recv_next(self) -> None:
        try:
            await super()._recv_next()
        except PACKET_ERRORS as error:
            if not self.gate.refused["unreadable"]:
                log.warning(
                    "a packet could not be read: %r",
                    error,
                    exc_info=error,
                    extra={"action": "packet_unreadable"},
                )
            self.gate.refuse("unreadable")
            await asyncio.sleep(0)  # whatever it was, the loop goes on

    def _setup_srtp(self) -> None:
        super()._setup_srtp()
        if self._rx_srtp is not None:
            inlet = SrtpInlet(
                self._rx_srtp,
                self.gate,
                # Of tracks that are received here: nobody's who only watches.
                payload_types=self._rtp_router.payload_type_table,
                on_forget=self._forget_source,
            )
            self._rx_srtp = cast(pylibsrtp.Session, inlet)

    def _forget_source(self, ssrc: int) -> None:
        self._rtp_router.ssrc_table.pop(ssrc, None)


def guard(dtls: RTCDtlsTransport, gate: PacketGate, remotes: RemoteCandidates) -> None:
    """Puts a peer's transport behind the gate; before its candidates are gathered."""
    if isinstance(dtls, GuardedDtls):
        return
    # aiortc has made the objects already. Their class is changed in place, because patching the
    # modules would change every peer of the process.
    connection = dtls.transport._connection
    dtls.__class__ = GuardedDtls
    connection.__class__ = GuardedConnection
    guarded = cast(GuardedConnection, connection)
    guarded.gate = cast(GuardedDtls, dtls).gate = gate
    guarded.remotes = remotes
    # RFC 8445 section 7.2.2: USERNAME is the receiver's fragment, a colon and the sender's
    # fragment.
    gate.username = f"{connection.local_username}:".encode()


def set_route(dtls: RTCDtlsTransport, route: PeerRoute) -> None:
    """Sets the way on which the peer's offer came in; before its candidates are gathered."""
    connection = dtls.transport._connection
    if isinstance(connection, GuardedConnection):
        connection.route = route


def measured_round_trip_s(dtls: RTCDtlsTransport) -> float | None:
    """Returns the round trip of a connectivity check in seconds, None if it is not known."""
    connection = dtls.transport._connection
    return connection.round_trip_s if isinstance(connection, GuardedConnection) else None
