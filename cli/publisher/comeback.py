"""The decision whether a session that broke is begun again. No I/O, no clock.

A server that was started anew is gone for a while, or names another run of itself. One that ended
the session on purpose still answers, as the same run; then nothing is begun again. Servers that
name no run (other makes) get one session only, as before.
"""

from __future__ import annotations

import enum

FIRST_S = 0.3
LONGEST_S = 2.0
"""Between looks at a server that is away: it should be back within seconds."""
GOODBYE_S = 1.5
"""A server that stops says goodbye first, and still answers for a moment."""


class Verdict(enum.Enum):
    """The decision about a broken session."""

    WAIT = "wait"
    AGAIN = "again"
    GIVE_UP = "give up"


class Comeback:
    """The policy for one publisher. It is told what the server calls its run, "" for no answer."""

    def __init__(self) -> None:
        self._run = ""
        self._last_seen = ""
        self._is_live = False
        self._was_away = False
        self._failures = 0
        self.was_live = False
        "Whether a session ever stood: before that, every failure is final."

    def begin(self) -> None:
        """Notes that a session stands."""
        self._is_live = self.was_live = True
        self._was_away = False
        self._failures = 0
        self._run = ""

    def is_orphaned(self, run: str) -> bool:
        """True if the session is with a run of the server that is gone. Asked while live."""
        self._was_away = self._was_away or not run
        if run:
            self._last_seen = run
            self._run = self._run or run
        return bool(run) and run != self._run

    def see(self, run: str) -> None:
        """Notes which run answers before there is a session."""
        self._last_seen = run or self._last_seen

    def wait_s(self, chance: float) -> float:
        """Returns the time to wait before the next look, in s. ``chance`` (0 to 1) spreads the
        looks of many publishers.
        """
        if self._is_live and not self._was_away:
            self._is_live = False
            return GOODBYE_S
        self._is_live = False
        longest = min(LONGEST_S, FIRST_S * float(2**self._failures))
        self._failures = min(self._failures + 1, 8)
        return longest * (0.5 + chance / 2)

    def judge(self, run: str) -> Verdict:
        """Decides after a wait, by the run that answers now."""
        before = self._run or self._last_seen
        if not before:
            return Verdict.GIVE_UP
        if not run:
            self._was_away = True
            return Verdict.WAIT
        if run == before and not self._was_away:
            return Verdict.GIVE_UP
        # Whatever fails from now on is a server that is not ready, or still holds the old session.
        self._was_away = True
        return Verdict.AGAIN
