"""One timer of the event loop for the work of many: pacing and reports of all viewers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from app.rtp.due_queue import DueQueue

MAX_TURN_S = 0.004
"""Work goes on for so long before the loop has its turn: publishers' packets wait no longer."""

Work = Callable[[float], float | None]
"""Does a small step; takes the time, and returns when it is due again, None for never. It raises
nothing."""


class SharedTimer:
    """Does work when it is due, in turns of bounded length. Times are those of ``monotonic``."""

    def __init__(self) -> None:
        self._due: DueQueue[Work] = DueQueue()
        self._handle: asyncio.Handle | None = None
        self._armed_at = 0.0

    def schedule(self, work: Work, at: float) -> None:
        """Has work done at a time, in place of the time that was set before."""
        self._due.put(work, at)
        if self._handle is None or at < self._armed_at:
            self._arm(at)

    def cancel(self, work: Work) -> None:
        """Has work done no more; a no-op if it is not due."""
        self._due.discard(work)
        if not self._due and self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _arm(self, at: float) -> None:
        if self._handle is not None:
            self._handle.cancel()
        loop = asyncio.get_running_loop()
        wait_s = at - time.monotonic()
        # The loop's clock may be another one, so it is told a span.
        self._handle = (
            loop.call_later(wait_s, self._run) if wait_s > 0 else loop.call_soon(self._run)
        )
        self._armed_at = at

    def _run(self) -> None:
        self._handle = None
        began = now = time.monotonic()
        while (work := self._due.pop(now=now)) is not None:
            again = work(now)
            if again is not None:
                self._due.put(work, again)
            now = time.monotonic()
            if now - began > MAX_TURN_S:
                break
        # Work that scheduled something has armed it already, for a time that may not be the first.
        if (at := self._due.next_at()) is not None:
            self._arm(at)
