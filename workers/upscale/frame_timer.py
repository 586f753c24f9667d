"""What one frame takes of the thread that enhances it."""

from __future__ import annotations

import time

from workers.engines.engine_lock import EngineUsage
from workers.scheduling.cost_model import FrameCost


class FrameTimer:
    """Begins with the frame; on the calling thread."""

    def __init__(self) -> None:
        self._begun, self._idle_s = time.monotonic(), time.thread_time()
        self._planned_s = 0.0
        self.planned_core_s = 0.0
        "Of its core, to find out what may be reused."

    def planned(self) -> None:
        """It is known what may be reused."""
        self._planned_s = time.monotonic() - self._begun
        self.planned_core_s = time.thread_time() - self._idle_s

    def took(self, passed_s: float, spent: EngineUsage) -> FrameCost:
        """The frame is done."""
        return FrameCost(
            passed_s=passed_s,
            engine_s=spent.engine_s,
            turn_s=spent.worked_s,
            beside_s=max(0.0, time.thread_time() - self._idle_s - spent.caller_s),
            planned_s=self._planned_s,
        )
