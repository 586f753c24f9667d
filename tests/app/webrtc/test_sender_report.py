"""Sender reports as others read them."""

from __future__ import annotations

import pytest
from aiortc.rtp import RtcpPacket, RtcpSdesPacket, RtcpSrPacket

from app.rtp.capture_clock import ntp_to_us
from app.webrtc.sdp_answer import OwnSource
from app.webrtc.sender_report import SenderReports

CAPTURE_US = 1_800_000_000_123_456


def reports(cname: str = "name") -> SenderReports:
    return SenderReports(OwnSource(0xAABBCCDD, 1, cname, "stream", "track"))


def test_a_report_pairs_an_rtp_time_with_the_moment_of_capture() -> None:
    data = reports().write((CAPTURE_US, 4_000_000_000), packets=7, octets=900, now=0.0)
    report, names = RtcpPacket.parse(data)
    assert isinstance(report, RtcpSrPacket) and isinstance(names, RtcpSdesPacket)
    info = report.sender_info
    assert (report.ssrc, report.reports) == (0xAABBCCDD, [])
    assert (info.rtp_timestamp, info.packet_count, info.octet_count) == (4_000_000_000, 7, 900)
    assert abs(ntp_to_us(info.ntp_timestamp) - CAPTURE_US) <= 1
    assert [(chunk.ssrc, chunk.items) for chunk in names.chunks] == [(0xAABBCCDD, [(1, b"name")])]


@pytest.mark.parametrize("length", range(12))
def test_names_of_any_length_fill_whole_words(length: int) -> None:
    name = "abcdefghijkl"[:length]
    data = reports(name).write((0, 0), packets=0, octets=0, now=0.0)
    assert len(data) % 4 == 0
    _, names = RtcpPacket.parse(data)
    assert isinstance(names, RtcpSdesPacket)
    assert names.chunks[0].items == [(1, name.encode())]


def test_counts_wrap_at_32_bits_and_a_time_before_1900_is_written_too() -> None:
    data = reports().write((-(2**62), 5), packets=2**32 + 3, octets=2**33 + 4, now=0.0)
    report = RtcpPacket.parse(data)[0]
    assert isinstance(report, RtcpSrPacket)
    assert (report.sender_info.packet_count, report.sender_info.octet_count) == (3, 4)


def test_a_long_name_is_cut() -> None:
    data = reports("x" * 400).write((0, 0), packets=0, octets=0, now=0.0)
    names = RtcpPacket.parse(data)[1]
    assert isinstance(names, RtcpSdesPacket)
    assert len(names.chunks[0].items[0][1]) == 255


def test_an_answer_tells_the_round_trip() -> None:
    ours = reports()
    data = ours.write((CAPTURE_US, 0), packets=0, octets=0, now=10.0)
    report = RtcpPacket.parse(data)[0]
    assert isinstance(report, RtcpSrPacket)
    lsr = report.sender_info.ntp_timestamp >> 16 & 0xFFFFFFFF
    assert ours.round_trip_s(lsr, 32768, now=10.62) == pytest.approx(0.12)
    # A viewer whose clock runs fast waited for less than it says.
    assert ours.round_trip_s(lsr, 65536, now=10.5) == 0.0


@pytest.mark.parametrize("lsr", [0, 1, 0xFFFFFFFF])
def test_an_answer_to_nothing_of_ours_tells_nothing(lsr: int) -> None:
    ours = reports()
    ours.write((CAPTURE_US, 0), packets=0, octets=0, now=10.0)
    assert ours.round_trip_s(lsr, 0, now=11.0) is None


def test_old_reports_are_forgotten() -> None:
    ours = reports()
    first = RtcpPacket.parse(ours.write((CAPTURE_US, 0), packets=0, octets=0, now=0.0))[0]
    assert isinstance(first, RtcpSrPacket)
    for count in range(1, 20):
        ours.write((CAPTURE_US + 1_000_000 * count, 0), packets=0, octets=0, now=float(count))
    lsr = first.sender_info.ntp_timestamp >> 16 & 0xFFFFFFFF
    assert ours.round_trip_s(lsr, 0, now=20.0) is None
    assert len(ours._sent) <= 8
