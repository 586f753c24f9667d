"""The worker's engine budget, for streams on threads of their own."""

from __future__ import annotations

import threading
import time

from workers.plan.budget import Budget, Frame, Standing
from workers.plan.ladder import Choice, Reason, Rung


class EngineTime:
    """One per worker; hands a seat to each stream. Its methods may be called from any thread."""

    def __init__(self) -> None:
        self._budget = Budget()
        self._lock = threading.Lock()
        self._seats = 0

    def seat(self) -> Seat:
        """A place for one more stream."""
        with self._lock:
            self._seats += 1
            key = str(self._seats)
            self._budget.join(key)
        return Seat(self._budget, self._lock, key)

    def spent_ms_per_s(self) -> float:
        """What nets took of the engine over the last seconds."""
        with self._lock:
            return self._budget.spent_ms_per_s(now=time.monotonic())


class Seat:
    """One stream's place at the budget: ``Budget`` with its lock and clock.

    A thread that did not end in time may still call after ``leave``; it gets resizes.
    """

    def __init__(self, budget: Budget, lock: threading.Lock, key: str) -> None:
        self._budget = budget
        self._lock = lock
        self._key = key
        self._left = False

    def choose(self, frame: Frame) -> Choice:
        """What the frame gets; after a net rung ``took`` must follow."""
        with self._lock:
            if self._left:
                return Choice(Rung.BICUBIC, reason=Reason.NO_NET)
            return self._budget.choose(self._key, frame, now=time.monotonic())

    def took(self, rung: Rung, seconds: float, macs_share: float, *, engine_s: float) -> None:
        """A net rung made a frame; as in ``Budget.took``."""
        with self._lock:
            if not self._left:
                self._budget.took(
                    self._key, rung, seconds, macs_share, engine_s=engine_s, now=time.monotonic()
                )

    def watch(self, watched: bool) -> None:
        """Whether somebody watches the stream."""
        with self._lock:
            if not self._left:
                self._budget.watch(self._key, watched)

    def expect(self, rung: Rung, seconds: float) -> None:
        """What a net rung is expected to take of the engine."""
        with self._lock:
            if not self._left:
                self._budget.expect(self._key, rung, seconds)

    def forget(self) -> None:
        """Another size or another net."""
        with self._lock:
            if not self._left:
                self._budget.forget(self._key)

    def standing(self) -> Standing:
        """Where the stream stands."""
        with self._lock:
            if self._left:
                return Standing(Rung.BICUBIC, ms_per_s=0.0, full_ms=None, least_ms=None)
            return self._budget.standing(self._key)

    def leave(self) -> None:
        """The stream is over; harmless when repeated."""
        with self._lock:
            if not self._left:
                self._left = True
                self._budget.leave(self._key, now=time.monotonic())
