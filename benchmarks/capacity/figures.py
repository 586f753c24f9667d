"""Figures from the times of frames, in and out, and from the worker's counters."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np

from wire.heartbeat import StreamWork

__all__ = ["FrameTimes", "Served", "Timing", "served", "timing", "unaccounted"]


@dataclasses.dataclass(frozen=True, slots=True)
class FrameTimes:
    """One frame of one stream, in ms on the Redis server's clock."""

    arrived: float
    came_out: float | None
    "Time at which it was appended to the enhanced log; None: it never was."


@dataclasses.dataclass(frozen=True, slots=True)
class Timing:
    """All streams of a run together."""

    frames: int
    out: int
    p50_ms: float
    "Median of the age at output: from arrival to the enhanced log."
    p95_ms: float
    p99_ms: float
    worst_gap_ms: float
    "Longest time between two frames of one stream that came out one after the other."

    @property
    def out_fraction(self) -> float:
        """Frames out / frames in, 0..1."""
        return self.out / self.frames if self.frames else 0.0


def timing(streams: Sequence[Sequence[FrameTimes]], begin: float, end: float) -> Timing:
    """Returns the timing of the frames that arrived within [begin, end)."""
    chosen = [[frame for frame in one if begin <= frame.arrived < end] for one in streams]
    frames = [frame for one in chosen for frame in one]
    ages = [frame.came_out - frame.arrived for frame in frames if frame.came_out is not None]
    # Infinite where nothing came out, so that no target of lateness is met by doing nothing.
    p50, p95, p99 = np.percentile(ages, (50, 95, 99)) if ages else (float("inf"),) * 3
    return Timing(
        frames=len(frames),
        out=len(ages),
        p50_ms=float(p50),
        p95_ms=float(p95),
        p99_ms=float(p99),
        worst_gap_ms=max((_worst_gap(one, begin, end) for one in chosen), default=end - begin),
    )


def _worst_gap(frames: Sequence[FrameTimes], begin: float, end: float) -> float:
    """Silence at the beginning and at the end counts too."""
    out = sorted(frame.came_out for frame in frames if frame.came_out is not None)
    # The span begins and ends with a mark of its own: a stream that stops in the middle has no
    # later frame that would show its gap.
    marks = [begin, *out]
    if marks[-1] < end:
        marks.append(end)
    return max(after - before for before, after in zip(marks, marks[1:], strict=False))


@dataclasses.dataclass(frozen=True, slots=True)
class Served:
    """Frames by quality level, as the worker counted them, all streams of a run together."""

    frames: int
    full: int = 0
    temporal: int = 0
    smaller: int = 0
    bicubic: int = 0
    copied: int = 0
    dropped: int = 0
    temporal_wanted: float = 0.0
    "Work that frames on propagation wanted of the net, in whole pictures."
    temporal_done: float = 0.0

    @property
    def granted(self) -> float:
        """Refreshed part of what propagation wanted refreshed, 0..1; 1 where it wanted nothing."""
        return self.temporal_done / self.temporal_wanted if self.temporal_wanted > 0 else 1.0

    @property
    def net_fraction(self) -> float:
        """Frames by the chosen net, 0..1; those that propagation made count as far as it got what
        it wanted.
        """
        return (self.full + self.granted * self.temporal) / self.frames if self.frames else 0.0

    def fraction(self, number: int) -> float:
        """Returns a number over that of all frames, 0..1."""
        return number / self.frames if self.frames else 0.0


def served(before: Iterable[StreamWork], after: Iterable[StreamWork]) -> Served:
    """Returns the counts between two heartbeats, without renditions in one of them alone."""
    first = {(work.stream, work.rendition): work for work in before}
    total = Served(0)
    for work in after:
        if known := first.get((work.stream, work.rendition)):
            total = _sum(total, _difference(known, work))
    return total


def unaccounted(sent: int, read: int, works: Iterable[StreamWork]) -> int:
    """Frames of which nobody knows where they are once all is quiet: what was sent but did not go
    in, went in but neither out nor into a count of drops, went out but could not be read.
    """
    known = list(works)
    went_in = sum(work.frames_in for work in known)
    out = sum(work.frames_out for work in known)
    dropped = sum(sum(work.dropped.values()) for work in known)
    return abs(sent - went_in) + abs(went_in - out - dropped) + abs(out - read)


def _difference(before: StreamWork, after: StreamWork) -> Served:
    def level(name: str) -> int:
        return sum(after.levels.get(name, {}).values()) - sum(before.levels.get(name, {}).values())

    return Served(
        frames=after.frames_in - before.frames_in,
        full=level("full"),
        temporal=level("temporal"),
        smaller=level("small"),
        bicubic=level("bicubic"),
        copied=after.bypassed - before.bypassed,
        dropped=sum(after.dropped.values()) - sum(before.dropped.values()),
        temporal_wanted=after.temporal_wanted - before.temporal_wanted,
        temporal_done=after.temporal_done - before.temporal_done,
    )


def _sum(one: Served, other: Served) -> Served:
    pairs = zip(dataclasses.astuple(one), dataclasses.astuple(other), strict=True)
    return Served(*(a + b for a, b in pairs))
