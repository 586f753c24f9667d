"""Tells from the delays of what a viewer got whether its path fills up; no I/O, no clock.

The overuse detector of draft-ietf-rmcat-gcc-02 section 4 with the trend line that replaced its
Kalman filter: the slope of the accumulated delay over the last groups, against a threshold that
adapts (section 4.4; Carlucci et al., "Analysis and Design of the Google Congestion Control for
WebRTC", MMSys 2016), so that a loss-based flow at the same queue does not starve this one.

Deviation: the draft takes the arrival of a group's last packet. Our groups are whole frames, whose
last packet is late by the frame's own length on the path; the first packet tells of what was in the
queue before it.
"""

from __future__ import annotations

import collections
import enum

WINDOW = 20
"""Groups in the regression: two thirds of a second at 30 frames a second."""

SMOOTHING = 0.9
"""Weight of the past in the smoothed delay."""

GAIN = 4.0
"""Factor on the slope before it is compared, and ``MAX_COUNT`` the other one."""
MAX_COUNT = 60

START_MS = 12.5
"""The threshold at the start."""

GROW, SHRINK = 0.0087, 0.039
"""Speeds, per millisecond, at which the threshold follows a trend beyond it and within it."""

MIN_MS, MAX_MS = 6.0, 600.0
MAX_OVER_MS = 15.0
"""A trend that is further beyond the threshold is a jump of the path, and does not raise it."""

SUSTAINED_MS = 10.0
"""The trend must be beyond the threshold for so long."""

PAUSE_S = 1.0
"""Pause after which the window begins anew, since the queue of before is gone."""


class PathUsage(enum.Enum):
    """The use of a path."""

    NORMAL = "normal"
    OVER = "over"
    "The queue on the path grows."
    UNDER = "under"
    "The queue on the path drains."


class DelayTrend:
    """The trend of the delay of one viewer's path."""

    def __init__(self) -> None:
        self.usage = PathUsage.NORMAL
        self.threshold_ms = START_MS
        self.trend_ms = 0.0
        "The slope, times its factors; it is compared with the threshold."
        self._last: tuple[float, float] | None = None
        self._begin()

    def _begin(self) -> None:
        self._points: collections.deque[tuple[float, float]] = collections.deque(maxlen=WINDOW)
        self._count = 0
        self._delay_ms = self._smoothed_ms = 0.0
        self._over_ms = 0.0
        self._before_ms = 0.0

    def add(self, sent_at: float, arrived_at: float) -> PathUsage:
        """Takes one group: when it left, and when its first packet came, in seconds on two clocks.

        Groups come in the order of sending.
        """
        last, self._last = self._last, (sent_at, arrived_at)
        if last is None or sent_at - last[0] > PAUSE_S:
            self._begin()
            self.usage = PathUsage.NORMAL
            return self.usage
        step_ms = 1000.0 * (arrived_at - last[1])
        self._delay_ms += step_ms - 1000.0 * (sent_at - last[0])
        self._count += 1
        self._smoothed_ms = SMOOTHING * self._smoothed_ms + (1 - SMOOTHING) * self._delay_ms
        self._points.append((1000.0 * arrived_at, self._smoothed_ms))
        if len(self._points) == WINDOW:
            self.trend_ms = min(self._count, MAX_COUNT) * GAIN * _slope(self._points)
            self._detect(max(0.0, step_ms))
        return self.usage

    def _detect(self, step_ms: float) -> None:
        """Compares the trend with the threshold, then adapts that (section 4.4, figure 5)."""
        if self.trend_ms > self.threshold_ms:
            self._over_ms += step_ms
            if self._over_ms > SUSTAINED_MS and self.trend_ms >= self._before_ms:
                self.usage = PathUsage.OVER
        else:
            self._over_ms = 0.0
            is_under = self.trend_ms < -self.threshold_ms
            self.usage = PathUsage.UNDER if is_under else PathUsage.NORMAL
        self._before_ms = self.trend_ms
        beyond = abs(self.trend_ms) - self.threshold_ms
        if beyond <= MAX_OVER_MS:
            speed = GROW if beyond > 0 else SHRINK
            moved = self.threshold_ms + speed * beyond * min(step_ms, 100.0)
            self.threshold_ms = min(max(moved, MIN_MS), MAX_MS)


def _slope(points: collections.deque[tuple[float, float]]) -> float:
    """Returns the slope of the least-squares line, 0 where all lie at one time."""
    count = len(points)
    mean_x = sum(x for x, _ in points) / count
    mean_y = sum(y for _, y in points) / count
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    if not spread:
        return 0.0
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
