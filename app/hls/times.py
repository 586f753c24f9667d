"""Times of the tracks, from capture times alone, so that all nodes give a unit the same; no I/O."""

from __future__ import annotations

from media.access_unit import AccessUnit

ORIGIN_US = 1_767_225_600_000_000
"""2026-01-01 UTC, at which the tracks' times begin: players keep times as fractions of a second in
doubles, whose steps since 1970 would be coarser."""

VIDEO_RATE, SOUND_RATE = 90_000, 48_000

MAX_SOUND_ERROR_TICKS = 960
"""Sound goes on by its own clock while that is within 20 ms of the capture time: what is moved by
less than that is heard as a click, and 20 ms are not seen as bad lip-sync."""


def ticks(capture_us: int, rate: int) -> int:
    """Returns a capture time in ticks of a track; 0 for one before the origin."""
    return max(0, capture_us - ORIGIN_US) * rate // 1_000_000


class SoundTimes:
    """Gives packets of sound times that follow each other without a hole."""

    def __init__(self) -> None:
        self._shift: int | None = None

    def place(self, unit: AccessUnit) -> int:
        """Returns the packet's time in ticks of 1/48000 s."""
        own = unit.pts * SOUND_RATE // unit.clock_rate
        captured = ticks(unit.capture_us, SOUND_RATE)
        if self._shift is None or abs(own + self._shift - captured) > MAX_SOUND_ERROR_TICKS:
            self._shift = captured - own
        return max(0, own + self._shift)
