from __future__ import annotations

import pytest

from workers.team.work_meter import WINDOW_S, WorkMeter


def test_work_counts_for_the_length_of_the_window() -> None:
    meter = WorkMeter()
    assert meter.fraction(now=0.0) == meter.per_s(now=0.0) == 0.0
    for n in range(90):
        meter.add(0.01, now=n / 30)
    assert meter.fraction(now=3.0) == pytest.approx(0.9 / WINDOW_S, rel=0.02)
    assert meter.per_s(now=3.0) == pytest.approx(30.0, rel=0.02)
    assert meter.fraction(now=7.0) == meter.per_s(now=7.0) == 0.0


def test_more_than_all_of_the_time_is_all_of_it() -> None:
    meter = WorkMeter()
    for _ in range(5):
        meter.add(1.0, now=1.0)
    assert meter.fraction(now=1.0) == 1.0


def test_an_empty_window_has_no_rest_of_what_was_in_it() -> None:
    meter = WorkMeter()
    for n in range(1000):
        meter.add(0.1 / 3, now=n / 100)
    assert meter.fraction(now=100.0) == 0.0
