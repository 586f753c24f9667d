"""Joins access units of senders that also set markers within a unit.

RFC 6184 section 5.1 puts the marker on the last packet of an access unit. Some senders put one on
each NAL unit, or send parameter sets with a marker, even with a time stamp, of their own. Waiting
for the next time stamp always would cost every stream a frame's time, so units wait only while
markers were seen not to end pictures.
"""

from __future__ import annotations

import dataclasses
import enum

from app.rtp.jitter_buffer import CodedUnit
from media.fragment import PayloadStart
from media.limits import MAX_NALS, MAX_PREFIX_BYTES, MAX_UNIT_BYTES

HOLD_S = 0.1
"""A held unit leaves after this long without another part of it: the sender paused."""

PROVE = 2
"""Pictures in a row that ended at their first marker, after which markers are believed."""

PROVE_AGAIN = 8
"""Factor by which the proofs asked for grow each time the markers were believed wrongly."""


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
        "A unit without a slice, which belongs to the picture that comes next."
        self._held: list[CodedUnit] = []
        "Parts of one unit, in order; joined once, when it leaves, so that each is copied once."
        self._held_bytes = 0
        self._parts = 0
        "Parts with a slice in the held unit."
        self._singles = 0
        self._prove = PROVE
        self._left_pts: int | None = None
        "Time stamp of the last unit that left."
        self._left_at = 0.0
        self._lost = False
        self.torn = 0
        "Parts that came after their unit had left, or that made it too large."

    def add(
        self, part: CodedUnit, *, has_slice: bool, now: float, begins: bool = False
    ) -> list[CodedUnit]:
        """Returns the units that are complete now. ``begins``: the part begins a picture, also
        where its time is that of the one before (hidden frames).
        """
        if not has_slice:
            self._extend_prefix(part)
            return []
        out: list[CodedUnit] = []
        if self._held:
            # The marker in front of this part ended no picture, so the held unit goes on.
            if part.pts == self._held[-1].pts and not begins:
                self._extend(part)
                self._left_at = now
                return []
            out += self._leave()
        # Its unit has left at a marker that ended no picture. Passed on alone, the part would be a
        # picture of its own to every decoder.
        elif part.pts == self._left_pts and not begins:
            self._tear()
            return []
        self._extend(part)
        self._left_at = now
        if self.markers is Markers.BELIEVED:
            out += self._leave()
        return out

    def on_time(self, *, now: float) -> list[CodedUnit]:
        """Returns the held unit if its time has come; called at ``next_deadline``."""
        deadline = self.next_deadline()
        return self._leave() if deadline is not None and now >= deadline else []

    def next_deadline(self) -> float | None:
        """Returns the time at which the held unit leaves by itself, None while none is held."""
        return self._left_at + HOLD_S if self._held else None

    def _extend_prefix(self, part: CodedUnit) -> None:
        """Keeps one more part without a slice for the picture behind it."""
        before = self._prefix
        if before is not None and len(before.data) + len(part.data) > MAX_PREFIX_BYTES:
            self._lose()
            before = None
        self._prefix = part if before is None else _joined([before, part])

    def _extend(self, part: CodedUnit) -> None:
        """Holds one more part of the picture, or its first one, with what came before it."""
        for unit in (self._prefix, part):
            if unit is not None:
                self._hold(unit)
        self._prefix = None
        self._parts += 1

    def _hold(self, unit: CodedUnit) -> None:
        """Holds one more; what is held already is lost where both are too large or too many."""
        size = self._held_bytes + len(unit.data)
        if self._held and (size > MAX_UNIT_BYTES or self._parts > MAX_NALS):
            self._lose()
            # What is held is dropped and not the new part. Memory stays bounded, and the unit that
            # leaves tells of the loss.
            self._held, size = [], len(unit.data)
        self._held.append(unit)
        self._held_bytes = size

    def _lose(self) -> None:
        self.torn += 1
        self._lost = True

    def _leave(self) -> list[CodedUnit]:
        if not self._held:
            return []
        unit = _joined(self._held)
        parts, self._held, self._held_bytes, self._parts = self._parts, [], 0, 0
        self._left_pts = unit.pts
        if self.markers is Markers.DOUBTED:
            # Only pictures in a row prove it: a sender that marks each NAL unit sends some pictures
            # of one slice too.
            self._singles = self._singles + 1 if parts == 1 else 0
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
            # Each mistake cost a picture, so belief comes back ever later.
            self._prove *= PROVE_AGAIN
        self._singles = 0
        self._prefix = None
        self._lose()


def _joined(units: list[CodedUnit]) -> CodedUnit:
    """Returns several parts as one unit with the time of the last one."""
    first, *others = units
    if not others:
        return first
    cuts, at = [*first.cuts], len(first.data)
    for unit in others:
        if unit.head in (PayloadStart.FRAME, PayloadStart.KEY):
            cuts.append(at)
        cuts += (at + cut for cut in unit.cuts)
        at += len(unit.data)
    return dataclasses.replace(
        first,
        pts=units[-1].pts,
        data=b"".join(unit.data for unit in units),
        last_arrival_us=max(unit.last_arrival_us for unit in units),
        discontinuity=any(unit.discontinuity for unit in units),
        cuts=tuple(cuts),
    )
