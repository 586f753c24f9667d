"""REMB is told and read alike, and what is none is passed over."""

from __future__ import annotations

import pytest
from aiortc.rtp import RTCP_PSFB_APP, RTCP_PSFB_PLI, RtcpPsfbPacket, RtcpRrPacket

from app.webrtc.remb import Remb, parse_remb


def test_what_is_told_is_read() -> None:
    packet = Remb(400_000, [5, 2**32 - 1]).encode(sender_ssrc=9)
    assert packet.ssrc == 9
    found = parse_remb(packet)
    assert found is not None and found.ssrcs == [5, 2**32 - 1]
    # 18 bits of number: within 1/131072 of it, and never above.
    assert 400_000 * (1 - 2**-17) <= found.bps <= 400_000


@pytest.mark.parametrize("fci", [b"", b"REMB", b"XXXX" + bytes(8), b"REMB\x02\x00\x00\x01"])
def test_what_cannot_be_read_is_none(fci: bytes) -> None:
    assert parse_remb(RtcpPsfbPacket(RTCP_PSFB_APP, 1, 0, fci)) is None


def test_other_packets_have_none() -> None:
    assert parse_remb(RtcpPsfbPacket(RTCP_PSFB_PLI, 1, 5)) is None
    assert parse_remb(RtcpRrPacket(ssrc=1)) is None
