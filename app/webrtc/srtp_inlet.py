"""Checks the clear header of SRTP packets before libsrtp works on them.

libsrtp makes a stream for each SSRC that authenticates, keeps it, and looks through them one
after the other; so their number is bounded here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Container
from typing import Protocol

import pylibsrtp

from app.ice.refusals import PacketRefusals
from app.token_bucket import TokenBucket

MAX_SOURCES = 16
"""SSRCs of one peer at a time: sound, and six simulcast layers with their retransmissions; or two
tracks with their retransmissions, four times."""

SILENT_S = 10.0
"""A source that was silent for this long makes way for another."""

MAX_MEDIA_PER_S = 5000.0
"""RTP packets of one peer: about 50 Mbit/s of full ones, several times what a stream here needs."""

MAX_CONTROL_PER_S = 200.0
"""RTCP packets of one peer, which anybody may be who watches. Browsers send at most some tens."""

_RTP_HEADER = 12
_RTCP_HEADER = 8


class Refused(pylibsrtp.Error):
    """The packet is not taken, as one that does not authenticate."""


class SrtpSession(Protocol):
    """The methods of ``pylibsrtp.Session`` that are used here."""

    def unprotect(self, packet: bytes) -> bytes: ...

    def unprotect_rtcp(self, packet: bytes) -> bytes: ...

    def remove_stream(self, ssrc: int) -> None: ...


class SrtpInlet:
    """Stands before one peer's SRTP session. ``payload_types`` are those that were answered.

    An SSRC counts once a packet of it authenticated, so nobody else can use the places up.
    """

    def __init__(
        self,
        session: SrtpSession,
        refusals: PacketRefusals,
        *,
        payload_types: Container[int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = session
        self._refusals = refusals
        self._payload_types = payload_types
        self._clock = clock
        self._seen: dict[int, float] = {}
        self._media = TokenBucket(per_s=MAX_MEDIA_PER_S, burst=MAX_MEDIA_PER_S / 2)
        self._control = TokenBucket(per_s=MAX_CONTROL_PER_S, burst=2 * MAX_CONTROL_PER_S)

    def unprotect(self, packet: bytes) -> bytes:
        """Checks and decrypts one RTP packet. Raises pylibsrtp.Error."""
        if len(packet) < _RTP_HEADER:
            raise self._refuse("rtp_malformed")
        if packet[1] & 0x7F not in self._payload_types:
            raise self._refuse("rtp_unwanted")
        # RFC 3711 section 3.1: the header is authenticated, but not encrypted.
        ssrc = int.from_bytes(packet[8:12], "big")
        return self._pass(packet, ssrc, self._session.unprotect, self._media)

    def unprotect_rtcp(self, packet: bytes) -> bytes:
        """Checks and decrypts one RTCP packet. Raises pylibsrtp.Error."""
        if len(packet) < _RTCP_HEADER:
            raise self._refuse("rtcp_malformed")
        ssrc = int.from_bytes(packet[4:8], "big")
        return self._pass(packet, ssrc, self._session.unprotect_rtcp, self._control)

    def _pass(
        self, packet: bytes, ssrc: int, unprotect: Callable[[bytes], bytes], rate: TokenBucket
    ) -> bytes:
        try:
            plain = unprotect(packet)
        except pylibsrtp.Error:
            self._refusals.refuse("srtp")
            raise
        now = self._clock()
        if ssrc not in self._seen and len(self._seen) >= MAX_SOURCES:
            self._evict_silent(ssrc, now)
        self._seen[ssrc] = now
        # Counted behind the check, so a stranger cannot use up the peer's rate.
        if not rate.take(now=now):
            raise self._refuse("flood")
        return plain

    def _evict_silent(self, ssrc: int, now: float) -> None:
        """Forgets the source that is silent the longest, or the new one while none is."""
        oldest = min(self._seen, key=lambda known: self._seen[known])
        if now - self._seen[oldest] < SILENT_S:
            # libsrtp has made a stream of the source when the packet authenticated.
            self._session.remove_stream(ssrc)
            raise self._refuse("sources")
        del self._seen[oldest]
        self._session.remove_stream(oldest)

    def _refuse(self, reason: str) -> Refused:
        self._refusals.refuse(reason)
        return Refused(reason)
