"""Feedback goes out by a timer, over one transport for all tracks: ``transport_reporter.py``."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from app.rtp.feedback_writer import BURST, MIN_INTERVAL_S
from app.rtp.transport_feedback import TransportFeedback, parse_transport_feedback
from app.webrtc.transport_reporter import TransportReporter
from tests.app.peers import until

SSRC, MEDIA = 0x1111, 0x2222


class Line:
    """Takes what is sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[float, TransportFeedback]] = []

    def send(self, packet: bytes) -> None:
        self.sent.append((time.monotonic(), parse_transport_feedback(packet)))


@pytest.fixture
async def line() -> Line:
    return Line()


@pytest.fixture
async def reporter(line: Line) -> AsyncIterator[TransportReporter]:
    made = TransportReporter(line.send)
    made.ssrc = SSRC
    yield made
    made.stop()


async def test_a_single_packet_is_told_by_the_timer(
    line: Line, reporter: TransportReporter
) -> None:
    began = time.monotonic()
    reporter.add(9, 1200, MEDIA)
    await until(lambda: line.sent)
    at, told = line.sent[0]
    assert at - began >= MIN_INTERVAL_S * 0.9
    assert (told.sender_ssrc, told.media_ssrc, told.base) == (SSRC, MEDIA, 9)


async def test_packets_of_all_tracks_are_told_together(
    line: Line, reporter: TransportReporter
) -> None:
    for number in range(10):
        reporter.add(number, 300, MEDIA + number % 2)
    await until(lambda: line.sent)
    await asyncio.sleep(2 * MIN_INTERVAL_S)
    assert len(line.sent) == 1
    assert len(line.sent[0][1].arrivals) == 10


async def test_a_burst_is_told_sooner(line: Line, reporter: TransportReporter) -> None:
    began = time.monotonic()
    for number in range(BURST):
        reporter.add(number, 1200, MEDIA)
    await until(lambda: line.sent)
    assert line.sent[0][0] - began < MIN_INTERVAL_S


async def test_nothing_goes_out_before_its_source_is_known(line: Line) -> None:
    reporter = TransportReporter(line.send)
    reporter.add(1, 1200, MEDIA)
    await asyncio.sleep(2 * MIN_INTERVAL_S)
    assert line.sent == []
    reporter.ssrc = SSRC
    reporter.add(2, 1200, MEDIA)
    await until(lambda: line.sent)
    assert len(line.sent[0][1].arrivals) == 2
    reporter.stop()


async def test_nothing_follows_the_end(line: Line, reporter: TransportReporter) -> None:
    reporter.add(1, 1200, MEDIA)
    reporter.stop()
    reporter.add(2, 1200, MEDIA)
    await asyncio.sleep(2 * MIN_INTERVAL_S)
    assert line.sent == []
