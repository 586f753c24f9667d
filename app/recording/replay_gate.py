"""The units of a log from which a recording goes on after its node died; no I/O, no clock.

The log is read from its beginning, and most of it lies in the file of the node that died. A new
file begins at the last key frame of what is there already, so nothing is missing between the two.
"""

from __future__ import annotations

from media.access_unit import AccessUnit, Kind


class ReplayGate:
    """Holds units back until one comes that is not on a disk yet."""

    def __init__(self, durable_us: int) -> None:
        """``durable_us`` is the time of capture of the last picture on a disk; 0: none is."""
        self._durable_us = durable_us
        self._held: list[AccessUnit] = []
        self._is_open = durable_us == 0

    def take(self, unit: AccessUnit) -> list[AccessUnit]:
        """Returns the units to be recorded now, in order."""
        if self._is_open:
            return [unit]
        if unit.kind is Kind.VIDEO:
            if unit.capture_us > self._durable_us:
                self._is_open = True
                held, self._held = self._held, []
                return [*held, unit]
            if unit.is_key:
                self._held.clear()  # what it follows is in the other file
        self._held.append(unit)
        return []
