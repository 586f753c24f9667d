"""Measures how late the event loop is: all that packets wait for beside their own work."""

from __future__ import annotations

import asyncio
import collections
import time

CHECK_S = 0.1
"""Seconds between measurements; a standstill is seen whole, whenever it begins."""

WINDOW_S = 15.0
"""Seconds of which the longest delay is told: as long as Prometheus waits between two scrapes."""


class LoopLag:
    """Keeps the delays of the last ``WINDOW_S``; times are arguments, in s of one clock."""

    def __init__(self) -> None:
        self._late: collections.deque[tuple[float, float]] = collections.deque()
        "(at, late by), each later one smaller: the first is the longest."

    def note(self, late_s: float, *, now: float) -> None:
        """Notes that a timer fired this late."""
        # A delay before a longer one is never the longest again. Without it the deque stays short
        # and sorted, and its first entry is the answer.
        while self._late and self._late[-1][1] <= late_s:
            self._late.pop()
        self._late.append((now, max(0.0, late_s)))

    def longest_s(self, *, now: float) -> float:
        """Returns the longest delay of the window, 0 before anything was measured."""
        while self._late and now - self._late[0][0] > WINDOW_S:
            self._late.popleft()
        return self._late[0][1] if self._late else 0.0

    async def run(self) -> None:
        """Measures until it is cancelled."""
        while True:
            due = time.monotonic() + CHECK_S
            await asyncio.sleep(CHECK_S)
            now = time.monotonic()
            self.note(now - due, now=now)
            # It forgets what has left the window, also while nobody asks.
            self.longest_s(now=now)
