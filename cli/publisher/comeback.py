"""Decides whether a publishing session that broke is begun again. No I/O, no clock.

A server that was started anew is gone for a while, or names another run of itself. One that ended
the session on purpose still answers, as the same run; then nothing is begun again. Servers that
name no run (other makes) get one session only, as before.
"""

from __future__ import annotations

import enum

from cli.publisher.comeback_state import COMEBACK, ComebackEvent, ComebackState
from wire.state_machine import StateMachine

FIRST_WAIT_S = 0.3
MAX_WAIT_S = 2.0
"""Wait between looks at a server that is away; it doubles up to this. A server that starts again
is back within seconds."""

GOODBYE_S = 1.5
"""Wait after a session ended while the server answered. A server that stops says goodbye first,
and still answers for a moment."""


class ComebackVerdict(enum.Enum):
    """The decision about a broken session."""

    WAIT = "wait"
    AGAIN = "again"
    GIVE_UP = "give up"


class Comeback:
    """The policy for one publisher. It is told what the server calls its run, "" for no answer."""

    def __init__(self) -> None:
        self._life = StateMachine(COMEBACK, owner="publisher")
        self._run = ""
        self._last_seen = ""
        self._failures = 0

    @property
    def was_live(self) -> bool:
        """True if a session ever stood: before that, every failure is final."""
        return self._life.state is not ComebackState.FIRST

    def begin(self) -> None:
        """Notes that a session stands."""
        self._life.apply(ComebackEvent.BEGIN)
        self._failures = 0
        self._run = ""

    def is_orphaned(self, run: str) -> bool:
        """True if the session is with a run of the server that is gone. Asked while live."""
        if not run:
            self._life.apply(ComebackEvent.NO_ANSWER)
            return False
        self._last_seen = run
        self._run = self._run or run
        return run != self._run

    def see(self, run: str) -> None:
        """Notes which run answers before there is a session."""
        self._last_seen = run or self._last_seen

    def wait_s(self, chance: float) -> float:
        """Returns the time to wait before the next look, in s. ``chance`` (0 to 1) spreads the
        looks of many publishers.
        """
        self._life.apply_if_accepted(ComebackEvent.BREAK)
        if self._life.state is ComebackState.BROKEN:
            return GOODBYE_S
        longest = min(MAX_WAIT_S, FIRST_WAIT_S * float(2**self._failures))
        self._failures = min(self._failures + 1, 8)
        return longest * (0.5 + chance / 2)

    def judge(self, run: str) -> ComebackVerdict:
        """Decides after a wait, by the run that answers now."""
        before = self._run or self._last_seen
        if not before:
            return ComebackVerdict.GIVE_UP
        if not run:
            self._life.apply(ComebackEvent.NO_ANSWER)
            return ComebackVerdict.WAIT
        if run == before and self._life.state is ComebackState.BROKEN:
            return ComebackVerdict.GIVE_UP
        self._life.apply(ComebackEvent.RETURN)
        return ComebackVerdict.AGAIN
