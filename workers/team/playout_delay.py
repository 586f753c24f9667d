"""The delay for which a lead holds frames back, so that the results of its helpers are there.

It follows the 95th percentile of the team's turn-around: up at once, down slowly, as an adaptive
jitter buffer (Ramjee et al. 1994, algorithm 4) and RTP's playout do. It is a limit: a frame whose
results are all there leaves at once. Pure: times are arguments, in seconds.
"""

from __future__ import annotations

import collections

__all__ = ["MAX_DELAY_S", "PlayoutDelay"]

MAX_DELAY_S = 0.26
"""Longest delay: with decoding and encoding 95 of 100 pictures are 285 ms old when they are made,
and a viewer behind 40 ms of path has them in 500."""

WINDOW_S = 4.0
"""Turn-arounds older than this are forgotten: a burst of loss lasts a second or two."""

MAX_WINDOW = 256
"""Turn-arounds remembered: those of 4 s for two helpers; with more helpers, of the latest."""

QUANTILE = 0.95

MARGIN_S = 0.03
"""Time added to the percentile: one frame, in which a second order for what is overdue is made.
Frames that lack nothing do not wait for it."""

MAX_RISE = 0.5
"""Growth of the delay from one frame to the next, in frame intervals. The picture is never held for
more than one and a half intervals, and 100 ms take 200 ms."""

MAX_FALL = 0.1
"""Decrease likewise: the picture runs a tenth faster for a while, which nobody notices."""

FALL_S_PER_S = 0.03
"""Decrease of the delay over time, in s per s: a quiet moment is not taken for a better path."""

USUAL_INTERVAL_S, MAX_INTERVAL_S = 1 / 30, 0.1
"""Interval of frames before two came, and the longest that a change is measured by."""


class PlayoutDelay:
    """The playout delay of one rendition's frames. Times never go back."""

    def __init__(self, max_delay_s: float = MAX_DELAY_S) -> None:
        self._max_s = max_delay_s
        self._turns: collections.deque[tuple[float, float]] = collections.deque(maxlen=MAX_WINDOW)
        self._expected_s = 0.0
        self._delay_s = 0.0
        self._target_s = 0.0
        self._arrived: float | None = None

    @property
    def delay_s(self) -> float:
        """The delay of the last frame."""
        return self._delay_s

    def expect(self, turn_around_s: float) -> None:
        """Sets the turn-around that the helpers' paths and speeds let expect: what they could do is
        only seen while the delay lets them. 0: there are no helpers.
        """
        self._expected_s = turn_around_s
        if turn_around_s <= 0.0:
            self._turns.clear()

    def learn(self, turn_around_s: float, *, now: float) -> None:
        """Takes the time from a frame's arrival to a result for it, in time or late."""
        self._turns.append((now, turn_around_s))

    def deadline(self, *, arrived: float) -> float:
        """Returns the time until which a frame that ``arrived`` then waits; once for each frame."""
        last = arrived if self._arrived is None else self._arrived
        since_s = max(0.0, arrived - last)
        self._arrived = arrived
        interval_s = min(since_s or USUAL_INTERVAL_S, MAX_INTERVAL_S)
        wanted_s = self._wanted_s(now=arrived)
        # The target falls slowly and never below what is wanted; the delay follows it at a pace at
        # which frames keep their distances.
        self._target_s = max(wanted_s, self._target_s - FALL_S_PER_S * since_s)
        if self._expected_s <= 0.0:
            self._target_s = 0.0
        rise_s, fall_s = MAX_RISE * interval_s, MAX_FALL * interval_s
        self._delay_s = min(
            max(self._target_s, self._delay_s - fall_s), self._delay_s + rise_s, self._max_s
        )
        return arrived + self._delay_s

    def _wanted_s(self, *, now: float) -> float:
        while self._turns and self._turns[0][0] < now - WINDOW_S:
            self._turns.popleft()
        if self._expected_s <= 0.0:
            return 0.0
        if not self._turns:
            return self._expected_s + MARGIN_S
        ordered = sorted(turn_around_s for _, turn_around_s in self._turns)
        at_tail_s = ordered[int(QUANTILE * (len(ordered) - 1))]
        return max(at_tail_s, self._expected_s) + MARGIN_S
