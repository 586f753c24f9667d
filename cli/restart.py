"""When a process that ended is started again."""

from __future__ import annotations


class Backoff:
    """1 s, doubling up to 10 s; from the start again after a minute of good work."""

    FIRST_S = 1.0
    LONGEST_S = 10.0
    GOOD_S = 60.0

    def __init__(self) -> None:
        self._next_s = self.FIRST_S

    def after(self, worked_s: float) -> float:
        """How long to wait, in s, after a process that worked for so long."""
        if worked_s >= self.GOOD_S:
            self._next_s = self.FIRST_S
        wait_s = self._next_s
        self._next_s = min(2 * wait_s, self.LONGEST_S)
        return wait_s
