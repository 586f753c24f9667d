"""The worker's scheduler, for streams on threads of their own."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

from workers.scheduling.cost_model import CostModel
from workers.scheduling.decision import Decision, FrameRequest, Reason, Usage
from workers.scheduling.option import MethodInfo
from workers.scheduling.resource_budget import CpuAccounting
from workers.scheduling.scheduler import Scheduler, Standing


class SharedScheduler:
    """One per worker; gives each stream a handle. Its methods may be called from any thread."""

    def __init__(self, *, cores: float = 1.0, threads: int = 0) -> None:
        """``cores`` whose time this process may use, of which the engine keeps ``threads`` busy; 0
        where it is a device of its own.
        """
        self._cores = CpuAccounting(cores, threads)
        self._scheduler = Scheduler(self._cores)
        self._lock = threading.Lock()
        self._handles = 0

    def handle(self) -> SchedulerHandle:
        """Returns a handle for one more stream."""
        with self._lock:
            self._handles += 1
            return SchedulerHandle(self._scheduler, self._lock, str(self._handles))

    def grant(self, cores: float) -> None:
        """Takes how many cores' time this process may use from now on."""
        with self._lock:
            self._cores.cores = cores

    def spent_ms_per_s(self) -> float:
        """Returns what nets took of the engine over the last seconds."""
        with self._lock:
            return self._scheduler.spent_ms_per_s(now=time.monotonic())

    @property
    def given_ms_per_s(self) -> float:
        """Milliseconds of the engine per second that are allocated to nets."""
        with self._lock:
            return self._scheduler.given_ms


class SchedulerHandle:
    """One stream's access to the ``Scheduler``, with its lock and clock.

    A thread that did not end in time may still call after ``leave``; it gets resizes.
    """

    def __init__(self, scheduler: Scheduler, lock: threading.Lock, key: str) -> None:
        self._scheduler = scheduler
        self._lock = lock
        self._key = key
        self._has_left = False
        self._costs: CostModel | None = None

    def join(self, methods: Iterable[MethodInfo]) -> CostModel:
        """Adds the stream, whose frames may have ``methods``; returns its cost model. Once, before
        anything else.
        """
        with self._lock:
            self._costs = self._scheduler.join(self._key, methods)
            return self._costs

    def decide(self, request: FrameRequest) -> Decision:
        """Returns what the frame gets; ``report`` must follow unless it is dropped."""
        if any(option.plan is not None for option in request.options):
            with self._lock:
                if not self._is_there:
                    return _resize(request)
                request = self._scheduler.screen(self._key, request, now=self._measured())
            # Planning takes milliseconds, in which other streams must not wait.
            request = request.planned()
        with self._lock:
            if not self._is_there:
                return _resize(request)
            return self._scheduler.decide(self._key, request, now=self._measured())

    def report(self, decision: Decision, usage: Usage) -> None:
        """Takes what the frame took."""
        # One lock for all streams: under it is only arithmetic (``decide`` and ``report`` of a
        # frame together take 0.06 ms), while a lock for each stream would have to be taken by
        # allocations.
        with self._lock:
            if self._is_there:
                self._scheduler.report(self._key, decision, usage, now=time.monotonic())

    def watch(self, watched: bool) -> None:
        """Sets whether somebody watches the stream."""
        with self._lock:
            if self._is_there:
                self._scheduler.watch(self._key, watched)

    def forget(self) -> None:
        """Forgets what was measured: another size or another net, or the stream is copied."""
        with self._lock:
            if self._is_there:
                self._scheduler.forget(self._key)

    def standing(self) -> Standing:
        """Returns the stream's level and costs."""
        with self._lock:
            if not self._is_there:
                return Standing(level="", ms_per_s=0.0, full_ms=None, least_ms=None)
            return self._scheduler.standing(self._key)

    def idle_s(self) -> float:
        """Returns the seconds per second that the stream's encoder may take beyond the least."""
        with self._lock:
            if not self._is_there:
                return 0.0
            return self._scheduler.idle_ms_per_s(now=time.monotonic()) / 1000.0

    def leave(self) -> None:
        """Ends the stream; harmless when repeated."""
        with self._lock:
            if self._is_there:
                self._scheduler.leave(self._key, now=time.monotonic())
            self._has_left = True

    @property
    def _is_there(self) -> bool:
        return self._costs is not None and not self._has_left

    def _measured(self) -> float:
        """Returns the time, once the scheduler knows what the process has taken of its cores."""
        # ``process_time`` is a system call over all threads, so it is made once per allocation.
        now = time.monotonic()
        if self._scheduler.is_due(now=now):
            self._scheduler.tell(time.process_time(), now=now)
        return now


def _resize(request: FrameRequest) -> Decision:
    """Returns the decision for a stream that is over."""
    free = next((one.method for one in request.options if one.method.is_free), None)
    return Decision(free, reason=Reason.NO_NET)
