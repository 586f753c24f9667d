"""Lock that admits one call of a net at a time to an engine, and accounts for the time."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import time
from collections.abc import Iterator

from workers.engines.engine import (
    Array,
    CompiledNet,
    DynamicShapeSession,
    Feeds,
    NetInfo,
    Session,
)


@dataclasses.dataclass(slots=True)
class EngineUsage:
    """Engine time of one thread's frames, in seconds."""

    waited_s: float = 0.0
    "Time waited for the engine, or for other frames to share a call with."
    worked_s: float = 0.0
    "Elapsed time of calls; frames that share a call have equal parts of it."
    engine_s: float = 0.0
    """Cost of the calls. For an engine on CPU cores this is thread time, without the time in which
    other threads had the cores, so that it does not depend on how busy the machine is."""
    caller_s: float = 0.0
    "CPU time of the calling thread in it; 0 if the engine is a device of its own."


class EngineLock:
    """Admits callers in the order of their arrival.

    Nets that ran side by side would take the cores that are left to decoders and encoders, and the
    cost of one could not be measured apart from the other.
    """

    def __init__(self, threads: int = 0) -> None:
        """Takes ``threads``, the cores that a call keeps busy, the caller's among them; 0 for an
        engine that is a device of its own.
        """
        self.threads = threads
        self._changed = threading.Condition()
        self._next = 0
        self._served = 0
        self._mine = threading.local()

    @property
    def tickets(self) -> int:
        """Number of calls that have asked for the engine so far."""
        return self._next

    def wrap(self, net: CompiledNet) -> CompiledNet:
        """Returns a net whose sessions hold the lock during each call."""
        return _LockedNet(net, self)

    def wrap_dynamic(
        self, session: DynamicShapeSession, *, is_last: bool = False
    ) -> DynamicShapeSession:
        """Returns a session for any size that holds the lock during each call, region by region.
        ``is_last``: its calls begin only while no other one waits.
        """
        return _LockedDynamicSession(session, self, is_last=is_last)

    @contextlib.contextmanager
    def timed(self) -> Iterator[EngineUsage]:
        """Adds up the engine time of the calling thread inside the block."""
        spent = self._mine.spent = EngineUsage()
        try:
            yield spent
        finally:
            self._mine.spent = None

    @contextlib.contextmanager
    def take(self, *, is_last: bool = False) -> Iterator[None]:
        """Holds the engine inside the block; ``record`` must say for which frames. ``is_last``
        waits until nobody else wants it.
        """
        with self._changed:
            while is_last and self._served != self._next:
                self._changed.wait()
            # A plain lock goes to whichever thread the system wakes, so one stream could wait for
            # long; tickets are served in order.
            ticket, self._next = self._next, self._next + 1
            while self._served != ticket:
                self._changed.wait()
        try:
            yield
        finally:
            with self._changed:
                # In ``finally``: a net that failed must not keep the engine for ever.
                self._served += 1
                self._changed.notify_all()

    @contextlib.contextmanager
    def hold(self, *, is_last: bool = False) -> Iterator[None]:
        """Holds the engine inside the block as ``take`` does, and records it for the calling
        thread's frame.
        """
        asked = time.monotonic()
        with self.take(is_last=is_last):
            # Thread time is read inside of the lock, so that waiting for it does not count as the
            # caller's work.
            begun, begun_cpu_s = time.monotonic(), time.thread_time()
            yield
            done, caller_s = time.monotonic(), time.thread_time() - begun_cpu_s
        self.record(waited_s=begun - asked, worked_s=done - begun, caller_s=caller_s)

    def record(self, *, waited_s: float, worked_s: float, caller_s: float | None = None) -> None:
        """Adds engine time to the calling thread's account.

        ``caller_s`` is None if another thread made the call.
        """
        # Threads of several streams use one lock, and each has an account of its own.
        spent: EngineUsage | None = getattr(self._mine, "spent", None)
        if spent is None:
            return
        spent.waited_s += waited_s
        spent.worked_s += worked_s
        if self.threads and caller_s is not None:
            # Runtimes on cores give the calling thread an equal part of the work.
            spent.caller_s += caller_s
            spent.engine_s += caller_s
        else:
            spent.engine_s += worked_s


class _LockedDynamicSession:
    def __init__(self, session: DynamicShapeSession, lock: EngineLock, *, is_last: bool) -> None:
        self._session = session
        self._lock = lock
        self._is_last = is_last

    def run(self, luma: Array, strength: float) -> Array:
        with self._lock.hold(is_last=self._is_last):
            return self._session.run(luma, strength)


class _LockedNet:
    def __init__(self, net: CompiledNet, lock: EngineLock) -> None:
        self._net = net
        self._lock = lock

    @property
    def info(self) -> NetInfo:
        return self._net.info

    def session(self) -> Session:
        return _LockedSession(self._net.session(), self._lock)

    def warm_up(self) -> None:
        self._net.warm_up()


class _LockedSession:
    def __init__(self, session: Session, lock: EngineLock) -> None:
        self._session = session
        self._lock = lock

    def run(self, feeds: Feeds, enhanced: Array) -> None:
        with self._lock.hold():
            self._session.run(feeds, enhanced)

    def reset(self) -> None:
        self._session.reset()
