"""The decision when a key frame is due."""

from __future__ import annotations

EVERY_S = 4
"""Media time from one key frame to the next, at most."""

MIN_GAP_S = 0.5
"""Seconds between two requested key frames at least."""


class KeyFramePolicy:
    """The first picture, every four seconds of media time, and on request; no others.

    A request that comes too soon after a key frame is not lost: it is met when the gap is over.
    """

    def __init__(self) -> None:
        self._last_pts: int | None = None
        self._last_at = 0.0
        self._asked = False

    def ask(self) -> None:
        """A key frame is wanted; several wishes are one."""
        self._asked = True

    def restart(self) -> None:
        """The next picture starts a new coded sequence. May be called from any thread."""
        self._last_pts = None

    def is_due(self, *, pts: int, clock_rate: int, now: float) -> bool:
        """True, and remembered, if the picture at ``pts`` is to be a key frame."""
        last_pts = self._last_pts
        due = last_pts is None
        if last_pts is not None:
            due = not 0 <= pts - last_pts < EVERY_S * clock_rate
            due = due or (self._asked and now - self._last_at >= MIN_GAP_S)
        if due:
            self._last_pts, self._last_at, self._asked = pts, now, False
        return due
