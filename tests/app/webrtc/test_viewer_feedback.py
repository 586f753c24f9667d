"""What a viewer tells of its path."""

from __future__ import annotations

import pytest
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_PLI,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    pack_remb_fci,
)

from app.rtp.transport_feedback import TransportFeedback
from app.rtp.viewer_bandwidth import PathSigns
from app.webrtc.viewer_feedback import ViewerFeedback


def report(*losses: float) -> RtcpRrPacket:
    return RtcpRrPacket(
        ssrc=1,
        reports=[
            RtcpReceiverInfo(
                ssrc=number,
                fraction_lost=round(256 * loss),
                packets_lost=0,
                highest_sequence=0,
                jitter=0,
                lsr=0,
                dlsr=0,
            )
            for number, loss in enumerate(losses)
        ],
    )


def remb(bps: int) -> RtcpPsfbPacket:
    fci = pack_remb_fci(bps, [5])
    return RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=1, media_ssrc=0, fci=fci)


def test_nothing_is_known_at_first() -> None:
    assert ViewerFeedback().signs(is_behind=False) == PathSigns(None, is_proved=False)


def test_transport_wide_feedback_becomes_an_estimate() -> None:
    feedback = ViewerFeedback()
    for frame in range(60):
        now = 10 + frame / 30
        base = feedback.sent.sent(5, 5500, 1100, now=now)
        # 1100 bytes each 3 ms are 2.9 Mbit/s.
        ticks = tuple(12 * number for number in range(5))
        told = TransportFeedback(1, 2, base, frame & 0xFF, 1000 + round(frame / 30 / 0.064), ticks)
        feedback.on_transport_feedback(told.encode(), now=now + 0.05)
    signs = feedback.signs(is_behind=True)
    assert signs.estimate_bps == pytest.approx(0.85 * 8 * 1100 / 0.003, rel=0.2)
    assert signs.is_proved
    assert signs.is_behind
    assert feedback.bandwidth.rtt_s == pytest.approx(0.05)


def test_what_is_no_feedback_is_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ViewerFeedback().on_transport_feedback(b"\x8f\xcd\x00\x01", now=1.0)


def test_without_it_the_viewers_estimate_and_the_worst_loss_count() -> None:
    feedback = ViewerFeedback()
    feedback.on_control(remb(900_000))
    feedback.on_control(report(0.25, 0.5))
    signs = feedback.signs(is_behind=False)
    assert signs.estimate_bps == pytest.approx(900_000, rel=0.01)
    assert signs.loss == pytest.approx(0.5)
    assert not signs.is_proved


@pytest.mark.parametrize(
    "packet",
    [
        report(),
        RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=1, media_ssrc=5),
        RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=1, media_ssrc=0, fci=b"other application"),
    ],
)
def test_what_says_nothing_of_the_path_changes_nothing(packet: RtcpRrPacket) -> None:
    feedback = ViewerFeedback()
    feedback.on_control(packet)
    assert feedback.signs(is_behind=False) == PathSigns(None, is_proved=False)
