from __future__ import annotations

import random

import pytest

from benchmarks.transport.frames import (
    FPS,
    PIECE_BYTES,
    SIZES,
    WARM_S,
    Collector,
    Feed,
    Joiner,
    cut,
    encode,
    parse,
)


def frame(serial: int, size: int = 14 * PIECE_BYTES, made_at: float = 0.0) -> bytes:
    return encode(serial, made_at, random.Random(serial).randbytes(size))


def test_the_sizes_are_those_of_their_rates() -> None:
    for name, size in SIZES.items():
        assert f"{size * 8 * FPS / 1e6:.1f} Mbit/s" == name


def test_a_frame_tells_its_number_and_time() -> None:
    made = frame(7, made_at=1234.5)
    assert len(made) == 14 * PIECE_BYTES
    assert parse(made) == (7, pytest.approx(1234.5))


def test_pieces_in_any_order_make_the_frame_once() -> None:
    joiner = Joiner()
    frames = [frame(number) for number in range(3)]
    pieces = [piece for each in frames for piece in cut(each)]
    assert len(pieces) == 3 * 14
    random.Random(1).shuffle(pieces)
    found = [whole for piece in pieces if (whole := joiner.take(piece)) is not None]
    assert sorted(found) == sorted(frames)


def test_a_frame_with_a_lost_piece_is_never_whole_and_is_forgotten() -> None:
    joiner = Joiner()
    lost = list(cut(frame(0)))
    assert [joiner.take(piece) for piece in lost[1:]] == [None] * 13
    for number in range(1, Joiner.MAX_OPEN + 2):
        joiner.take(next(cut(frame(number))))
    assert joiner.take(lost[0]) is None


def test_a_frame_that_arrives_twice_counts_once_and_the_first_ones_never() -> None:
    collector = Collector()
    first = int(WARM_S * FPS)
    for serial in (0, first - 1, first, first, first + 1):
        collector.take(frame(serial, 100))
    report = collector.report()
    assert len(report.ages_ms) == 2
    assert report.cpu_s >= 0.0


def test_nothing_arrived_is_a_report_too() -> None:
    assert Collector().report().ages_ms == []


async def test_the_feed_makes_frames_at_their_times() -> None:
    feed = Feed(100, 0.1 - WARM_S)
    times = [parse(each)[1] async for each in feed.frames()]
    assert len(times) == 3
    assert times[1] - times[0] == pytest.approx(1 / FPS, abs=1e-6)
    report = feed.report()
    assert report.frames == 3
    assert report.seconds >= 2 / FPS
