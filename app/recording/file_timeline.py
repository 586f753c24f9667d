"""The time line of one file: where its pictures and its sound are placed; no I/O, no clock.

Pictures go by the publisher's time stamps. Sound goes by its own, and is set to the pictures by the
time of capture, which both have on one clock; it is set again where they come apart.
"""

from __future__ import annotations

from media.access_unit import AccessUnit
from media.cmaf.decode_times import DecodeTimes

MAX_SKEW_US = 80_000
"""Distance of sound from its pictures above which it is set anew. Sound that is 125 ms late is
noticed (ITU-R BT.1359)."""

MAX_JUMP_US = 60_000_000
"""A picture this far from the one before it is on another time line, and needs another file."""

SOUND_US = 20_000
"""The usual length of an Opus packet; the next one tells it exactly."""


_TICKS_PER_US = 0.09
"""Times of decoding are counted in ticks of 1/90000 s, as the container has them."""


class FileTimeline:
    """Places units in microseconds from the first picture, which is at 0."""

    def __init__(self, first: AccessUnit) -> None:
        self._first = first
        self._decode_times = DecodeTimes()
        self._newest_us = -1
        "Greatest time of a picture."
        self._sound_us = -1
        self._lead_us = first.capture_us
        "Time of capture of what is placed at 0, by the last picture."
        self._anchor: tuple[int, int] | None = None
        "Time stamp of a packet of sound in us, and its place."

    def place_picture(self, unit: AccessUnit) -> tuple[int, int]:
        """Returns the time at which the next picture is decoded, greater than the one before, and
        how much later it is shown.
        """
        shown = self._stamp_us(unit) - self._stamp_us(self._first)
        ticks = round(shown * _TICKS_PER_US)
        decoded = self._decode_times.place(ticks, is_key=unit.is_key) / _TICKS_PER_US
        self._newest_us = max(self._newest_us, shown)
        self._lead_us = unit.capture_us - shown
        return round(decoded), shown - round(decoded)

    def place_sound(self, unit: AccessUnit) -> tuple[int, int] | None:
        """Returns place and length of a packet of sound; None for one that has no place: it was
        captured before the first picture, or comes twice.
        """
        stamp_us, expected_us = self._stamp_us(unit), unit.capture_us - self._lead_us
        if self._anchor is None:
            self._anchor = (stamp_us, expected_us)
        place = self._anchor[1] + stamp_us - self._anchor[0]
        if abs(place - expected_us) > MAX_SKEW_US:
            self._anchor, place = (stamp_us, expected_us), expected_us
        if place < 0 or place <= self._sound_us:
            return None
        self._sound_us = place
        return place, SOUND_US

    def is_broken_by(self, unit: AccessUnit) -> bool:
        """True for a picture that cannot be placed on this time line."""
        distance = self._stamp_us(unit) - self._stamp_us(self._first) - self._newest_us
        return not -SOUND_US < distance < MAX_JUMP_US

    @staticmethod
    def _stamp_us(unit: AccessUnit) -> int:
        return unit.pts * 1_000_000 // unit.clock_rate
