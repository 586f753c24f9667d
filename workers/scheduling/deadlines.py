"""Deadlines: how late a frame may be."""

from __future__ import annotations

MAX_AGE_S = 0.4
"""Age at which a frame is dropped: nobody would see it in its place."""

MAX_FREEZE_S = 0.2
"""Time for which a picture may stand still while frames come, however old they are."""

MAX_NET_AGE_S = 0.055
"""Age at which a frame may leave the net: it still leaves the server within 66 ms."""

MAX_LATENCY_S = 0.3
"""Longest time that a net may take on a live stream: frames behind it would be dropped."""


class StaleFrameFilter:
    """Says which frames of a stream are dropped because they are too late. No clock."""

    def __init__(self) -> None:
        self._passed_at: float | None = None

    def ends(self, age_s: float, *, now: float) -> bool:
        """Returns whether a frame is dropped; to be asked once for each, in order."""
        # A clock that jumped back makes the difference negative; then the frame passes too.
        is_due = self._passed_at is None or not 0 <= now - self._passed_at < MAX_FREEZE_S
        # Where everything is late, one in MAX_FREEZE_S passes: an old picture that moves is better
        # than one that stands still.
        if age_s > MAX_AGE_S and not is_due:
            return True
        self._passed_at = now
        return False


def latest_s(*, takes_s: float, interval_s: float) -> float:
    """Returns the age at which a frame must leave a net that takes ``takes_s`` for it.

    A slow net on a slow stream may use its interval; it must not wait for a second one.
    """
    return max(MAX_NET_AGE_S, takes_s + interval_s / 2)
