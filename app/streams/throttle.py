"""Allows at most one of something per interval."""

from __future__ import annotations


class Throttle:
    """``allow`` is true at most once per ``interval_s``."""

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._last: float | None = None

    def allow(self, *, now: float) -> bool:
        """True if enough time has passed since it last was."""
        if self._last is not None and now - self._last < self._interval_s:
            return False
        self._last = now
        return True
