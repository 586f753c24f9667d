"""The time that one team's tasks took over the last seconds. Times are arguments, in seconds."""

from __future__ import annotations

from collections import deque

__all__ = ["WINDOW_S", "WorkMeter"]

WINDOW_S = 3.0
"""Seconds that are looked at: some 90 frames, and short enough that a lead sees a change of load
before its next two invitations."""


class WorkMeter:
    """Sliding window over tasks that ended."""

    def __init__(self) -> None:
        self._ended: deque[tuple[float, float]] = deque()
        self._busy_s = 0.0

    def add(self, busy_s: float, *, now: float) -> None:
        """Adds a task that took so long and ended at ``now``."""
        self._ended.append((now, busy_s))
        self._busy_s += busy_s
        self._forget(now)

    def fraction(self, *, now: float) -> float:
        """Returns the part of the time that tasks took, 0 to 1."""
        self._forget(now)
        return min(1.0, self._busy_s / WINDOW_S)

    def per_s(self, *, now: float) -> float:
        """Returns the tasks per second."""
        self._forget(now)
        return len(self._ended) / WINDOW_S

    def _forget(self, now: float) -> None:
        while self._ended and now - self._ended[0][0] > WINDOW_S:
            self._busy_s -= self._ended.popleft()[1]
        if not self._ended:
            # Rounding errors of the sums would stay for ever.
            self._busy_s = 0.0
