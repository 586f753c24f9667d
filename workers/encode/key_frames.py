"""Policy of key frames: which picture is coded without reference to others."""

from __future__ import annotations

MAX_INTERVAL_S = 4
"""Seconds of media time from one key frame to the next, at most: a viewer joins by replay of what
came since the last one, and a take-over decodes as much."""

MIN_GAP_S = 0.5
"""Seconds between two requested key frames, at least: one costs as many bits as several pictures,
and viewers who lose packets at one moment all ask for it."""


class KeyFramePolicy:
    """Says which pictures are key frames: the first, one every four seconds of media time, and
    those that are asked for.

    A request that comes too soon after a key frame is not lost: it is met when the gap is over.
    """

    def __init__(self) -> None:
        self._last_pts: int | None = None
        self._last_at = 0.0
        self._asked = False

    def ask(self) -> None:
        """Asks for a key frame; several requests are one."""
        self._asked = True

    def restart(self) -> None:
        """Starts a new coded sequence at the next picture. May be called from any thread."""
        self._last_pts = None

    def is_due(self, *, pts: int, clock_rate: int, now: float) -> bool:
        """Returns whether the picture at ``pts`` is a key frame; to be asked once for each."""
        # Read once: ``restart`` may come from another thread at any time. If it comes after this
        # line and the picture is due, the key frame that it asks for is this one; if the picture
        # is not due, the next one is.
        last_pts = self._last_pts
        due = last_pts is None
        if last_pts is not None:
            # Time that runs backwards is due too: after a jump of an hour no key frame would come
            # for an hour.
            due = not 0 <= pts - last_pts < MAX_INTERVAL_S * clock_rate
            due = due or (self._asked and now - self._last_at >= MIN_GAP_S)
        if due:
            self._last_pts, self._last_at, self._asked = pts, now, False
        return due
