"""How late a frame may be."""

from __future__ import annotations

TOO_LATE_S = 0.4
"""A frame this old is dropped: nobody would see it in its place."""

ON_TIME_S = 0.055
"""A frame that leaves the net at this age still leaves the server within 66 ms."""

LONGEST_S = 0.3
"""A net that takes longer is not run on a live stream: the frames behind it would be dropped."""


def latest_s(*, takes_s: float, interval_s: float) -> float:
    """The age at which a frame must leave a net that takes ``takes_s`` for it.

    A slow net on a slow stream may use its interval; it must not wait for a second one.
    """
    return max(ON_TIME_S, takes_s + interval_s / 2)
