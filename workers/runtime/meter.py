"""Meter of frames and bits per second over the last seconds."""

from __future__ import annotations

from collections import deque

WINDOW_S = 3.0
"""Length of the window: longer than a key-frame interval of 2 s, whose bits it must average."""


class Meter:
    """Sliding window over frames that were put out."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()
        self._bytes = 0

    def add(self, size: int, *, now: float) -> None:
        """Adds a frame of ``size`` bytes at ``now``, in s."""
        self._seen.append((now, size))
        self._bytes += size
        self._forget(now)

    def rates(self, *, now: float) -> tuple[float, float]:
        """Returns frames per second and kbit/s; zeros for fewer than two frames."""
        self._forget(now)
        if len(self._seen) < 2:
            return 0.0, 0.0
        span_s = self._seen[-1][0] - self._seen[0][0]
        if span_s <= 0:
            return 0.0, 0.0
        # One interval fewer than frames: the first frame's bits were sent before the span.
        bits = (self._bytes - self._seen[0][1]) * 8
        return (len(self._seen) - 1) / span_s, bits / span_s / 1000

    def _forget(self, now: float) -> None:
        while self._seen and now - self._seen[0][0] > WINDOW_S:
            self._bytes -= self._seen.popleft()[1]
