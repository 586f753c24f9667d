"""Backoff between restarts of a process."""

from __future__ import annotations


class Backoff:
    """Restarts at once, then after 1 s, doubling up to 10 s; at once again after 10 s of work.

    When a worker dies once, viewers wait for its restart alone; one that dies at every start must
    not keep the machine busy.
    """

    MIN_WAIT_S = 1.0
    MAX_WAIT_S = 10.0
    MIN_WORK_S = 10.0

    def __init__(self) -> None:
        self._next_s = 0.0

    def after(self, worked_s: float) -> float:
        """Returns the time to wait before a restart, in s, after a process that worked so long."""
        if worked_s >= self.MIN_WORK_S:
            self._next_s = 0.0
        wait_s = self._next_s
        self._next_s = min(max(self.MIN_WAIT_S, 2 * wait_s), self.MAX_WAIT_S)
        return wait_s
