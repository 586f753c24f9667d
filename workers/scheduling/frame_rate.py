"""Frames per second from time stamps."""

from __future__ import annotations

from collections import deque

_WINDOW = 31
_ENOUGH = 6
_LONGEST_GAP_S = 1.0


class FrameRate:
    """The rate over the last 30 intervals of media time; jitter averages out.

    A pause of more than a second, or time running backwards, starts the measurement anew.
    """

    def __init__(self, *, guess: float) -> None:
        self._fps = guess
        self._ticks: deque[int] = deque(maxlen=_WINDOW)

    @property
    def fps(self) -> float:
        """Frames per second; the guess until six frames were seen."""
        return self._fps

    @property
    def interval_s(self) -> float:
        """Seconds from frame to frame."""
        return 1.0 / self._fps

    def add(self, pts: int, clock_rate: int) -> None:
        """One more frame, at ``pts`` ticks of 1/``clock_rate`` s."""
        if self._ticks and not 0 < pts - self._ticks[-1] <= _LONGEST_GAP_S * clock_rate:
            self._ticks.clear()
        self._ticks.append(pts)
        if len(self._ticks) >= _ENOUGH:
            span = self._ticks[-1] - self._ticks[0]
            self._fps = (len(self._ticks) - 1) * clock_rate / span
