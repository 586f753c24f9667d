"""Frames that came whole and in time."""

from __future__ import annotations

import pytest

from benchmarks.edge.frame_counter import (
    FIRST_NACK_S,
    IN_TIME_S,
    NACK_AGAIN_S,
    FrameCounter,
    rate,
)


def fed(*frames: tuple[int, ...], first: int = 0, lost: tuple[int, ...] = ()) -> FrameCounter:
    """A counter of frames of so many packets, a tenth of a second apart, without ``lost``."""
    counter, sequence = FrameCounter(), first
    for index, (packets,) in enumerate(frames):
        for part in range(packets):
            if sequence not in lost:
                counter.take(
                    sequence & 0xFFFF, 3000 * index, marker=part == packets - 1, now=index / 10
                )
            sequence += 1
    return counter


def test_the_first_frame_only_shows_where_the_second_begins() -> None:
    counter = fed((3,), (2,), (1,))
    assert counter.whole_frames() == [0.1, 0.2]
    assert counter.frames_sent() == 2


def test_a_frame_without_one_packet_does_not_count() -> None:
    counter = fed((3,), (3,), (3,), lost=(4,))
    assert counter.whole_frames() == [0.2]
    assert counter.frames_sent() == 2


def test_two_frames_without_the_marker_between_them_do_not_count() -> None:
    counter = fed((3,), (3,), (3,), (3,), lost=(5,))
    assert counter.whole_frames() == [pytest.approx(0.3)]
    assert counter.frames_sent() == 3


def test_a_packet_that_is_sent_again_makes_its_frame_whole() -> None:
    counter = fed((3,), (3,), (3,), first=65_534, lost=(65_538,))
    assert counter.missing(now=0.201 + FIRST_NACK_S) == [2]
    counter.take(2, 3000, marker=False, now=0.25)
    assert counter.whole_frames() == [0.25, 0.2]
    assert counter.missing(now=0.4) == []


def test_too_late_is_lost() -> None:
    counter = fed((3,), (3,), (3,), lost=(4,))
    counter.take(4, 3000, marker=False, now=0.1 + IN_TIME_S + 0.01)
    assert counter.whole_frames() == [0.2]


def test_what_is_missing_is_asked_for_until_it_is_too_late() -> None:
    counter = fed((3,), (3,), lost=(4,))
    assert counter.missing(now=0.1) == []
    assert counter.missing(now=0.101 + FIRST_NACK_S) == [4]
    assert counter.missing(now=0.1 + FIRST_NACK_S + NACK_AGAIN_S / 2) == []
    assert counter.missing(now=0.12 + NACK_AGAIN_S) == [4]
    assert counter.missing(now=0.12 + IN_TIME_S) == []
    assert counter.missing(now=0.12 + 2 * NACK_AGAIN_S) == []


def test_a_rate_and_its_longest_pause() -> None:
    assert rate([0.0, 0.1, 0.4], 1.0) == {"fps": 3.0, "longest_gap_s": pytest.approx(0.3)}
    assert rate([], 2.0) == {"fps": 0.0, "longest_gap_s": 0.0}
