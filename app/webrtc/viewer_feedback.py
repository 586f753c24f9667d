"""A viewer's feedback on what it gets: transport-wide, or its own estimate and reports."""

from __future__ import annotations

import time

from aiortc.rtp import AnyRtcpPacket, RtcpRrPacket, RtcpSrPacket

from app.rtp.sent_groups import SentGroups
from app.rtp.transport_feedback import parse_transport_feedback
from app.rtp.viewer_bandwidth import PathSigns, ViewerBandwidth
from app.webrtc.remb import parse_remb


class ViewerFeedback:
    """Hands what a viewer tells to the estimate of its path; one for all tracks of a connection."""

    def __init__(self) -> None:
        self.sent = SentGroups()
        self.bandwidth = ViewerBandwidth()

    def on_transport_feedback(self, data: bytes, *, now: float) -> None:
        """Takes transport-wide feedback. Raises ValueError for what is none."""
        groups = self.sent.read(parse_transport_feedback(data), now=now)
        self.bandwidth.read(groups, rtt_s=self.sent.rtt_s, now=now)

    def on_control(self, packet: AnyRtcpPacket) -> None:
        """Takes any other RTCP packet."""
        now = time.monotonic()
        if isinstance(packet, RtcpRrPacket | RtcpSrPacket):
            # Of the tracks the worst counts: the loss of sound alone says little of video.
            loss = max((report.fraction_lost / 256 for report in packet.reports), default=None)
            if loss is not None:
                self.bandwidth.on_report(loss, None, now=now)
        elif (estimate := parse_remb(packet)) is not None:
            self.bandwidth.on_estimate(float(estimate.bps), now=now)

    def signs(self, *, is_behind: bool) -> PathSigns:
        """Returns what is known of the path; ``is_behind``: frames were left out of late."""
        found = self.bandwidth
        return PathSigns(
            found.estimate_bps,
            found.loss,
            found.queue_s,
            is_behind=is_behind,
            is_proved=found.is_measured,
        )
