"""One time line and one count for a stream, whichever connection brings it; no I/O, no clock."""

from __future__ import annotations

import dataclasses

from media.access_unit import AccessUnit, Flags, Kind

MIN_STEP_US = 1_000
"""Minimum time between the last unit of one connection and the first of the next."""


@dataclasses.dataclass(slots=True)
class _Line:
    """Time line of one kind of unit."""

    shift: int = 0
    sequence: int = 0
    last_pts: int = 0
    last_arrival_us: int = 0
    is_new: bool = True


class StreamTimeline:
    """Places each connection's media times behind those of the one before.

    The first unit of a connection stands as far behind the last one of its kind as it arrived
    later. Viewers and workers so see one stream with a pause.
    """

    def __init__(self) -> None:
        self._lines = {kind: _Line() for kind in Kind}

    def begin(self) -> None:
        """Notes that another connection's units follow."""
        for line in self._lines.values():
            line.is_new = True

    def place(self, unit: AccessUnit) -> AccessUnit:
        """Returns the unit with its place in the stream."""
        line = self._lines[unit.kind]
        flags = unit.flags
        # The first connection's times are the stream's. A later one is placed by the time that
        # passed between the arrivals, which both connections share; their RTP clocks have nothing
        # in common.
        if line.is_new and line.sequence:
            passed_us = max(MIN_STEP_US, unit.arrival_us - line.last_arrival_us)
            line.shift = line.last_pts + passed_us * unit.clock_rate // 1_000_000 - unit.pts
            if unit.kind is Kind.VIDEO:
                # Sound needs no such flag: every packet can be decoded alone.
                flags |= Flags.DISCONTINUITY
        line.is_new = False
        pts = unit.pts + line.shift
        # With B-frames the last unit is not the latest picture.
        line.last_pts = max(pts, line.last_pts) if line.sequence else pts
        line.last_arrival_us = unit.arrival_us
        sequence, line.sequence = line.sequence, line.sequence + 1
        if (pts, sequence, flags) == (unit.pts, unit.sequence, unit.flags):
            return unit
        return dataclasses.replace(unit, pts=pts, sequence=sequence & 0xFFFFFFFF, flags=flags)
