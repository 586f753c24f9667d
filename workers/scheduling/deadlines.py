"""How late a frame may be."""

from __future__ import annotations

TOO_LATE_S = 0.4
"""A frame this old is dropped: nobody would see it in its place."""

FREEZE_S = 0.2
"""But no picture stands still for longer than that while frames come, however old they are."""

ON_TIME_S = 0.055
"""A frame that leaves the net at this age still leaves the server within 66 ms."""

LONGEST_S = 0.3
"""A net that takes longer is not run on a live stream: the frames behind it would be dropped."""


class StaleFrameFilter:
    """Tells which frames of a stream are dropped because they are too late. No clock."""

    def __init__(self) -> None:
        self._passed_at: float | None = None

    def ends(self, age_s: float, *, now: float) -> bool:
        """Asked once for each frame, in order: whether it is dropped."""
        is_due = self._passed_at is None or not 0 <= now - self._passed_at < FREEZE_S
        if age_s > TOO_LATE_S and not is_due:
            return True
        self._passed_at = now
        return False


def latest_s(*, takes_s: float, interval_s: float) -> float:
    """The age at which a frame must leave a net that takes ``takes_s`` for it.

    A slow net on a slow stream may use its interval; it must not wait for a second one.
    """
    return max(ON_TIME_S, takes_s + interval_s / 2)
