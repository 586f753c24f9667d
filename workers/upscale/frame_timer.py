"""The timer of one frame: the only place where an upscaling thread measures what it uses."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from workers.engines.engine_lock import EngineLock, EngineUsage
from workers.scheduling.decision import Usage


class FrameTimer:
    """Begins with the frame; used by the thread that upscales it."""

    def __init__(self, engine: EngineLock) -> None:
        self._engine = engine
        # Costs are thread time, so that a busy machine does not make a net look expensive (decision
        # 30); only what would be late is told by elapsed time.
        self._begun, self._begun_cpu_s = time.monotonic(), time.thread_time()
        self._planned_s = self._plan_cpu_s = self._passed_s = 0.0
        self._spent = EngineUsage()

    def planned(self) -> None:
        """Notes that planning is done."""
        self._planned_s = time.monotonic() - self._begun
        self._plan_cpu_s = time.thread_time() - self._begun_cpu_s

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Measures what making the picture takes inside the block."""
        with self._engine.timed() as self._spent:
            begun = time.monotonic()
            yield
            self._passed_s = time.monotonic() - begun - self._spent.waited_s

    def usage(self, fraction: float) -> Usage:
        """Returns what the frame took, of which ``fraction`` of the whole net's work was done."""
        # The calling thread does a part of the net's work itself, which the engine's cost has
        # already.
        cpu_s = time.thread_time() - self._begun_cpu_s - self._spent.caller_s
        return Usage(
            passed_s=self._passed_s,
            engine_s=self._spent.engine_s,
            hold_s=self._spent.worked_s,
            # The clocks are read one after the other, so the difference may be some microseconds
            # below 0.
            cpu_s=max(0.0, cpu_s),
            planned_s=self._planned_s,
            plan_cpu_s=self._plan_cpu_s,
            fraction=fraction,
        )
