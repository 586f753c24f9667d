"""Frames per second from time stamps."""

from __future__ import annotations

from collections import deque

_MAX_FRAMES = 31
"""Frames of the window: a second at 30 frames per second."""

_MIN_FRAMES = 6
"""Frames for a first measurement; over five intervals jitter is a fifth of what it is over one."""

_MAX_GAP_S = 1.0
"""Seconds between two frames beyond which it is a pause and no interval."""


class FrameRate:
    """Measures the rate over the last 30 intervals of media time; jitter averages out.

    A pause of more than a second, or time running backwards, starts the measurement anew.
    """

    def __init__(self, *, guess: float) -> None:
        self._fps = guess
        self._ticks: deque[int] = deque(maxlen=_MAX_FRAMES)

    @property
    def fps(self) -> float:
        """Frames per second; the guess until six frames were seen."""
        return self._fps

    @property
    def interval_s(self) -> float:
        """Seconds from frame to frame."""
        return 1.0 / self._fps

    def add(self, pts: int, clock_rate: int) -> None:
        """Takes one more frame, at ``pts`` ticks of 1/``clock_rate`` s."""
        if self._ticks and not 0 < pts - self._ticks[-1] <= _MAX_GAP_S * clock_rate:
            self._ticks.clear()
        self._ticks.append(pts)
        # First and last only: the jitter of those between cancels out.
        if len(self._ticks) >= _MIN_FRAMES:
            span = self._ticks[-1] - self._ticks[0]
            self._fps = (len(self._ticks) - 1) * clock_rate / span
