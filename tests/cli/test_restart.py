"""When a process that ended is started again."""

from __future__ import annotations

import pytest

from cli.restart import Backoff


def test_the_first_death_costs_no_wait_and_others_double_up_to_ten_seconds() -> None:
    backoff = Backoff()
    assert [backoff.after(0.5) for _ in range(7)] == [0.0, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0]
    assert backoff.after(11.0) == 0.0
    assert backoff.after(0.5) == 1.0


@pytest.mark.parametrize("worked_s", [0.0, 9.9])
def test_work_of_less_than_ten_seconds_does_not_forgive(worked_s: float) -> None:
    backoff = Backoff()
    backoff.after(0.0)
    assert backoff.after(worked_s) == Backoff.MIN_WAIT_S
    assert backoff.after(worked_s) == 2 * Backoff.MIN_WAIT_S


def test_one_process_does_not_wait_for_the_deaths_of_another() -> None:
    one, other = Backoff(), Backoff()
    for _ in range(5):
        one.after(0.0)
    assert other.after(0.0) == 0.0


def test_no_wait_is_longer_than_the_longest_however_often_it_dies() -> None:
    backoff = Backoff()
    waits = [backoff.after(0.0) for _ in range(2000)]
    assert max(waits) == backoff.after(0.0) and waits == sorted(waits)
    assert backoff.after(Backoff.MIN_WORK_S) == 0.0
