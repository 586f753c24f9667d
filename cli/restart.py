"""When a process that ended is started again."""

from __future__ import annotations


class Backoff:
    """At once, then 1 s, doubling up to 10 s; at once again after 10 s of good work.

    Viewers wait for nothing else when a worker dies once; one that dies at every start must not
    take the machine.
    """

    FIRST_S = 1.0
    LONGEST_S = 10.0
    GOOD_S = 10.0

    def __init__(self) -> None:
        self._next_s = 0.0

    def after(self, worked_s: float) -> float:
        """How long to wait, in s, after a process that worked for so long."""
        if worked_s >= self.GOOD_S:
            self._next_s = 0.0
        wait_s = self._next_s
        self._next_s = min(max(self.FIRST_S, 2 * wait_s), self.LONGEST_S)
        return wait_s
