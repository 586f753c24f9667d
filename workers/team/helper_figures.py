"""Figures of a worker's help: what became of the tasks, and the engine time that they took."""

from __future__ import annotations

from workers.team.task_runner import FinishedTask

__all__ = ["MADE", "HelperFigures"]

MADE = "made"
"""Outcome of a task that was done in time; the others are those of ``TaskRefusal``."""


class HelperFigures:
    """Counts the tasks of one team, or of all teams of a worker; for the loop alone."""

    def __init__(self) -> None:
        self._outcomes: dict[str, int] = {}
        self._engine_s = 0.0

    @property
    def outcomes(self) -> dict[str, int]:
        """Tasks by outcome."""
        return dict(self._outcomes)

    @property
    def engine_ms(self) -> float:
        """Engine time of all tasks, in ms."""
        return 1000.0 * self._engine_s

    def count(self, finished: FinishedTask) -> None:
        """Counts a task that ended."""
        outcome = MADE if finished.refusal is None else finished.refusal.value
        self._outcomes[outcome] = self._outcomes.get(outcome, 0) + 1
        self._engine_s += finished.engine_s
