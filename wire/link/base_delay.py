"""The delay of a path without its queues: the least one of the last minute; no I/O, no clock."""

from __future__ import annotations

import collections

BASE_SLOTS, BASE_SLOT_S = 6, 10.0
"""The least delay of the last minute is the path's own; clocks drift 6 ms in it at 100 ppm."""


class BaseDelay:
    """The least of the delays that were added in the last minute. ``now`` never goes back."""

    def __init__(self) -> None:
        self._slots: collections.deque[tuple[float, float]] = collections.deque(maxlen=BASE_SLOTS)

    def add(self, delay_s: float, *, now: float) -> None:
        """Takes the delay of one packet, on clocks whose difference need not be known."""
        if self._slots and now < self._slots[-1][0] + BASE_SLOT_S:
            since, least = self._slots[-1]
            self._slots[-1] = (since, min(least, delay_s))
        else:
            self._slots.append((now, delay_s))

    @property
    def least_s(self) -> float:
        """The least delay; infinite before the first one."""
        return min((least for _, least in self._slots), default=float("inf"))
