"""Tells whether a publisher makes key frames when it is asked; no I/O, no clock.

OBS and FFmpeg's muxer do not: their key frames come each second or two, whatever happens.
"""

from __future__ import annotations

import collections

ANSWER_S = 0.6
"""A key frame within this of a request counts as its answer: a round trip on a long path, an
encoder's frame and a jammed queue."""

JUDGED = 6
"""Requests by which a publisher is judged, the last ones."""

MIN_JUDGED = 2
"""Fewer tell nothing."""

DEAF = 0.5
"""Fraction of these that must have gone unanswered. A publisher with a key frame each two seconds
answers three of ten by chance."""


class KeyFrameAnswers:
    """The last requests of one source and whether a key frame came behind each."""

    def __init__(self) -> None:
        self._answered: collections.deque[bool] = collections.deque(maxlen=JUDGED)
        self._asked_at: float | None = None
        "Time of a request that may still be answered."

    def ask(self, *, now: float) -> None:
        """Notes a request. One that is still open at the next counts when its time is over."""
        if self._asked_at is None:
            self._asked_at = now
        elif now - self._asked_at > ANSWER_S:
            self._answered.append(False)
            self._asked_at = now

    def come(self, *, now: float) -> None:
        """Notes a key frame."""
        if self._asked_at is not None:
            self._answered.append(now - self._asked_at <= ANSWER_S)
            self._asked_at = None

    @property
    def is_deaf(self) -> bool:
        """True once most of the last requests went unanswered."""
        unanswered = sum(not each for each in self._answered)
        return len(self._answered) >= MIN_JUDGED and unanswered >= DEAF * len(self._answered)
