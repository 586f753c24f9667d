"""Decides when a key frame is asked for, so that each segment can begin with one; no I/O."""

from __future__ import annotations

_OWN_PACE = 1.25
"""Key frames that come unasked within so many segments' time are a publisher's own pace."""

_PATIENCE = 1.5
"""Such a publisher is asked only when its last key frame is so many segments' time old."""


_ANSWER_US = 1_000_000
"""A key frame that comes later than this behind a request is none that was asked for."""


class KeyFrameNeed:
    """Asks where a segment's time has begun without a key frame.

    Publishers that send key frames at a pace of their own are left alone, since each key frame is
    several times as large as the frames between.
    """

    def __init__(self, segment_us: int) -> None:
        self._segment_us = segment_us
        self._last_key_us: int | None = None
        self._asked_us: int | None = None
        self._has_pace = False
        self.is_due = False
        "A key frame is wanted now."

    def take(self, at_us: int, *, is_key: bool, has_begun: bool) -> None:
        """Notes one picture. ``has_begun``: the segment of its time has begun already."""
        age = at_us - self._last_key_us if self._last_key_us is not None else None
        if is_key:
            is_answer = self._asked_us is not None and at_us - self._asked_us < _ANSWER_US
            has_own = age is not None and age <= _OWN_PACE * self._segment_us
            self._has_pace = has_own and not is_answer
            self._asked_us, self.is_due = None, False
            self._last_key_us = at_us
            return
        waits = self._has_pace and age is not None and age < _PATIENCE * self._segment_us
        self.is_due = not has_begun and not waits
        if self.is_due and self._asked_us is None:
            self._asked_us = at_us
