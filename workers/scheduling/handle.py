"""The worker's engine budget, for streams on threads of their own."""

from __future__ import annotations

import threading
import time

from workers.scheduling.cost_model import FrameCost
from workers.scheduling.degradation import Choice, QualityLevel, Reason
from workers.scheduling.resource_budget import CpuAccounting
from workers.scheduling.scheduler import FrameRequest, Scheduler, Standing


class SharedScheduler:
    """One per worker; hands a seat to each stream. Its methods may be called from any thread."""

    def __init__(self, *, cores: int = 1, threads: int = 0) -> None:
        """``cores`` that this process may use, of which the engine keeps ``threads`` busy; 0 where
        it is a device of its own.
        """
        self._budget = Scheduler(CpuAccounting(cores, threads))
        self._lock = threading.Lock()
        self._seats = 0

    def seat(self) -> SchedulerHandle:
        """A place for one more stream."""
        with self._lock:
            self._seats += 1
            key = str(self._seats)
            self._budget.join(key)
        return SchedulerHandle(self._budget, self._lock, key)

    def spent_ms_per_s(self) -> float:
        """What nets took of the engine over the last seconds."""
        with self._lock:
            return self._budget.spent_ms_per_s(now=time.monotonic())

    @property
    def given_ms_per_s(self) -> float:
        """What there is for nets, in milliseconds of the engine."""
        with self._lock:
            return self._budget.given_ms


class SchedulerHandle:
    """One stream's place at the budget: ``Scheduler`` with its lock and clock.

    A thread that did not end in time may still call after ``leave``; it gets resizes.
    """

    def __init__(self, budget: Scheduler, lock: threading.Lock, key: str) -> None:
        self._budget = budget
        self._lock = lock
        self._key = key
        self._left = False

    def foresee(self, *, arrived: float, interval_s: float) -> Reason | None:
        """Why there is no use in planning for reuse, None where there is; ``choose`` must follow.
        ``arrived`` as in ``FrameRequest``.
        """
        with self._lock:
            if self._left:
                return Reason.NO_NET
            now = self._measured()
            return self._budget.foresee(
                self._key, age_s=now - arrived, interval_s=interval_s, now=now
            )

    def choose(self, frame: FrameRequest) -> Choice:
        """What the frame gets; after a net rung ``took`` must follow."""
        with self._lock:
            if self._left:
                return Choice(QualityLevel.BICUBIC, reason=Reason.NO_NET)
            return self._budget.choose(self._key, frame, now=self._measured())

    def took(self, rung: QualityLevel, took: FrameCost, macs_share: float) -> None:
        """A net rung made a frame; as in ``Scheduler.took``."""
        with self._lock:
            if not self._left:
                self._budget.took(self._key, rung, took, macs_share, now=time.monotonic())

    def watch(self, watched: bool) -> None:
        """Whether somebody watches the stream."""
        with self._lock:
            if not self._left:
                self._budget.watch(self._key, watched)

    def expect(self, rung: QualityLevel, seconds: float) -> None:
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
                return Standing(QualityLevel.BICUBIC, ms_per_s=0.0, full_ms=None, least_ms=None)
            return self._budget.standing(self._key)

    def leave(self) -> None:
        """The stream is over; harmless when repeated."""
        with self._lock:
            if not self._left:
                self._left = True
                self._budget.leave(self._key, now=time.monotonic())

    def _measured(self) -> float:
        """Now; the budget knows what the process has taken of its cores."""
        now = time.monotonic()
        if self._budget.is_due(now=now):
            self._budget.tell(time.process_time(), now=now)
        return now
