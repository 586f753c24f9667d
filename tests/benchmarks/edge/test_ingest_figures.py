"""Frames lost, freezes and rates of an ingest: ``benchmarks/edge/ingest_figures.py``."""

from __future__ import annotations

import pytest

from benchmarks.edge.ingest_figures import (
    Sample,
    Unit,
    decodable,
    left_s,
    longest_freeze_s,
    lost,
    lost_of_steady,
    nearest,
    rates_kbps,
    reached_s,
)


def unit(number: int, *, key: bool = False, gap: bool = False, size: int = 1000) -> Unit:
    return Unit(100 + number / 30, 3000 * number, size, 640, is_key=key, is_gap=gap)


STEADY = [unit(n, key=n == 0) for n in range(91)]


def test_behind_a_gap_pictures_count_from_the_next_key_frame_on() -> None:
    units = [unit(0, key=True), unit(1), unit(3, gap=True), unit(4), unit(5, key=True), unit(6)]
    assert [round(each.pts / 3000) for each in decodable(units)] == [0, 1, 5, 6]
    assert decodable([unit(0), unit(1)]) == [], "nobody decodes before the first key frame"


def test_the_longest_freeze_is_between_pictures_and_at_both_ends() -> None:
    assert longest_freeze_s(STEADY, 100.5, 102.5) == pytest.approx(1 / 30, abs=0.001)
    gone = [each for each in STEADY if not 20 <= each.pts / 3000 < 35]
    assert longest_freeze_s(gone, 100.0, 103.0) == pytest.approx(16 / 30)
    assert longest_freeze_s(STEADY, 100.0, 104.0) == pytest.approx(1.0)


def test_the_lost_are_those_sent_and_not_decodable() -> None:
    first, last = Sample(100.0, frames=0, bytes=0), Sample(103.0, frames=90, bytes=0)
    assert lost(STEADY, first, last) == 0.0
    assert lost(STEADY[:81], first, last) == pytest.approx(9 / 90)
    assert lost([], first, first) == 0.0


def test_of_a_steady_publisher_times_tell_what_was_sent() -> None:
    gone = [each for each in STEADY if each.pts // 3000 % 10 != 5]
    assert lost_of_steady(gone, 100.0, 103.0) == pytest.approx(0.1, abs=0.01)
    assert lost_of_steady([], 100.0, 103.0) == 1.0


def test_rates_are_those_of_each_step() -> None:
    assert rates_kbps(STEADY, 100.0, 102.0, 1.0) == pytest.approx([240, 240], rel=0.05)
    assert rates_kbps([], 100.0, 101.0, 0.5) == [0.0, 0.0]


def test_times_to_a_rate_are_taken_from_what_the_publisher_tells() -> None:
    told = [
        Sample(100 + n / 10, frames=n, bytes=n, available_bps=bps)
        for n, bps in enumerate((0, 5e5, 2e6, 2e6, 6e5))
    ]
    assert reached_s(told, 100.0, 2e6) == pytest.approx(0.2)
    assert left_s(told, 100.2, 8e5) == pytest.approx(0.2)
    assert reached_s(told, 100.0, 3e6) is None
    assert nearest(told, 100.26).frames == 3
