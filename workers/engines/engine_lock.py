"""One call of a net at a time on an engine that several streams share."""

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
    """What one thread's frames took, in seconds."""

    waited_s: float = 0.0
    "For the engine, or for other frames to share a call with."
    worked_s: float = 0.0
    "While they had the engine; where several frames shared a call, an equal part of it."
    engine_s: float = 0.0
    """What they took of the engine. For one that runs on cores, without the time in which others
    had those: what a net costs, however busy the machine is."""
    caller_s: float = 0.0
    "What of that the thread worked itself; 0 where the engine is a device of its own."


class EngineLock:
    """First come, first served.

    Nets that ran side by side would take the cores that are left to decoders and encoders, and what
    one of them takes could not be told from what the other does.
    """

    def __init__(self, threads: int = 0) -> None:
        """``threads``: cores that the engine keeps busy while it works, the caller's among them; 0
        where it is a device of its own.
        """
        self.threads = threads
        self._changed = threading.Condition()
        self._next = 0
        self._served = 0
        self._mine = threading.local()

    @property
    def tickets(self) -> int:
        """How many turns were asked for so far."""
        return self._next

    def guard(self, net: CompiledNet) -> CompiledNet:
        """The net, whose sessions wait for their turn with each call."""
        return _InTurn(net, self)

    def guard_free(self, session: DynamicShapeSession) -> DynamicShapeSession:
        """The same for a net that takes any size; each region waits for its own turn."""
        return _FreeInTurn(session, self)

    @contextlib.contextmanager
    def timed(self) -> Iterator[EngineUsage]:
        """Adds up what the calling thread's frames take inside the block."""
        spent = self._mine.spent = EngineUsage()
        try:
            yield spent
        finally:
            self._mine.spent = None

    @contextlib.contextmanager
    def take(self) -> Iterator[None]:
        """The engine is the caller's inside the block; for whose frame is told by ``note``."""
        with self._changed:
            ticket, self._next = self._next, self._next + 1
            while self._served != ticket:
                self._changed.wait()
        try:
            yield
        finally:
            with self._changed:
                self._served += 1
                self._changed.notify_all()

    @contextlib.contextmanager
    def own(self) -> Iterator[None]:
        """``take`` for a frame of the calling thread's."""
        asked = time.monotonic()
        with self.take():
            begun, idle_s = time.monotonic(), time.thread_time()
            yield
            done, caller_s = time.monotonic(), time.thread_time() - idle_s
        self.note(waited_s=begun - asked, worked_s=done - begun, caller_s=caller_s)

    def note(self, *, waited_s: float, worked_s: float, caller_s: float | None = None) -> None:
        """Adds to what the calling thread's frames took; ``caller_s`` is None where another thread
        made the call.
        """
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


class _FreeInTurn:
    def __init__(self, session: DynamicShapeSession, turns: EngineLock) -> None:
        self._session = session
        self._turns = turns

    def run(self, luma: Array, strength: float) -> Array:
        with self._turns.own():
            return self._session.run(luma, strength)


class _InTurn:
    def __init__(self, net: CompiledNet, turns: EngineLock) -> None:
        self._net = net
        self._turns = turns

    @property
    def info(self) -> NetInfo:
        return self._net.info

    def session(self) -> Session:
        return _Session(self._net.session(), self._turns)

    def warm_up(self) -> None:
        self._net.warm_up()


class _Session:
    def __init__(self, session: Session, turns: EngineLock) -> None:
        self._session = session
        self._turns = turns

    def run(self, feeds: Feeds, enhanced: Array) -> None:
        with self._turns.own():
            self._session.run(feeds, enhanced)

    def reset(self) -> None:
        self._session.reset()
