"""Estimates of what a receiver can take: REMB (draft-alvestrand-rmcat-remb-03), both ways."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Sequence

from aiortc.rtp import (
    RTCP_PSFB_APP,
    AnyRtcpPacket,
    RtcpPsfbPacket,
    pack_remb_fci,
    unpack_remb_fci,
)


@dataclasses.dataclass(frozen=True, slots=True)
class Remb:
    """One estimate."""

    bps: int
    "Rate for all sources together."
    ssrcs: Sequence[int]
    "The sources that it is about."

    def encode(self, *, sender_ssrc: int) -> RtcpPsfbPacket:
        """Returns the packet that tells it; the number is rounded down to 18 bits."""
        fci = pack_remb_fci(self.bps, list(self.ssrcs))
        return RtcpPsfbPacket(RTCP_PSFB_APP, sender_ssrc, 0, fci)


def parse_remb(packet: AnyRtcpPacket) -> Remb | None:
    """Parses the estimate of a packet; None where it has none, or one that cannot be read."""
    if not isinstance(packet, RtcpPsfbPacket) or packet.fmt != RTCP_PSFB_APP:
        return None
    try:
        bps, ssrcs = unpack_remb_fci(packet.fci)
    # struct.error: it names more sources than it has.
    except (ValueError, struct.error):
        return None
    return Remb(bps, ssrcs)
