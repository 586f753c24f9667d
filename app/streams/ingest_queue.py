"""The source since its last key frame, and what of it is not in the log yet; no I/O, no clock.

Video wakes the writer at once; audio waits for the next video unit, or ``AUDIO_WAIT_S``, so that
both share an entry. While Redis is away or does not keep up, the newest group of pictures is kept:
with it the log goes on as soon as Redis is back, without a new key frame.
"""

from __future__ import annotations

import collections

from media.access_unit import AccessUnit, Flags, Kind

MAX_UNITS = 1200
"""A group of 8 s at 60 fps, and 20 ms of sound each 20 ms."""

MAX_BYTES = 16 * 1024 * 1024
"""8 s at 16 Mbit/s; a group that is larger than this is given up."""

MAX_BATCH = 64
MAX_BATCH_BYTES = 8 * 1024 * 1024
"""Units of one entry, and their bytes, but for one that is larger: a batch has its limits."""

# The time of one usual Opus packet.
AUDIO_WAIT_S = 0.02


class IngestQueue:
    """Units are numbered from 0 as they come. ``dropped`` counts those never written, by reason."""

    def __init__(self) -> None:
        self._units: collections.deque[AccessUnit] = collections.deque()
        self._bytes = 0
        self._first = 0
        "Number of the oldest unit kept."
        self._next = 0
        "Number of the first unit that is not in the log."
        self._key: int | None = None
        "Number of the last video key frame, while all after it is kept."
        self._needs_key = False
        self._is_stuck = False
        "The last attempt to write failed."
        self.dropped: collections.Counter[str] = collections.Counter()

    def __len__(self) -> int:
        """Returns the number of units that wait for the log."""
        return self._end - self._next

    @property
    def _end(self) -> int:
        return self._first + len(self._units)

    def push(self, unit: AccessUnit) -> bool:
        """Takes one unit; True if a key frame must be asked for."""
        lost = False
        if len(self._units) >= MAX_UNITS or self._bytes >= MAX_BYTES:
            self.lose("backlog")
            lost = True
        if unit.kind is Kind.VIDEO and self._needs_key:
            if not unit.is_key:
                self.dropped["no_key"] += 1
                return True
            self._needs_key = False
        if starts_source(unit):
            self._key = self._end
            # Readers begin at a key frame, so while nothing can be written an older group is of no
            # use.
            if self._is_stuck:
                self._skip_to(self._key, "stuck")
        self._units.append(unit)
        self._bytes += len(unit.payload)
        self._trim()
        return lost

    def pop(self) -> list[AccessUnit]:
        """Takes up to ``MAX_BATCH`` units in order, none if none waits. They count as written."""
        self._is_stuck = False
        begin = self._next - self._first
        found: list[AccessUnit] = []
        left_bytes = MAX_BATCH_BYTES
        for index in range(begin, min(begin + MAX_BATCH, len(self._units))):
            left_bytes -= len(self._units[index].payload)
            # A unit that is larger than the bound leaves alone.
            if found and left_bytes < 0:
                break
            found.append(self._units[index])
        self._next += len(found)
        self._trim()
        return found

    def put_back(self, units: list[AccessUnit]) -> None:
        """Takes back what was popped last and could not be written, its newest group at least."""
        # What belongs to the last group was not trimmed when it was popped, and is still here.
        kept = min(len(units), self._next - self._first)
        for unit in reversed(units[: len(units) - kept]):  # trimmed when they were popped
            self._units.appendleft(unit)
            self._bytes += len(unit.payload)
        self._first -= len(units) - kept
        self._next -= len(units)
        self._is_stuck = True
        if self._key is not None:
            self._skip_to(self._key, "stuck")

    def rewind(self) -> bool:
        """Lets the last group be written again, to an empty log. False: a key frame is needed."""
        if self._key is None:
            self.lose("record_lost")
            return False
        # The last group was kept although it was written, for this and for followers that join.
        self._next = self._key
        return True

    def lose(self, reason: str, *, also: int = 0) -> None:
        """Drops what waits (and counts ``also`` more); video goes on at the next key frame."""
        self.dropped[reason] += len(self) + also
        # Numbers go on, so that no dropped unit is mistaken for one that comes.
        self._first = self._next = self._end
        self._units.clear()
        self._bytes = 0
        self._key = None
        self._needs_key = True

    def group(self) -> list[AccessUnit]:
        """Returns the last key frame and all after it, sound too; empty if that is not kept."""
        if self._key is None:
            return []
        begin = self._key - self._first
        return [self._units[index] for index in range(begin, len(self._units))]

    def _skip_to(self, number: int, reason: str) -> None:
        if self._next < number:
            self.dropped[reason] += number - self._next
            self._next = number
        self._trim()

    def _trim(self) -> None:
        # What waits for the log is kept, and the last group for whoever begins with it.
        keep_from = self._next if self._key is None else min(self._next, self._key)
        while self._first < keep_from:
            self._bytes -= len(self._units.popleft().payload)
            self._first += 1


def wakes_writer(unit: AccessUnit) -> bool:
    """True for video; audio may wait for it."""
    return unit.kind is Kind.VIDEO


def starts_source(unit: AccessUnit) -> bool:
    """True for the unit that makes a stream live: a video key frame."""
    return unit.kind is Kind.VIDEO and bool(unit.flags & Flags.KEY)
