"""CoDel for frames: leaves some out where more come than the cores can resize and encode."""

from __future__ import annotations

import math

TARGET_S = 0.08
"""Seconds of age that frames may keep, if some among them are younger."""

INTERVAL_S = 0.25
"""Seconds during which none must have been younger before one is left out."""


class CoDel:
    """One stream's controlled delay (Nichols and Jacobson 2012; RFC 8289, sections 3 to 5) for
    frames: while all are older than the target they are left out, one by one, in intervals that
    become shorter with the square root of how many were. So the delay stays near the target, and
    what is missing is spread evenly. Unlike there, no two in a row are left out: a picture that
    stands still is worse than one that comes late.
    """

    def __init__(self) -> None:
        self._old_since: float | None = None
        self._next_at: float | None = None
        self._count = 0
        self._was_left_out = False

    def leaves_out(self, age_s: float, *, now: float) -> bool:
        """Returns whether a frame is left out; to be asked once for each, in order."""
        # One young frame ends it: the queue was empty for a moment, so the cores keep up.
        is_old = self._is_old(age_s, now)
        if not is_old:
            self._next_at = None
        elif self._next_at is None:
            # What was learnt the last time mostly still holds.
            self._count = max(1, self._count // 2)
            self._next_at = now
        self._was_left_out = (
            self._next_at is not None and now >= self._next_at and not self._was_left_out
        )
        if self._was_left_out:
            self._count += 1
            self._next_at = now + INTERVAL_S / math.sqrt(self._count)
        return self._was_left_out

    def _is_old(self, age_s: float, now: float) -> bool:
        """Returns whether frames have been too old for a whole interval, or still are."""
        # A burst, such as a key frame, makes frames old for less than an interval; that is no
        # standing queue, and dropping would not help.
        if age_s < TARGET_S:
            self._old_since = None
            return False
        if self._old_since is None:
            self._old_since = now
        return self._next_at is not None or now - self._old_since >= INTERVAL_S
