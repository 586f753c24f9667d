"""The choice of logs of a rendition to write, and the time that extra encoders take."""

from __future__ import annotations

from wire import keys
from wire.rendition_record import RenditionRecord
from workers.session.pipeline import Pipeline


class RenditionDemand:
    """Demand for one rendition's logs. ``unwatched``: the usual log is written even if nobody
    watches it.
    """

    def __init__(self, pipeline: Pipeline, *, unwatched: bool) -> None:
        self._pipeline = pipeline
        self._unwatched = unwatched
        self._coding = CodingTime()

    @property
    def ms_per_s(self) -> float:
        """Milliseconds of one core that the extra encoders take each second."""
        return self._coding.ms_per_s

    def follow(
        self,
        record: RenditionRecord,
        *,
        source_codec: str,
        now_us: int,
        may_decode: bool,
        now: float,
    ) -> frozenset[str]:
        """Tells the pipeline which logs to write at ``now_us`` of the server's clock, and returns
        their names.

        A copied stream that must not be decoded can be had in its own codec only.
        """
        wanted = record.watched_logs(now_us=now_us)
        if self._unwatched:
            wanted |= {record.name}
        # Without decoding, the usual log and the one in the source's codec can still be copied
        # into.
        if not may_decode:
            wanted &= {record.name, keys.variant(record.name, source_codec)}
        self._pipeline.want(wanted)
        self._coding.tell(sum(step.beside_s for step in self._pipeline.steps), now=now)
        return wanted


class CodingTime:
    """Meter of the time that the extra encoders take. No clock."""

    def __init__(self) -> None:
        self._spent_s: float | None = None
        self._at = 0.0
        self.ms_per_s = 0.0

    def tell(self, spent_s: float, *, now: float) -> None:
        """Takes the seconds that they used since the beginning; call it a few times a second."""
        # Two calls may fall into one tick of the clock, and a rate needs a time.
        if self._spent_s is not None and now > self._at:
            self.ms_per_s = 1000.0 * (spent_s - self._spent_s) / (now - self._at)
        self._spent_s, self._at = spent_s, now
