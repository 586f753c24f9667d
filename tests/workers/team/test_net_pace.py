from __future__ import annotations

import pytest

from workers.team.net_pace import NetPace


def test_nothing_is_expected_before_the_first_task() -> None:
    pace = NetPace()
    assert pace.expected_s(1_000_000) == 0.0 and pace.ms_per_megasample == 0.0


def test_the_first_task_is_believed() -> None:
    pace = NetPace()
    pace.learn(10_000, whole_s=0.02, engine_s=0.015)
    assert pace.expected_s(20_000) == pytest.approx(0.04)
    assert pace.ms_per_megasample == pytest.approx(1500.0)


def steady() -> NetPace:
    """A pace of 10 ms for 10,000 samples."""
    pace = NetPace()
    for _ in range(20):
        pace.learn(10_000, whole_s=0.01, engine_s=0.008)
    return pace


def test_one_stall_is_not_believed_and_many_slow_tasks_are() -> None:
    pace = steady()
    pace.learn(10_000, whole_s=3.0, engine_s=3.0)
    assert pace.expected_s(10_000) < 0.02
    for _ in range(20):
        pace.learn(10_000, whole_s=0.1, engine_s=0.1)
    assert pace.expected_s(10_000) == pytest.approx(0.1, rel=0.1)


def test_quick_tasks_are_believed_soon() -> None:
    pace = steady()
    for _ in range(6):
        pace.learn(10_000, whole_s=0.001, engine_s=0.001)
    assert pace.expected_s(10_000) < 0.004


def test_small_tasks_tell_little_of_large_ones() -> None:
    pace = steady()
    for _ in range(3):
        # Nearly all of it is the overhead of a call.
        pace.learn(100, whole_s=0.001, engine_s=0.0005)
    assert pace.expected_s(10_000) < 0.012


def test_a_pace_that_refuses_every_task_is_forgotten() -> None:
    pace = NetPace()
    pace.learn(10_000, whole_s=5.0, engine_s=0.01)
    refused = 0
    while pace.expected_s(10_000) > 0.1:
        pace.refused()
        refused += 1
    # At 30 tasks a second it is tried again within two seconds.
    assert refused < 60
    assert pace.ms_per_megasample == pytest.approx(1000.0)
