"""Frames that came whole and in time, from the heads of packets alone; no I/O, no clock."""

from __future__ import annotations

import dataclasses

from benchmarks.edge.delays import percentile

IN_TIME_S = 0.4
"""A frame that is not whole so long after its first packet is lost: a browser goes on without."""

FIRST_NACK_S, NACK_AGAIN_S = 0.01, 0.05
"""A missing packet is asked for after a moment, as it may only be late, and again after a round
trip and some."""


@dataclasses.dataclass(slots=True)
class _Gap:
    began: float
    asked: float


class FrameCounter:
    """Takes the heads of one track's packets, retransmitted ones under their own numbers."""

    def __init__(self) -> None:
        self._marks: dict[int, tuple[int, float]] = {}
        "RTP time and arrival by sequence number, extended."
        self._ends: set[int] = set()
        "Sequence numbers of packets with a marker."
        self._newest: int | None = None
        self._gaps: dict[int, _Gap] = {}

    def take(self, sequence: int, timestamp: int, *, marker: bool, now: float) -> None:
        """Takes one packet."""
        number = sequence
        if self._newest is not None:
            step = (sequence - self._newest) & 0xFFFF
            number = self._newest + (step if step < 0x8000 else step - 0x10000)
            for missing in range(self._newest + 1, number):
                self._gaps[missing] = _Gap(now, now)
        self._newest = number if self._newest is None else max(self._newest, number)
        self._gaps.pop(number, None)
        self._marks.setdefault(number, (timestamp, now))
        if marker:
            self._ends.add(number)

    def missing(self, *, now: float) -> list[int]:
        """Returns the sequence numbers to ask for now."""
        found = []
        for number, gap in list(self._gaps.items()):
            if now - gap.began > IN_TIME_S:
                del self._gaps[number]
            elif now - gap.asked >= (FIRST_NACK_S if gap.asked == gap.began else NACK_AGAIN_S):
                gap.asked = now
                found.append(number & 0xFFFF)
        return found

    def whole_frames(self) -> list[float]:
        """Returns when each frame was whole, for those that were in time."""
        found: list[float] = []
        start: int | None = None
        for end in sorted(self._ends):
            if start is not None:
                at = self._whole(start, end)
                if at is not None:
                    found.append(at)
            start = end + 1
        return found

    def _whole(self, start: int, end: int) -> float | None:
        parts = [self._marks.get(number) for number in range(start, end + 1)]
        times = [part[1] for part in parts if part is not None]
        # A marker that never came joins two frames, of which neither counts.
        stamps = {part[0] for part in parts if part is not None}
        if len(times) < len(parts) or len(stamps) > 1:
            return None
        return max(times) if max(times) - min(times) <= IN_TIME_S else None

    def frames_sent(self) -> int:
        """Returns how many frames were sent, by the RTP times that came of them, whole or not."""
        return max(0, len({stamp for stamp, _ in self._marks.values()}) - 1)


def rate(times: list[float], seconds: float) -> dict[str, float]:
    """Returns frames a second and the longest pause between two, in s."""
    ordered = sorted(times)
    gaps = sorted(b - a for a, b in zip(ordered, ordered[1:], strict=False))
    return {"fps": len(ordered) / seconds, "longest_gap_s": percentile(gaps, 1.0)}
