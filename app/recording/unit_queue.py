"""The units that wait for the disk; no I/O, no clock.

While a disk does not keep up, what waits is kept and what comes is dropped, up to the next key
frame for which there is space: a file never has a picture that cannot be decoded.
"""

from __future__ import annotations

import collections

from media.access_unit import AccessUnit, Kind

MAX_BYTES = 24 * 2**20
"""Bytes that wait at most: 30 s of 6 Mbit/s, in which most disks answer again."""

MAX_UNITS = 4_000
"""Units that wait at most: as long, at 60 pictures and 50 packets of sound a second."""


class UnitQueue:
    """A bounded queue of units. ``dropped`` counts those that never reach the disk, by reason."""

    def __init__(self, *, max_bytes: int = MAX_BYTES, max_units: int = MAX_UNITS) -> None:
        self._max_bytes = max_bytes
        self._max_units = max_units
        self._units: list[AccessUnit] = []
        self._bytes = 0
        self._needs_key = False
        self.dropped: collections.Counter[str] = collections.Counter()

    def __len__(self) -> int:
        """Returns the number of units that wait."""
        return len(self._units)

    @property
    def needs_key(self) -> bool:
        """True while pictures are dropped up to the next key frame."""
        return self._needs_key

    def push(self, unit: AccessUnit) -> None:
        """Takes one unit, or drops and counts it."""
        size = len(unit.payload)
        is_full = self._bytes + size > self._max_bytes or len(self._units) >= self._max_units
        if unit.kind is Kind.VIDEO:
            if self._needs_key and unit.is_key and not is_full:
                self._needs_key = False
            self._needs_key = self._needs_key or is_full
        if is_full or self._needs_key:
            self.dropped["behind"] += 1
            return
        self._units.append(unit)
        self._bytes += size

    def pop(self) -> list[AccessUnit]:
        """Takes all that wait, in order."""
        units, self._units = self._units, []
        self._bytes = 0
        return units

    def discard(self, reason: str) -> None:
        """Drops and counts all that wait."""
        if self._units:
            self.dropped[reason] += len(self.pop())
