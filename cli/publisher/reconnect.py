"""Policy that decides whether a broken publishing session is opened again; no I/O, no clock.

A server that was restarted is away for a while, or names another run of itself: then the session
is opened again. A server that ended the session on purpose still answers as the same run: then it
is not. Servers of other makes, which name no run, get one session only.
"""

from __future__ import annotations

import enum

from cli.publisher.reconnect_state import RECONNECT, ReconnectEvent, ReconnectState
from wire.state_machine import StateMachine

FIRST_WAIT_S = 0.3
MAX_WAIT_S = 2.0
"""Wait in seconds between checks of a server that is away; it doubles up to this. A server that
starts again is back within seconds."""

GOODBYE_S = 1.5
"""Wait in seconds after a session ended while the server answered. A server that stops says goodbye
first, and still answers for a moment."""


class ReconnectDecision(enum.Enum):
    """The decision about a broken session."""

    WAIT = "wait"
    RECONNECT = "reconnect"
    GIVE_UP = "give up"


class ReconnectPolicy:
    """The policy for one publisher. It is told what the server calls its run, "" for no answer."""

    def __init__(self) -> None:
        self._life = StateMachine(RECONNECT, owner="publisher")
        self._run = ""
        self._last_seen = ""
        self._failures = 0

    @property
    def was_live(self) -> bool:
        """True if a session ever stood: before that, every failure is final."""
        return self._life.state is not ReconnectState.FIRST

    def begin(self) -> None:
        """Notes that a session stands."""
        self._life.apply(ReconnectEvent.BEGIN)
        self._failures = 0
        self._run = ""

    def lose_source(self) -> None:
        """Notes that the session was left for lack of a source, which the next one waits for."""
        self._life.apply(ReconnectEvent.LOSE_SOURCE)

    def is_orphaned(self, run: str) -> bool:
        """True if the session is with a run of the server that is gone. Asked while live."""
        if not run:
            self._life.apply(ReconnectEvent.NO_ANSWER)
            return False
        self._last_seen = run
        self._run = self._run or run
        return run != self._run

    def note_run(self, run: str) -> None:
        """Notes which run answers before there is a session."""
        self._last_seen = run or self._last_seen

    def wait_s(self, chance: float) -> float:
        """Returns the time to wait before the next check, in s. ``chance`` (0 to 1) spreads the
        checks of many publishers.
        """
        self._life.apply_if_accepted(ReconnectEvent.BREAK)
        if self._life.state is ReconnectState.BROKEN:
            return GOODBYE_S
        longest = min(MAX_WAIT_S, FIRST_WAIT_S * float(2**self._failures))
        # The wait is at its limit long before; a bounded exponent stays a small number for days.
        self._failures = min(self._failures + 1, 8)
        # All publishers of a server lose it at the same moment, and must not come back at one.
        return longest * (0.5 + chance / 2)

    def decide(self, run: str) -> ReconnectDecision:
        """Decides after a wait, by the run that answers now."""
        # A session may break before it was asked about; then the run that answered before it
        # counts.
        before = self._run or self._last_seen
        if not before:
            return ReconnectDecision.GIVE_UP
        if not run:
            self._life.apply(ReconnectEvent.NO_ANSWER)
            return ReconnectDecision.WAIT
        if run == before and self._life.state is ReconnectState.BROKEN:
            return ReconnectDecision.GIVE_UP
        self._life.apply(ReconnectEvent.RETURN)
        return ReconnectDecision.RECONNECT
