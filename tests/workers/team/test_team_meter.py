from __future__ import annotations

import pytest

from workers.team.dispatcher import TaskOrder
from workers.team.partition import WantedRegion
from workers.team.team_meter import MAX_EVENTS, WINDOW_S, TeamMeter
from workers.temporal.region_selection import Region


def order(number: int, to: str = "a") -> TaskOrder:
    wanted = WantedRegion(Region(0, 0, 16, 16), 1.0, 0)
    return TaskOrder(number, to, number, (wanted,), deadline=1e9)


def test_each_helpers_tasks_and_results_are_counted_per_second() -> None:
    meter = TeamMeter()
    for number in range(90):
        now = number / 30
        one = order(number, "a" if number % 3 else "b")
        meter.gave([one], now=now)
        meter.came(one, 500, is_in_time=number % 3 != 1, now=now + 0.02)
    figures = meter.devices(now=2.99)
    assert set(figures) == {"a", "b"}
    assert figures["a"].tasks == pytest.approx(20, abs=1)
    assert figures["a"].in_time == figures["a"].late == pytest.approx(10, abs=1)
    assert figures["b"].late == 0.0
    assert figures["b"].kbps == pytest.approx(10 * 500 * 8 / 1000, rel=0.1)


def test_what_is_older_than_the_window_is_forgotten() -> None:
    meter = TeamMeter()
    meter.gave([order(1)], now=0.0)
    meter.came(order(1), 10, is_in_time=True, now=0.1)
    assert meter.devices(now=WINDOW_S) and meter.turn_arounds_ms(now=WINDOW_S)[0] > 0
    assert meter.devices(now=WINDOW_S + 0.2) == {}
    assert meter.turn_arounds_ms(now=WINDOW_S + 0.2) == (0.0, 0.0)


def test_turn_arounds_are_told_by_median_and_tail() -> None:
    meter = TeamMeter()
    for number in range(100):
        meter.gave([order(number)], now=0.0)
        meter.came(order(number), 1, is_in_time=True, now=number / 1000)
    assert meter.turn_arounds_ms(now=0.2) == (49.0, 94.0)


def test_samples_are_told_per_second_of_the_window() -> None:
    meter = TeamMeter()
    assert meter.observe({"a": 100}, now=0.0) == {}
    for step in range(1, 11):
        rates = meter.observe({"a": 100 + 1000 * step, "": 50 * step}, now=step / 2)
    assert rates["a"] == pytest.approx(2000) and rates[""] == pytest.approx(100)
    # Nothing came since.
    for step in range(11, 20):
        rates = meter.observe({"a": 10_100, "": 500}, now=step / 2)
    assert rates == {"a": 0.0, "": 0.0}


def test_it_is_bounded() -> None:
    meter = TeamMeter()
    for number in range(MAX_EVENTS + 10):
        meter.gave([order(number)], now=0.0)
    assert meter.devices(now=0.0)["a"].tasks == pytest.approx(MAX_EVENTS / WINDOW_S)
    # The time of a task that was forgotten is not known.
    meter.came(order(0), 1, is_in_time=True, now=0.5)
    assert meter.turn_arounds_ms(now=0.5) == (0.0, 0.0)
