"""DTLS and SRTP of one peer over its ICE agent: packets in, packets out, without a task for each.

aiortc does the handshake. From then on a datagram is decrypted, parsed and handed to its track in
the call that brought it, and packets leave in the call that sends them.
"""

from __future__ import annotations

import asyncio
import collections
import logging
import struct
from collections.abc import Callable, Sequence
from typing import Protocol, cast

import pylibsrtp
from aiortc.clock import current_ms
from aiortc.rtcdtlstransport import RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport
from aiortc.rtcicetransport import RTCIceTransport
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpReceiveParameters
from aiortc.rtp import AnyRtcpPacket, HeaderExtensionsMap, RtcpPacket, RtpPacket, is_rtcp
from OpenSSL import SSL

from app.ice.lite_agent import LiteAgent
from app.ice.refusals import PacketRefusals
from app.rtp.transport_feedback import is_transport_feedback
from app.webrtc.dtls_certificate import SharedCertificate
from app.webrtc.sdp_offer import MediaOffer
from app.webrtc.srtp_inlet import SrtpInlet
from app.webrtc.srtp_outlet import SrtpOutlet

log = logging.getLogger(__name__)

PACKET_ERRORS = (ValueError, LookupError, struct.error, pylibsrtp.Error, SSL.Error)
"""Errors of aiortc for bytes that are no packet. It documents ValueError. struct.error comes from
fields that it unpacks without asking how long they are, such as a REMB that names more SSRCs than
it holds. Anything else is a bug, ours or theirs: it ends the one session, and its trace is
logged."""

MAX_WAITING = 128
"""Datagrams that may wait for DTLS: several flights of a handshake. As many packets of media may
come before its end, which the peer sees first: a burst of a key frame."""


MAX_ERROR_TEXT = 120
"""Characters of an error that are logged: it may quote what came from outside."""


class Track(Protocol):
    """A receiver or a sender of one media section."""

    def start(self, section: MediaOffer) -> None: ...

    async def stop(self) -> None: ...

    def on_control(self, packet: AnyRtcpPacket) -> None:
        """Takes one RTCP packet of the peer, whichever track it is for."""


class ReceivingTrack(Track, Protocol):
    """One that takes media."""

    def on_packet(self, packet: RtpPacket, arrival_ms: int) -> None: ...


class PacketTransport(Protocol):
    """The methods of a peer's transport that tracks use."""

    @property
    def round_trip_s(self) -> float | None:
        """Round trip that connectivity checks measured, None if it is not known."""

    def send_packets(self, packets: Sequence[bytes]) -> None:
        """Sends RTP packets in clear that leave now, in their order. Raises pylibsrtp.Error for
        what libsrtp does not take; does nothing unless the connection stands.
        """

    def send_control(self, data: bytes) -> None:
        """Sends a compound RTCP packet in clear, likewise."""


class ControlObserver(Protocol):
    """Takes the RTCP of a peer that concerns its path and no single track."""

    def on_transport_feedback(self, data: bytes, *, now: float) -> None:
        """Takes transport-wide feedback. Raises ValueError for what cannot be read."""

    def on_control(self, packet: AnyRtcpPacket) -> None:
        """Takes any other RTCP packet."""


class IceChannel:
    """The part of an ICE transport that aiortc's DTLS uses: its datagrams, in and out."""

    role = "controlled"

    def __init__(self, send: Callable[[Sequence[bytes]], None]) -> None:
        self._send_now = send
        self.waiting: asyncio.Queue[bytes] = asyncio.Queue(MAX_WAITING)

    async def _recv(self) -> bytes:
        return await self.waiting.get()

    async def _send(self, data: bytes) -> None:
        self._send_now([data])


class PeerDtls(RTCDtlsTransport):
    """aiortc's DTLS: no packet ends it, and its SRTP sessions are used by ``PeerTransport``."""

    refusals: PacketRefusals

    async def _recv_next(self) -> None:
        try:
            await super()._recv_next()
        except PACKET_ERRORS as error:
            log_unreadable(self.refusals, error)
            await asyncio.sleep(0)  # whatever it was, the loop goes on


class PeerTransport:
    """The transport of one peer, made before its offer is answered.

    ``on_end`` is called once when the handshake failed or the peer ended DTLS.
    """

    def __init__(
        self, certificate: SharedCertificate, refusals: PacketRefusals, on_end: Callable[[], None]
    ) -> None:
        self._refusals = refusals
        self._on_end = on_end
        self._agent: LiteAgent | None = None
        self._channel = IceChannel(self._send)
        # The channel has what is used of the class that aiortc names.
        self._dtls = PeerDtls(cast(RTCIceTransport, self._channel), [certificate])
        self._dtls.refusals = refusals
        self._dtls.on("statechange", self._dtls_changed)
        self._extensions = HeaderExtensionsMap()
        self._receivers: dict[int, ReceivingTrack] = {}
        self._tracks: list[Track] = []
        self.observer: ControlObserver | None = None
        """Set before the connection stands, where one is wanted."""
        self._inlet: SrtpInlet | None = None
        self._outlet: SrtpOutlet | None = None
        self._early: collections.deque[bytes] = collections.deque(maxlen=MAX_WAITING)

    @property
    def round_trip_s(self) -> float | None:
        """Round trip that connectivity checks measured in seconds, None if it is not known."""
        return self._agent.round_trip_s if self._agent else None

    @property
    def is_connected(self) -> bool:
        """True while packets can be sent."""
        return self._outlet is not None

    def use(self, agent: LiteAgent) -> None:
        """Sends along the agent's path from now on."""
        self._agent = agent

    def add_track(self, track: Track, section: MediaOffer, *, receives: bool) -> None:
        """Hands packets of a section to a track; before the connection stands."""
        self._tracks.append(track)
        if not receives:
            return
        for payload in section.payloads:
            self._receivers[payload.number] = cast(ReceivingTrack, track)
        known = [RTCRtpHeaderExtensionParameters(id=e.id, uri=e.uri) for e in section.extensions]
        self._extensions.configure(RTCRtpReceiveParameters(headerExtensions=known))

    async def connect(self, fingerprints: Sequence[tuple[str, str]], *, is_client: bool) -> bool:
        """Does the handshake with whoever has one of these fingerprints; True if it succeeded."""
        self._dtls._set_role("client" if is_client else "server")
        known = [RTCDtlsFingerprint(algorithm=a, value=digest) for a, digest in fingerprints]
        await self._dtls.start(RTCDtlsParameters(fingerprints=known))
        if self._dtls.state != "connected":
            return False
        self._outlet = SrtpOutlet(self._dtls._tx_srtp)
        # Of tracks that are received here: nobody's who only watches.
        self._inlet = SrtpInlet(self._dtls._rx_srtp, self._refusals, payload_types=self._receivers)
        return True

    def take_early(self, *, now: float) -> None:
        """Takes the media that came before the connection stood; once the tracks have started."""
        while self._early:
            self._take_srtp(self._early.popleft(), now)

    def take(self, data: bytes, now: float) -> None:
        """Takes one datagram of DTLS, SRTP or SRTCP from the peer's path (RFC 7983 section 7)."""
        if data[0] >= 128:
            if self._inlet is None:
                self._early.append(data)
            else:
                self._take_srtp(data, now)
        elif self._channel.waiting.full():
            self._refusals.refuse("overflow")
        else:
            self._channel.waiting.put_nowait(data)

    def _take_srtp(self, data: bytes, now: float) -> None:
        if self._inlet is None or self._agent is None:
            return
        try:
            if is_rtcp(data):
                plain = self._inlet.unprotect_rtcp(data)
                self._agent.on_media(now=now)
                self._take_control(plain, now)
            else:
                plain = self._inlet.unprotect(data)
                self._agent.on_media(now=now)
                packet = RtpPacket.parse(plain, self._extensions)
                self._receivers[packet.payload_type].on_packet(packet, current_ms())
        except pylibsrtp.Error:
            return  # the inlet has counted it
        except PACKET_ERRORS as error:
            log_unreadable(self._refusals, error)
        except Exception:
            # The border of one peer: a fault ends its session, and no other one's.
            log.exception("a packet ended a peer", extra={"action": "peer_failed"})
            self._end()

    def _take_control(self, plain: bytes, now: float) -> None:
        """Takes a compound RTCP packet in clear."""
        observer = self.observer
        if observer is not None and is_transport_feedback(plain):
            # It comes alone, some ten times a second; aiortc would read it as a NACK.
            observer.on_transport_feedback(plain, now=now)
            plain = plain[4 * (int.from_bytes(plain[2:4], "big") + 1) :]
        for report in RtcpPacket.parse(plain) if plain else ():
            if observer is not None:
                observer.on_control(report)
            for track in self._tracks:
                track.on_control(report)

    def send_packets(self, packets: Sequence[bytes]) -> None:
        """Sends RTP packets in clear that leave now, in their order. Raises pylibsrtp.Error for
        what libsrtp does not take; does nothing unless the connection stands.
        """
        if self._outlet is not None:
            self._send(self._outlet.protect_all(packets))

    def send_control(self, data: bytes) -> None:
        """Sends a compound RTCP packet in clear, likewise."""
        if self._outlet is not None:
            self._send([self._outlet.protect_control(data)])

    def _send(self, datagrams: Sequence[bytes]) -> None:
        path = self._agent.path_for(datagrams) if self._agent else None
        if path is not None:
            path[0].send(datagrams, path[1])

    async def stop(self) -> None:
        """Ends DTLS, telling the peer; nothing is sent or taken any more."""
        self._dtls.remove_all_listeners()
        await self._dtls.stop()
        self._inlet = self._outlet = None
        self._early.clear()

    def _dtls_changed(self) -> None:
        if self._dtls.state in ("closed", "failed"):
            self._end()

    def _end(self) -> None:
        self._inlet = self._outlet = None
        self._on_end()


def log_unreadable(refusals: PacketRefusals, error: Exception) -> None:
    """Counts a packet that could not be read, and logs the first one of a peer in one line.

    Whoever reconnects is another peer, so the line is alike for all of them and without a stack:
    of such ``LogLimit`` lets one a second through in the whole process.
    """
    if not refusals.refused["unreadable"]:
        text = repr(error)[:MAX_ERROR_TEXT]
        log.warning("a packet could not be read: %s", text, extra={"action": "packet_unreadable"})
    refusals.refuse("unreadable")
