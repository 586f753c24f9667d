"""What a frame gets: the net, a resize because it is late, or nothing because it is too late."""

from __future__ import annotations

import enum

TOO_LATE_S = 0.4
"""A frame this old is dropped: nobody would see it in its place."""

ON_TIME_S = 0.055
"""A frame that leaves the net at this age still leaves the server within 66 ms."""

LONGEST_S = 0.3
"""A net that takes longer is not run on a live stream: the frames behind it would be dropped."""

_WEIGHT = 0.1


class Method(enum.Enum):
    """What is done with a frame."""

    NET = "net"
    RESIZE = "resize"
    DROP = "drop"


class LatePolicy:
    """Spends the net on frames that it can still finish in time, and catches up with the rest.

    A net slower than the frame interval makes each frame wait longer than the one before it;
    at the limit one is resized and the wait is gone. So load turns into fewer enhanced frames,
    never into delay.
    """

    def __init__(self) -> None:
        self._net_s: float | None = None

    @property
    def net_s(self) -> float | None:
        """What the net takes for a frame, smoothed; None while it was never used."""
        return self._net_s

    def forget(self) -> None:
        """The size or the net changed: what was learnt does not hold."""
        self._net_s = None

    def took(self, net_s: float) -> None:
        """Learns what the net took for one frame."""
        have = net_s if self._net_s is None else self._net_s
        self._net_s = have + _WEIGHT * (net_s - have)

    def choose(self, *, arrived: float, interval_s: float, now: float) -> Method:
        """What a frame gets that arrived at ``arrived`` on the clock of ``now``."""
        age_s = now - arrived
        if age_s > TOO_LATE_S:
            return Method.DROP
        net_s = self._net_s or 0.0
        if net_s > LONGEST_S:
            return Method.RESIZE
        # A slow net on a slow stream may use its interval; it must not wait for a second one.
        limit_s = max(ON_TIME_S, net_s + interval_s / 2)
        return Method.NET if age_s + net_s <= limit_s else Method.RESIZE
