"""Times of decoding for units that come in that order with their times of showing alone."""

from __future__ import annotations

_MAX_REORDERED = 16
"""H.264 section A.3.1: pictures that wait for others are at most 16 (MaxDpbFrames)."""

_MAX_INTERVAL_TICKS = 9_000
"""Ticks of 1/90000 s: a longer distance is a pause, not the stream's frame interval."""


class DecodeTimes:
    """Gives each picture a time of decoding that is greater than the one before it.

    Without B-frames it is the time of showing. Once a picture comes behind a later one, pictures
    are decoded a frame interval apart, and offsets carry their times of showing. A group of
    pictures in which none came so ends that: a clock that was set back once delays nothing for
    long, and nodes that began to read at different times agree.
    """

    def __init__(self) -> None:
        self._last: int | None = None
        self._newest = 0
        self._interval = 0
        self._reorders = False
        self._group_reorders = False

    def place(self, shown: int, *, is_key: bool = False) -> int:
        """Returns the time of decoding, in ticks, of the next picture in the order of decoding."""
        if is_key:
            self._begin_group(shown)
        if self._last is None:
            self._last = self._newest = shown
            return shown
        distance = abs(shown - self._newest)
        if distance <= _MAX_INTERVAL_TICKS and distance > 0:
            self._interval = min(self._interval or distance, distance)
        self._group_reorders = self._group_reorders or shown < self._newest
        self._reorders = self._reorders or self._group_reorders
        self._newest = max(self._newest, shown)
        if not self._reorders:
            time = shown
        else:
            # Decoding stays near the newest picture: what is shown later waits for the others.
            least = self._newest - _MAX_REORDERED * self._interval
            time = max(min(shown, self._last + self._interval), least)
        self._last = max(time, self._last + 1)
        return self._last

    def _begin_group(self, shown: int) -> None:
        """Notes that a key frame follows, which needs none of the pictures before it."""
        if not self._group_reorders:
            self._reorders = False
        self._group_reorders = False
        if self._last is not None and shown < self._newest and not self._reorders:
            # The clock was set back: what is shown from here on is new again.
            self._newest = shown
