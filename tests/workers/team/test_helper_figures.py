from __future__ import annotations

import pytest

from workers.team.helper_figures import MADE, HelperFigures
from workers.team.task_queue import TaskRefusal
from workers.team.task_runner import FinishedTask

from .test_task_queue import task


def test_tasks_are_counted_by_outcome_and_their_engine_time_is_added() -> None:
    figures = HelperFigures()
    figures.count(FinishedTask(task(1, 1.0), (b"x",), engine_s=0.002))
    figures.count(FinishedTask(task(2, 1.0), (b"x",), engine_s=0.003))
    figures.count(FinishedTask(task(3, 1.0), refusal=TaskRefusal.LATE, engine_s=0.001))
    assert figures.outcomes == {MADE: 2, "late": 1}
    assert figures.engine_ms == pytest.approx(6.0)


def test_no_reason_is_called_as_the_outcome_of_a_task_that_was_done() -> None:
    assert MADE not in {refusal.value for refusal in TaskRefusal}


def test_what_was_read_does_not_change_afterwards() -> None:
    figures = HelperFigures()
    read = figures.outcomes
    figures.count(FinishedTask(task(1, 1.0)))
    assert read == {}
