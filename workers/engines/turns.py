"""One net at a time on an engine that several streams share."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import time
from collections.abc import Iterator

from workers.engines.engine import Array, Feeds, FreeSession, Session


@dataclasses.dataclass(slots=True)
class Spent:
    """What one thread's calls took, in seconds."""

    waited_s: float = 0.0
    "For its turn."
    worked_s: float = 0.0
    "On the engine."


class Turns:
    """First come, first served.

    Nets that ran side by side would take the cores that are left to decoders and encoders, and what
    one of them takes could not be told from what the other does.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._next = 0
        self._served = 0
        self._mine = threading.local()

    @property
    def tickets(self) -> int:
        """How many turns were asked for so far."""
        return self._next

    def guard(self, session: Session) -> Session:
        """The session, whose ``run`` waits for its turn."""
        return _InTurn(session, self)

    def guard_free(self, session: FreeSession) -> FreeSession:
        """The same for a net that takes any size; each region waits for its own turn."""
        return _FreeInTurn(session, self)

    @contextlib.contextmanager
    def timed(self) -> Iterator[Spent]:
        """Adds up what the calling thread's runs take inside the block."""
        spent = self._mine.spent = Spent()
        try:
            yield spent
        finally:
            self._mine.spent = None

    @contextlib.contextmanager
    def take(self) -> Iterator[None]:
        """The engine is the caller's inside the block."""
        asked = time.monotonic()
        with self._changed:
            ticket, self._next = self._next, self._next + 1
            while self._served != ticket:
                self._changed.wait()
        begun = time.monotonic()
        try:
            yield
        finally:
            done = time.monotonic()
            with self._changed:
                self._served += 1
                self._changed.notify_all()
            spent: Spent | None = getattr(self._mine, "spent", None)
            if spent is not None:
                spent.waited_s += begun - asked
                spent.worked_s += done - begun


class _FreeInTurn:
    def __init__(self, session: FreeSession, turns: Turns) -> None:
        self._session = session
        self._turns = turns

    def run(self, luma: Array, strength: float) -> Array:
        with self._turns.take():
            return self._session.run(luma, strength)


class _InTurn:
    def __init__(self, session: Session, turns: Turns) -> None:
        self._session = session
        self._turns = turns

    def run(self, feeds: Feeds, enhanced: Array) -> None:
        with self._turns.take():
            self._session.run(feeds, enhanced)

    def reset(self) -> None:
        self._session.reset()
