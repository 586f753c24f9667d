"""Profitability of partial work: the time that it saves on this stream and this machine, if any."""

from __future__ import annotations

_WEIGHT = 0.05
"""Weight of a frame in the smoothed means; that of the last twenty or so counts."""

_MIN_FRAMES = 30
"""Partial frames before there is a judgement; about a second."""

RETRY_AFTER_S = 20.0
"""Seconds without partial work after it did not pay: other content may come, of which it saves
more."""


class Profitability:
    """Compares what frames made by a fraction of the net take with what whole ones take.

    Planning a fraction costs a few milliseconds whatever comes of it; where the net is quick and
    much moves, that is more than it saves. Times are in seconds of work, without waiting for cores
    or the engine; no clock.
    """

    def __init__(self) -> None:
        self._partial_s = 0.0
        self._partial = 0
        self._whole_s: float | None = None
        self._off_until: float | None = None

    def add_partial(self, seconds: float) -> None:
        """Takes what a frame by a fraction took, planning included."""
        self._partial += 1
        weight = max(_WEIGHT, 1.0 / self._partial)
        self._partial_s += weight * (seconds - self._partial_s)

    def add_whole(self, seconds: float) -> None:
        """Takes what a frame by the whole net took."""
        have = seconds if self._whole_s is None else self._whole_s
        self._whole_s = have + _WEIGHT * (seconds - have)

    def is_worth_it(self, *, now: float) -> bool:
        """Returns whether the next frame should be planned; true while little is known."""
        if self._off_until is not None:
            if now < self._off_until:
                return False
            # What the old content took says nothing about the new; the whole net's time still
            # holds.
            self._off_until = None
            self._partial, self._partial_s = 0, 0.0
        if self._whole_s is None or self._partial < _MIN_FRAMES:
            return True
        if self._partial_s > self._whole_s:
            self._off_until = now + RETRY_AFTER_S
            return False
        return True
