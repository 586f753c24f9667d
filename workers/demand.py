"""Which enhanced renditions are made, and what encoders take that only some viewers need."""

from __future__ import annotations

from wire import keys
from wire.streams import StreamRecord
from workers.pipeline import Pipeline


class Demand:
    """One lead's. ``unwatched``: the usual rendition is made even if nobody watches it."""

    def __init__(self, pipeline: Pipeline, *, unwatched: bool) -> None:
        self._pipeline = pipeline
        self._unwatched = unwatched
        self._coding = CodingTime()

    @property
    def ms_per_s(self) -> float:
        """What the encoders beside the usual one take of the cores."""
        return self._coding.ms_per_s

    def follow(
        self, record: StreamRecord, *, now_us: int, may_decode: bool, now: float
    ) -> frozenset[str]:
        """Tells the pipeline what is wanted at ``now_us`` of the server's clock, and answers it.

        A copied stream that must not be decoded can be had in its own codec only.
        """
        wanted = watched(record, now_us=now_us)
        if self._unwatched:
            wanted |= {keys.ENHANCED}
        if not may_decode:
            wanted &= {keys.ENHANCED, keys.ON_DEMAND.get(record.codec, keys.ENHANCED)}
        self._pipeline.want(wanted)
        self._coding.tell(sum(step.beside_s for step in self._pipeline.steps), now=now)
        return wanted


class CodingTime:
    """What the encoders that only some viewers need take of the cores. No clock."""

    def __init__(self) -> None:
        self._spent_s: float | None = None
        self._at = 0.0
        self.ms_per_s = 0.0

    def tell(self, spent_s: float, *, now: float) -> None:
        """What they took since the beginning; a few times a second."""
        if self._spent_s is not None and now > self._at:
            self.ms_per_s = 1000.0 * (spent_s - self._spent_s) / (now - self._at)
        self._spent_s, self._at = spent_s, now


def watched(record: StreamRecord, *, now_us: int) -> frozenset[str]:
    """The enhanced renditions that somebody watches."""
    return record.wanted(now_us=now_us) & frozenset(keys.ALL_ENHANCED)
