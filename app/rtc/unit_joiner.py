"""Joins access units of senders that also set markers within a unit.

RFC 6184 section 5.1 puts the marker on the last packet of an access unit. Some senders put one on
each NAL unit, or send parameter sets with a marker, even with a time stamp, of their own. Waiting
for the next time stamp always would cost every stream a frame's time, so units wait only while
markers were seen not to end pictures.
"""

from __future__ import annotations

import dataclasses
import enum

from app.rtc.assembler import CodedUnit
from app.rtc.fragment import Head
from app.rtc.h264_stream import MAX_PREFIX_BYTES
from wire.limits import MAX_NALS, MAX_UNIT_BYTES

HOLD_S = 0.1
"""A held unit leaves after this long without another part of it: the sender paused."""

PROVE = 2
"""Pictures in a row that ended at their first marker, after which markers are believed."""

PROVE_AGAIN = 8
"""By how much that grows each time they were believed wrongly."""


class Markers(enum.Enum):
    """Trust in the sender's markers."""

    DOUBTED = "doubted"
    "A unit is held until the next time stamp."
    BELIEVED = "believed"
    "A unit leaves at its marker."


class UnitJoiner:
    """Joins what has one time stamp, and parts without a slice to the picture behind them.

    No I/O; times are arguments, in seconds.
    """

    def __init__(self) -> None:
        self.markers = Markers.DOUBTED
        self._prefix: CodedUnit | None = None
        "Without a slice: it belongs to the picture that comes next."
        self._held: CodedUnit | None = None
        self._parts = 0
        "With a slice, in the held unit."
        self._singles = 0
        self._prove = PROVE
        self._left_pts: int | None = None
        "Of the last unit that left."
        self._left_at = 0.0
        self._lost = False
        self.torn = 0
        "Parts that came after their unit had left, or that made it too large."

    def add(
        self, part: CodedUnit, *, has_slice: bool, now: float, begins: bool = False
    ) -> list[CodedUnit]:
        """Returns the units that are complete now. ``begins``: the part begins a picture, also
        where its time is that of the one before (VP8's hidden frames).
        """
        if not has_slice:
            self._prefix = self._joined(self._prefix, part, limit=MAX_PREFIX_BYTES)
            return []
        out: list[CodedUnit] = []
        if self._held is not None:
            if part.pts == self._held.pts and not begins:
                self._extend(part)
                self._left_at = now
                return []
            out += self._leave()
        elif part.pts == self._left_pts and not begins:
            self._tear()
            return []
        self._held, self._parts = self._joined(self._prefix, part), 1
        self._prefix, self._left_at = None, now
        if self.markers is Markers.BELIEVED:
            out += self._leave()
        return out

    def on_time(self, *, now: float) -> list[CodedUnit]:
        """Returns the held unit if its time has come; called at ``next_deadline``."""
        deadline = self.next_deadline()
        return self._leave() if deadline is not None and now >= deadline else []

    def next_deadline(self) -> float | None:
        """Returns the time at which the held unit leaves by itself, None while none is held."""
        return None if self._held is None else self._left_at + HOLD_S

    def _extend(self, part: CodedUnit) -> None:
        """One more part of the held picture, with what came between."""
        self._held = self._joined(self._joined(self._held, self._prefix), part)
        self._prefix = None
        self._parts += 1

    def _leave(self) -> list[CodedUnit]:
        unit, self._held = self._held, None
        if unit is None:
            return []
        self._left_pts = unit.pts
        if self.markers is Markers.DOUBTED:
            self._singles = self._singles + 1 if self._parts == 1 else 0
            if self._singles >= self._prove:
                self.markers = Markers.BELIEVED
        if self._lost:
            self._lost = False
            unit = dataclasses.replace(unit, discontinuity=True)
        return [unit]

    def _tear(self) -> None:
        """Drops a part of a unit that left already: the sender's markers do not end pictures."""
        if self.markers is Markers.BELIEVED:
            self.markers = Markers.DOUBTED
            self._prove *= PROVE_AGAIN
        self._singles = 0
        self._prefix = None
        self.torn += 1
        self._lost = True

    def _joined(
        self, first: CodedUnit | None, second: CodedUnit | None, *, limit: int = MAX_UNIT_BYTES
    ) -> CodedUnit | None:
        """Returns both as one unit with the time of the second. If that were over ``limit`` bytes,
        it returns the second alone and notes a loss.
        """
        if first is None or second is None:
            return first or second
        if len(first.data) + len(second.data) > limit or self._parts > MAX_NALS:
            self.torn += 1
            self._lost = True
            return second
        cuts = [*first.cuts, *(len(first.data) + cut for cut in second.cuts)]
        if second.head in (Head.FRAME, Head.KEY):
            cuts.append(len(first.data))
        return dataclasses.replace(
            first,
            pts=second.pts,
            data=first.data + second.data,
            last_arrival_us=max(first.last_arrival_us, second.last_arrival_us),
            discontinuity=first.discontinuity or second.discontinuity,
            cuts=tuple(sorted(cuts)),
        )
