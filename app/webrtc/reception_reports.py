"""Reception reports of one track (RFC 3550 section 6.4.1): what came of each source, and when its
last sender report came.
"""

from __future__ import annotations

from aiortc.rtcrtpreceiver import StreamStatistics
from aiortc.rtp import RtcpReceiverInfo, RtpPacket

from app.webrtc.srtp_inlet import MAX_SOURCES


class ReceptionReports:
    """Counts packets by source. No I/O; times are arguments, in seconds of one clock."""

    def __init__(self) -> None:
        self._statistics: dict[int, StreamStatistics] = {}
        self._sender_reports: dict[int, tuple[int, float]] = {}
        "(middle of the NTP time, arrival) of each source's last sender report."

    def add(self, packet: RtpPacket, clock_rate: int) -> None:
        """Counts one packet. The sources are bounded: anybody may name a new one."""
        if packet.ssrc not in self._statistics:
            if len(self._statistics) >= MAX_SOURCES:
                # The first one noted goes. Only its counts are lost, and they begin anew if it
                # still sends.
                oldest = next(iter(self._statistics))
                self._statistics.pop(oldest)
                self._sender_reports.pop(oldest, None)
            self._statistics[packet.ssrc] = StreamStatistics(clock_rate)
        self._statistics[packet.ssrc].add(packet)

    def on_sender_report(self, ssrc: int, *, ntp: int, now: float) -> None:
        """Notes a sender report with its 64-bit NTP time; that of an unknown source counts not."""
        if ssrc in self._statistics:
            # A receiver report names the last sender report by the middle 32 bits of its NTP time.
            self._sender_reports[ssrc] = (ntp >> 16 & 0xFFFFFFFF, now)

    def blocks(self, *, now: float) -> list[RtcpReceiverInfo]:
        """Makes the report blocks of all sources; none before the first packet."""
        return [self._block(ssrc, each, now) for ssrc, each in self._statistics.items()]

    def _block(self, ssrc: int, statistics: StreamStatistics, now: float) -> RtcpReceiverInfo:
        last_report, at = self._sender_reports.get(ssrc, (0, 0.0))
        # The delay since the last sender report counts in units of 1/65536 s.
        delay = int((now - at) * 65536) if last_report else 0
        return RtcpReceiverInfo(
            ssrc=ssrc,
            fraction_lost=statistics.fraction_lost,
            packets_lost=statistics.packets_lost,
            highest_sequence=statistics.max_seq or 0,
            jitter=statistics.jitter,
            lsr=last_report,
            dlsr=min(delay, 0xFFFFFFFF),
        )
