"""Decides which datagrams of one peer are read, and counts the others; no I/O and no clock.

What shares the port is told apart by its first byte (RFC 7983 section 7). STUN is read from
anybody, since that is how a peer shows that it knows our password. Everything else is taken only
from addresses that showed it: DTLS and SRTP are not told by whom a packet was meant.
"""

from __future__ import annotations

import collections
import enum
import struct
from collections.abc import Container

import pylibsrtp
from OpenSSL import SSL

from app.token_bucket import TokenBucket

PACKET_ERRORS = (ValueError, LookupError, struct.error, pylibsrtp.Error, SSL.Error)
"""Errors of aioice and aiortc for bytes that are no packet. Both document ValueError. struct.error
comes from fields that they unpack without asking how long they are, such as a REMB that names more
SSRCs than it holds; LookupError from attributes that an authentic STUN message lacks. Anything else
is a bug, ours or theirs: it ends the one session, and its trace is logged."""

MAX_DATAGRAM = 1500
"""Bytes; what fits an Ethernet frame, and libsrtp's buffer."""

MAX_WAITING = 128
"""Datagrams that may wait for DTLS: several flights of a handshake, or a burst of a key frame
while the loop is busy."""

MAX_ADDRESSES = 16
"""Remote addresses one peer may have at a time: its interfaces, behind its NATs."""

_COOKIE = b"\x21\x12\xa4\x42"
"""Magic cookie of every STUN message (RFC 8489 section 5)."""

_HEADER = 20
_REQUEST = 0x0001
_RESPONSES = (0x0101, 0x0111)
_INDICATION = 0x0011

Source = tuple[str, int]
"""Host and port as the socket tells them, so mapped or scoped forms compare with themselves."""

Refusals = collections.Counter[str]
"""Packets that were dropped unread, or could not be read, by reason."""


class PacketVerdict(enum.Enum):
    """The decision on one datagram."""

    STUN = "stun"
    DATA = "data"
    "The packet is for DTLS, which passes SRTP on."
    DROP = "drop"


class PacketGate:
    """Sorts the datagrams of one peer; every one that is dropped is counted by its reason.

    ``totals`` counts for all peers of the process, ``refused`` for this one.
    """

    def __init__(self, totals: Refusals) -> None:
        self.refused = Refusals()
        self._totals = totals
        self._admitted: dict[Source, None] = {}
        self._checks = TokenBucket(per_s=100.0, burst=200.0)
        # Sixteen addresses at once and one more every 2 s: a phone that moves about needs no more,
        # and each address that is learned costs us several packets to it.
        self._joins = TokenBucket(per_s=0.5, burst=float(MAX_ADDRESSES))
        self.has_checked = False
        """An authenticated check came, or one of ours was answered, since the beginning."""
        self.username = b""
        "Our ICE user name fragment and a colon: how every request to us begins its USERNAME."

    def refuse(self, reason: str) -> PacketVerdict:
        """Counts one packet as dropped."""
        self.refused[reason] += 1
        self._totals[reason] += 1
        return PacketVerdict.DROP

    def admit(self, source: Source) -> None:
        """Admits an address: an authenticated check came from it, or was answered by it."""
        self._admitted[source] = None
        self.has_checked = True

    def forget(self, source: Source) -> None:
        """Admits an address no more: it is none of the peer's now."""
        self._admitted.pop(source, None)

    def is_admitted(self, source: Source) -> bool:
        """True if data from this address is taken."""
        return source in self._admitted

    def may_join(self, *, now: float) -> bool:
        """True if one more address may be learned: each is sent several checks."""
        if self._joins.take(now=now):
            return True
        self.refuse("addresses")
        return False

    def sort(
        self,
        data: bytes,
        source: Source,
        *,
        waiting: int,
        transactions: Container[bytes],
        now: float,
    ) -> PacketVerdict:
        """Decides on one datagram; ``waiting`` others wait, ``transactions`` are our requests."""
        if not data:
            return self.refuse("empty")
        if len(data) > MAX_DATAGRAM:
            return self.refuse("oversize")
        # RFC 7983 section 7: 0 to 3 is STUN, 20 to 63 DTLS, 128 to 191 RTP and RTCP.
        first = data[0]
        if first < 4:
            return self._sort_stun(data, transactions, now)
        if source not in self._admitted:
            return self.refuse("stranger")
        if not (20 <= first < 64 or 128 <= first < 192):
            return self.refuse("unknown")
        if waiting >= MAX_WAITING:
            return self.refuse("overflow")
        return PacketVerdict.DATA

    def _sort_stun(self, data: bytes, transactions: Container[bytes], now: float) -> PacketVerdict:
        """Reads the header alone: parsing and the hash are for whoever knows our name."""
        if len(data) < _HEADER or data[4:8] != _COOKIE:
            return self.refuse("stun_malformed")
        kind = int.from_bytes(data[:2], "big")
        if kind == _INDICATION:
            return PacketVerdict.DROP  # a keep-alive (RFC 8445 section 11); nothing to do
        if kind in _RESPONSES:
            return (
                PacketVerdict.STUN if data[8:20] in transactions else self.refuse("stun_stranger")
            )
        # A search in the bytes is all that a stranger's message may cost. aioice parses the rest
        # and checks the integrity.
        if kind != _REQUEST or self.username not in data:
            return self.refuse("stun_stranger")
        return PacketVerdict.STUN if self._checks.take(now=now) else self.refuse("stun_flood")
