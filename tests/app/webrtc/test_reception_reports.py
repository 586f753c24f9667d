"""Receiver reports by source, in virtual time: ``reception_reports.py``."""

from __future__ import annotations

import pytest
from aiortc.rtp import RtcpReceiverInfo, RtpPacket

from app.webrtc.reception_reports import ReceptionReports
from app.webrtc.srtp_inlet import MAX_SOURCES

NTP = 0xE900_1234_5678_9ABC
MIDDLE = 0x1234_5678


def packet(ssrc: int = 1, sequence: int = 0, timestamp: int = 0) -> RtpPacket:
    made = RtpPacket(payload_type=96, sequence_number=sequence, timestamp=timestamp, ssrc=ssrc)
    made.payload = b"x"
    return made


def block_of(reports: ReceptionReports, ssrc: int = 1, *, now: float = 0.0) -> RtcpReceiverInfo:
    (found,) = [each for each in reports.blocks(now=now) if each.ssrc == ssrc]
    return found


def test_there_is_nothing_to_report_before_the_first_packet() -> None:
    reports = ReceptionReports()
    reports.on_sender_report(1, ntp=NTP, now=0.0)
    assert reports.blocks(now=1.0) == []
    # The report came before any packet, so nobody knows yet whether the source is wanted.
    reports.add(packet(), 90_000)
    assert block_of(reports, now=1.0).lsr == 0


def test_losses_are_counted_by_source() -> None:
    reports = ReceptionReports()
    for sequence in (10, 11, 14, 15):
        reports.add(packet(1, sequence), 90_000)
    for sequence in range(4):
        reports.add(packet(2, sequence), 90_000)
    one, two = block_of(reports, 1), block_of(reports, 2)
    assert (one.packets_lost, one.highest_sequence) == (2, 15)
    assert one.fraction_lost == (2 << 8) // 6
    assert (two.packets_lost, two.fraction_lost, two.highest_sequence) == (0, 0, 3)


def test_the_highest_sequence_counts_its_wraps() -> None:
    reports = ReceptionReports()
    for sequence in (65_534, 65_535, 0, 1):
        reports.add(packet(1, sequence), 90_000)
    found = block_of(reports)
    assert (found.highest_sequence, found.packets_lost) == (1, 0)


@pytest.mark.parametrize(
    ("elapsed_s", "delay"),
    [(0.0, 0), (0.5, 32_768), (1.0, 65_536), (3600.0, 3600 << 16), (100_000.0, 0xFFFF_FFFF)],
)
def test_the_last_sender_report_is_named_with_the_delay_since(elapsed_s: float, delay: int) -> None:
    reports = ReceptionReports()
    reports.add(packet(), 90_000)
    reports.on_sender_report(1, ntp=NTP, now=50.0)
    found = block_of(reports, now=50.0 + elapsed_s)
    assert (found.lsr, found.dlsr) == (MIDDLE, delay)
    assert len(bytes(found)) == 24


def test_the_newest_sender_report_counts() -> None:
    reports = ReceptionReports()
    reports.add(packet(), 90_000)
    reports.on_sender_report(1, ntp=NTP, now=1.0)
    reports.on_sender_report(1, ntp=NTP + (1 << 32), now=2.0)
    found = block_of(reports, now=2.25)
    assert (found.lsr, found.dlsr) == (MIDDLE + (1 << 16), 1 << 14)


def test_the_report_of_an_unknown_source_is_not_kept() -> None:
    reports = ReceptionReports()
    reports.add(packet(1), 90_000)
    for ssrc in range(2, 1000):
        reports.on_sender_report(ssrc, ntp=NTP, now=0.0)
    assert [each.ssrc for each in reports.blocks(now=0.0)] == [1]
    assert len(reports._sender_reports) == 0


def test_many_sources_do_not_grow_the_statistics() -> None:
    reports = ReceptionReports()
    for ssrc in range(3 * MAX_SOURCES):
        reports.add(packet(ssrc), 90_000)
        reports.on_sender_report(ssrc, ntp=NTP, now=0.0)
    kept = [each.ssrc for each in reports.blocks(now=0.0)]
    assert kept == list(range(2 * MAX_SOURCES, 3 * MAX_SOURCES))
    assert len(reports._sender_reports) == MAX_SOURCES


def test_a_source_that_comes_back_is_counted_anew() -> None:
    reports = ReceptionReports()
    reports.add(packet(0, 0), 90_000)
    reports.add(packet(0, 9), 90_000)
    for ssrc in range(1, MAX_SOURCES + 1):
        reports.add(packet(ssrc), 90_000)
    reports.add(packet(0, 20), 90_000)
    assert block_of(reports, 0).packets_lost == 0


def test_jitter_is_that_of_the_tracks_clock() -> None:
    steady, late = ReceptionReports(), ReceptionReports()
    for index in range(50):
        # Both come at once; only one source's times say that they were made at once.
        steady.add(packet(1, index, timestamp=0), 90_000)
        late.add(packet(1, index, timestamp=9000 * index), 90_000)
    assert block_of(late).jitter > 4000 > block_of(steady).jitter
