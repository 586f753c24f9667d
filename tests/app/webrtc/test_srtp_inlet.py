"""``srtp_inlet.py``: packets that are unprotected, over real SRTP sessions, in virtual time."""

from __future__ import annotations

import struct

import pylibsrtp
import pytest

from app.ice.refusals import PacketRefusals, Refusals
from app.webrtc.srtp_inlet import (
    MAX_CONTROL_PER_S,
    MAX_MEDIA_PER_S,
    MAX_SOURCES,
    SILENT_S,
    SrtpInlet,
)

KEY = bytes(range(30))


def session(direction: int) -> pylibsrtp.Session:
    policy = pylibsrtp.Policy(key=KEY, ssrc_type=direction)
    policy.allow_repeat_tx = True
    return pylibsrtp.Session(policy)


class Link:
    """A sender's session and the inlet before ours."""

    def __init__(self, payload_types: set[int]) -> None:
        self.sender = session(pylibsrtp.Policy.SSRC_ANY_OUTBOUND)
        self.refusals = PacketRefusals(Refusals())
        self.now = 0.0
        self.inlet = SrtpInlet(
            session(pylibsrtp.Policy.SSRC_ANY_INBOUND),
            self.refusals,
            payload_types=payload_types,
            clock=lambda: self.now,
        )

    def rtp(self, ssrc: int, sequence: int = 1, payload_type: int = 96) -> bytes:
        head = struct.pack("!BBHII", 0x80, payload_type, sequence, 0, ssrc)
        return self.sender.protect(head + b"payload")

    def rtcp(self, ssrc: int) -> bytes:
        return self.sender.protect_rtcp(struct.pack("!BBHI", 0x80, 201, 1, ssrc))

    def takes(self, packet: bytes) -> bool:
        is_rtcp = packet[1:2] == b"\xc9"
        try:
            (self.inlet.unprotect_rtcp if is_rtcp else self.inlet.unprotect)(packet)
        except pylibsrtp.Error:
            return False
        return True


@pytest.fixture
def link() -> Link:
    return Link({96, 97})


def test_answered_payload_types_pass_and_others_do_not(link: Link) -> None:
    assert link.inlet.unprotect(link.rtp(1))[12:] == b"payload"
    assert link.takes(link.rtp(1, 2, 97))
    assert not link.takes(link.rtp(1, 3, 98))
    assert link.takes(link.rtp(1, 4, 0x80 | 96)), "a marker is no part of the type"
    assert link.refusals.refused == {"rtp_unwanted": 1}


def test_whoever_only_watches_may_send_reports_only() -> None:
    link = Link(set())
    assert not link.takes(link.rtp(1))
    assert link.takes(link.rtcp(1))
    assert link.refusals.refused == {"rtp_unwanted": 1}


def test_short_packets_are_malformed(link: Link) -> None:
    assert not link.takes(b"\x80\x60" + bytes(9))
    assert not link.takes(b"\x80\xc9" + bytes(5))
    assert link.refusals.refused == {"rtp_malformed": 1, "rtcp_malformed": 1}


def test_sources_are_bounded_for_media_and_reports_together(link: Link) -> None:
    assert all(link.takes(link.rtp(ssrc)) for ssrc in range(MAX_SOURCES - 1))
    assert link.takes(link.rtcp(100))
    for ssrc in range(200, 1200):
        assert not link.takes(link.rtcp(ssrc))
    assert link.refusals.refused == {"sources": 1000}
    assert all(link.takes(link.rtp(ssrc, 2)) for ssrc in range(MAX_SOURCES - 1))


def test_sources_that_do_not_authenticate_take_no_place(link: Link) -> None:
    for ssrc in range(1000):
        assert not link.takes(struct.pack("!BBHII", 0x80, 96, 1, 0, ssrc) + bytes(30))
    assert all(link.takes(link.rtp(ssrc)) for ssrc in range(MAX_SOURCES))
    assert link.refusals.refused == {"srtp": 1000}


def test_a_silent_source_makes_room(link: Link) -> None:
    for ssrc in range(MAX_SOURCES):
        link.now = ssrc / 10
        assert link.takes(link.rtp(ssrc))
    link.now = SILENT_S - 0.1
    assert not link.takes(link.rtp(77))
    link.now = SILENT_S
    assert link.takes(link.rtp(78))
    assert 0 not in link.inlet._seen
    assert not link.takes(link.rtp(79)), "the next one is not silent for long enough"


def test_a_publisher_may_not_send_endlessly_fast(link: Link) -> None:
    packets = [link.rtp(1, sequence) for sequence in range(6000)]
    taken = 0
    for n, packet in enumerate(packets):
        link.now = n / 60_000
        taken += link.takes(packet)
    assert taken <= MAX_MEDIA_PER_S / 2 + MAX_MEDIA_PER_S * 0.1 + 1
    assert link.refusals.refused == {"flood": 6000 - taken}
    link.now = 2.0
    assert link.takes(link.rtp(1, 6001))


def test_reports_come_at_a_rate_of_their_own_since_anybody_may_watch() -> None:
    link = Link(set())
    packets = [link.rtcp(1) for _ in range(3000)]
    taken = 0
    for n, packet in enumerate(packets):
        link.now = n / 3000
        taken += link.takes(packet)
    assert 2 * MAX_CONTROL_PER_S <= taken <= 3 * MAX_CONTROL_PER_S + 1
    assert link.refusals.refused == {"flood": 3000 - taken}
