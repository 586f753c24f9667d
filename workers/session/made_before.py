"""Units that the lead before put out, which the new lead only decodes. Sans-I/O."""

from __future__ import annotations

MADE_S = 1.0
"""Seconds for which a new lead leaves out what the log has already: replaying the source takes a
fraction of that. The log's end may be of another publisher, whose times say nothing of these."""


class MadeBefore:
    """The end of the log at the time when a lead was taken; ``now`` in seconds."""

    def __init__(self) -> None:
        self._until = -1
        self._end = 0.0

    def begin(self, until: int, *, now: float) -> None:
        """Takes the time of the log's last unit, in ticks of the source's clock; -1: none."""
        self._until, self._end = until, now + MADE_S

    def has(self, pts: int, *, now: float) -> bool:
        """Returns whether a unit was put out; once one was not, none is."""
        if pts > self._until or now >= self._end:
            self._until = -1
            return False
        return True
