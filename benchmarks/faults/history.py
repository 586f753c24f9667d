"""The history of one viewer, and the check of it; no I/O, no clock.

A frame counts as shown if it lasts: the next one's RTP time is at least a millisecond later.
Frames that a decoder needs to catch up have times that are closer; no display shows them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

TICKS_PER_S = 90_000
# A change of rendition sends frames a tenth of a millisecond apart that a decoder needs and no
# display shows (DECISIONS.md, 39).
MIN_SHOWN_TICKS = TICKS_PER_S // 1000

ANEW = 15
"""Numbers that fall by more have begun anew; what is shown twice or out of order falls by less."""

PAUSE_S = 0.5
"""A stream was not there while no frame came for longer than this, in seconds."""


@dataclasses.dataclass(frozen=True, slots=True)
class Seen:
    """One frame that a viewer decoded."""

    at_s: float
    "Time at which the viewer had it, in seconds of the machine's monotonic clock."
    rtp: int
    "Its RTP time, 32 bits."
    number: int | None
    "Number of the source's picture, where that can be read."
    height: int
    connection: int = 0
    "Counts the viewer's connections."
    epoch: int = 0
    "Epoch of the writer of the enhanced rendition; 0: not known, or the source."


@dataclasses.dataclass(frozen=True, slots=True)
class HistoryCheck:
    """The faults of one history, counted."""

    shown: int
    twice: int
    "Pictures that were shown more than once."
    out_of_order: int
    "Frames shown after a later picture, or with an earlier time."
    lost: int
    "Pictures between the first and the last shown that never were."
    stale: int
    "Frames of an older epoch than one before them."

    @property
    def is_sound(self) -> bool:
        """True if every picture was shown at most once, in order, from the newest epoch."""
        return not (self.twice or self.out_of_order or self.stale)


def shown(frames: Sequence[Seen]) -> list[Seen]:
    """Returns the frames that last, the newest one included."""
    found = []
    for index, frame in enumerate(frames):
        after = frames[index + 1] if index + 1 < len(frames) else None
        if after is None or after.connection != frame.connection:
            found.append(frame)
            continue
        step = _step(frame.rtp, after.rtp)
        if step >= MIN_SHOWN_TICKS or step <= 0:
            found.append(frame)
    return found


def check(frames: Iterable[Seen], *, is_over: bool = True) -> HistoryCheck:
    """Judges one publisher's pictures: numbers count from its beginning and never start anew.

    Where the history is not over, nobody knows yet whether its newest frame is to last.
    """
    kept = shown(list(frames))
    if kept and not is_over:
        kept.pop()
    numbers: list[int] = []
    out_of_order = stale = 0
    epoch = 0
    for before, frame in zip([None, *kept], kept, strict=False):
        stale += 0 < frame.epoch < epoch
        epoch = max(epoch, frame.epoch)
        is_back = frame.number is not None and bool(numbers) and frame.number < max(numbers)
        # Each connection has RTP times of its own; picture numbers go on across connections.
        if before is not None and before.connection == frame.connection:
            is_back = is_back or _step(before.rtp, frame.rtp) <= 0
        out_of_order += is_back
        if frame.number is not None:
            numbers.append(frame.number)
    distinct = set(numbers)
    lost = max(distinct) - min(distinct) + 1 - len(distinct) if distinct else 0
    return HistoryCheck(len(kept), len(numbers) - len(distinct), out_of_order, lost, stale)


def split_anew(frames: Sequence[Seen], *, begin_s: float) -> list[list[Seen]]:
    """Splits the frames where a second publisher's numbers begin anew, after ``begin_s``; returns
    one list where they do not.
    """
    newest = -1
    for index, frame in enumerate(frames):
        if frame.number is None:
            continue
        if frame.at_s >= begin_s and frame.number < newest - ANEW:
            return [list(frames[:index]), list(frames[index:])]
        newest = max(newest, frame.number)
    return [list(frames)]


def longest_freeze_s(frames: Sequence[Seen], *, begin_s: float, end_s: float) -> float:
    """Returns the longest time within the span in which no new picture was shown."""
    times = [frame.at_s for frame in shown(frames)]
    within = [at for at in times if begin_s < at < end_s]
    first = max((at for at in times if at <= begin_s), default=begin_s)
    points = [first, *within, end_s]
    return max(b - a for a, b in zip(points, points[1:], strict=False))


def enhanced_again_s(frames: Sequence[Seen], *, begin_s: float, height: int) -> float | None:
    """Returns the time from ``begin_s`` to the end of the last disturbance: frames of another
    height than ``height``, or half a second without a frame. 0.0: there was none; None: it did not
    end.
    """
    kept = shown(frames)
    before = [frame for frame in kept if frame.at_s < begin_s]
    after = [frame for frame in kept if frame.at_s >= begin_s]
    last_at = before[-1].at_s if before else begin_s
    again: float | None = 0.0
    for frame in after:
        is_late = frame.at_s - last_at > PAUSE_S
        last_at = frame.at_s
        if frame.height != height:
            again = None
        elif again is None or is_late:
            again = frame.at_s - begin_s
    return again if after else None


def _step(before: int, after: int) -> int:
    """Returns the signed difference from one RTP time to another."""
    # RTP times have 32 bits and wrap around every 13 hours at 90 kHz, from a random start.
    return (after - before + 2**31) % 2**32 - 2**31
