from __future__ import annotations

import math

import pytest

from benchmarks.team.history import (
    Sample,
    grown,
    judge,
    longest_gap_ms,
    missing,
    per_second,
    recovery_s,
    repeated,
)
from benchmarks.team.recording import ENHANCED_LOG, SOURCE_LOG, Received
from tests.benchmarks.team.units import received

SECOND = 1_000_000


def stream(seconds: float, age_ms: float = 50.0, lost: tuple[int, ...] = ()) -> list[Received]:
    """Thirty frames a second of the source, and what the rendition made of them."""
    found = []
    for number in range(int(30 * seconds)):
        at_us = number * SECOND // 30
        found.append(received(SOURCE_LOG, number, at_us, at_us + 1000))
        if number not in lost:
            made_us = at_us + int(1000 * age_ms)
            found.append(received(ENHANCED_LOG, number, at_us, made_us))
    return found


def test_frames_ages_and_gaps_of_a_span() -> None:
    seen = judge(stream(4), SECOND, 3 * SECOND)
    assert seen.frames_in == pytest.approx(30, abs=0.5)
    assert seen.frames_out == pytest.approx(30, abs=0.5)
    assert (seen.p50, seen.p95, seen.p99) == (50.0, 50.0, 50.0)
    assert seen.longest_gap_ms == pytest.approx(33.3, abs=0.1)
    assert seen.missing == 0


def test_a_freeze_is_the_longest_gap_and_its_frames_are_missing() -> None:
    found = stream(4, lost=tuple(range(60, 75)))
    seen = judge(found, 0, 4 * SECOND)
    assert seen.longest_gap_ms == pytest.approx(16 / 30 * 1000, abs=1)
    assert seen.missing == 15


def test_a_rendition_that_is_not_there_has_no_ages_and_one_gap() -> None:
    seen = judge([received(SOURCE_LOG, 0, 0, 1)], 0, 2 * SECOND)
    assert math.isnan(seen.p99)
    assert seen.longest_gap_ms == 2000
    assert seen.frames_out == 0


def test_a_gap_reaches_to_the_ends_of_the_span() -> None:
    made = [received(ENHANCED_LOG, 1, 0, 500_000)]
    assert longest_gap_ms(made, 0, 2 * SECOND) == 1500


def test_frames_that_may_still_come_are_not_missing() -> None:
    found = stream(1)[:-1]
    assert missing(found, 0, SECOND) == 0


def test_a_frame_that_was_written_twice_is_counted() -> None:
    found = stream(1)
    assert repeated(found) == 0
    assert repeated([*found, found[-1]]) == 1


def test_counters_that_fall_began_anew() -> None:
    assert grown({"a": 5.0, "b": 7.0}, {"a": 8.0, "b": 2.0, "c": 1.0}) == {
        "a": 3.0,
        "b": 2.0,
        "c": 1.0,
    }


def samples(rates: list[dict[str, float]]) -> list[Sample]:
    """Half a second between two; each device's counter grows by its rate."""
    total: dict[str, float] = {}
    found = [Sample(0, {}, {})]
    for number, each in enumerate(rates, 1):
        for name, rate in each.items():
            total[name] = total.get(name, 0.0) + rate / 2
        found.append(Sample(number * SECOND // 2, dict(total), {}))
    return found


def test_work_is_told_per_second_and_device() -> None:
    found = samples([{"a": 10.0, "b": 30.0}] * 4)
    assert per_second(found, 0, 2 * SECOND) == {"a": 10.0, "b": 30.0}
    assert per_second(found[:1], 0, 2 * SECOND) == {}


def test_work_is_back_when_it_stays() -> None:
    usual, little = {"a": 40.0}, {"a": 20.0}
    found = samples([usual, usual, little, usual, little, usual, usual, usual])
    assert recovery_s(found, SECOND, usual=40.0) == pytest.approx(2.0)
    assert recovery_s(samples([little] * 8), SECOND, usual=40.0) is None
    assert recovery_s(samples([usual] * 8), SECOND, usual=40.0) == pytest.approx(0.5)
    assert recovery_s(samples([{"a": 0.0}] * 8), SECOND, usual=0.0) is None
