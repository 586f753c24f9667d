"""Units waiting for the log: bounded, with a drop rule, without I/O or clocks.

Video wakes the writer at once; audio waits for the next video unit, or ``AUDIO_WAIT_S``, so that
both share an entry. When Redis does not keep up, video is dropped up to the next key frame.
"""

from __future__ import annotations

import collections

from wire.batch import AccessUnit, Flags, Kind

MAX_UNITS = 240
MAX_BYTES = 16 * 2**20
"""What may wait at most, in units and in bytes of payload."""

MAX_BATCH = 64
AUDIO_WAIT_S = 0.02


class Backlog:
    """What a publication has not written yet. ``dropped`` counts units, by reason."""

    def __init__(self) -> None:
        self._units: collections.deque[AccessUnit] = collections.deque()
        self._bytes = 0
        self._needs_key = False
        self.dropped: collections.Counter[str] = collections.Counter()

    def __len__(self) -> int:
        return len(self._units)

    def push(self, unit: AccessUnit) -> bool:
        """Takes one unit; True if a key frame must be asked for."""
        lost = False
        if len(self._units) >= MAX_UNITS or self._bytes + len(unit.payload) > MAX_BYTES:
            self.lose("backlog")
            lost = True
        if unit.kind is Kind.VIDEO and self._needs_key:
            if not unit.is_key:
                self.dropped["no_key"] += 1
                return True
            self._needs_key = False
        self._units.append(unit)
        self._bytes += len(unit.payload)
        return lost

    def lose(self, reason: str, *, also: int = 0) -> None:
        """Drops what waits (and counts ``also`` more); video goes on at the next key frame."""
        self.dropped[reason] += len(self._units) + also
        self._units.clear()
        self._bytes = 0
        self._needs_key = True

    def pop(self) -> list[AccessUnit]:
        """Up to ``MAX_BATCH`` units in order; empty if none waits."""
        units = [self._units.popleft() for _ in range(min(MAX_BATCH, len(self._units)))]
        self._bytes -= sum(len(unit.payload) for unit in units)
        return units


def wakes_writer(unit: AccessUnit) -> bool:
    """True for video; audio may wait for it."""
    return unit.kind is Kind.VIDEO


def starts_source(unit: AccessUnit) -> bool:
    """True for the unit that makes a stream live: a video key frame."""
    return unit.kind is Kind.VIDEO and bool(unit.flags & Flags.KEY)
