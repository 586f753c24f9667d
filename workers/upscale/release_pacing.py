"""Pacing of frames that were held back: they keep about the distance at which they came."""

from __future__ import annotations

__all__ = ["MAX_FALL_S_PER_S", "ReleasePacing"]

MAX_FALL_S_PER_S = 0.25
"""Decrease of the time for which frames are held, per second of the stream: the picture then runs a
quarter faster. Frames that left as soon as their results are there would come in bursts, since some
have results to wait for and others have none."""


class ReleasePacing:
    """One stream's frames, in their order; no clock. Times are in seconds."""

    def __init__(self) -> None:
        self._held_s = 0.0
        self._queued = 0.0

    def release(self, *, queued: float, ready: float, until: float) -> float:
        """Returns the time at which a frame leaves that was ``queued`` then, was ``ready`` and must
        leave at ``until``; once for each frame, in order.
        """
        passed_s = max(0.0, queued - self._queued)
        least_s = max(0.0, self._held_s - MAX_FALL_S_PER_S * passed_s)
        at = max(ready, min(queued + least_s, until), queued)
        # Frames never overtake: what was held before this one left earlier.
        at = max(at, self._queued + self._held_s)
        self._queued, self._held_s = queued, at - queued
        return at
