"""Rates and latencies over the last seconds, without a clock of their own."""

from __future__ import annotations

import collections
import dataclasses

from media.access_unit import AccessUnit, Checkpoint

WINDOW_S = 3.0
SAMPLES = 300
"""Latency samples kept per rendition; ten seconds at 30 fps."""

STAGE_NAMES = {
    Checkpoint.LOGGED: "ingest",
    Checkpoint.FETCHED: "queue",
    Checkpoint.DECODED: "decode",
    Checkpoint.ENHANCED: "enhance",
    Checkpoint.ENCODED: "encode",
    Checkpoint.PUBLISHED: "publish",
    Checkpoint.DELIVERED: "deliver",
}
"""A stage's latency is named for what was done since the stamp before it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Delivered:
    """A video unit of a live log that this node has just read for its viewers."""

    stream: str
    rendition: str
    epoch: int
    "The publisher's epoch."
    unit: AccessUnit
    "The unit, with the stamp ``DELIVERED``."


def stage_latencies(unit: AccessUnit) -> dict[str, int]:
    """Returns the microseconds of each stage that the unit passed, in the order of travel."""
    found, before = {}, None
    for checkpoint, at_us in sorted(unit.stamps):
        if before is not None and checkpoint in STAGE_NAMES:
            found[STAGE_NAMES[checkpoint]] = at_us - before
        before = at_us
    return found


class RateMeter:
    """Units and bytes per second over ``WINDOW_S``."""

    def __init__(self) -> None:
        self._units: collections.deque[tuple[float, int]] = collections.deque()
        self._started: float | None = None

    def add(self, size: int, *, now: float) -> None:
        """Counts one unit of ``size`` bytes."""
        if self._started is None:
            self._started = now
        self._units.append((now, size))
        self._forget(now)

    def _forget(self, now: float) -> None:
        while self._units and now - self._units[0][0] > WINDOW_S:
            self._units.popleft()

    def _span(self, now: float) -> float:
        self._forget(now)
        return min(WINDOW_S, now - self._started) if self._started is not None else 0.0

    def fps(self, *, now: float) -> float:
        """Returns units per second; 0 in the first half second."""
        # The rate of some units in a moment says nothing, so a meter needs half a second.
        span = self._span(now)
        return len(self._units) / span if span >= 0.5 else 0.0

    def kbps(self, *, now: float) -> float:
        """Kilobits per second; 0 in the first half second."""
        span = self._span(now)
        return sum(size for _, size in self._units) * 8 / 1000 / span if span >= 0.5 else 0.0


@dataclasses.dataclass(frozen=True, slots=True)
class Percentiles:
    """Percentiles in milliseconds."""

    p50: float
    p95: float


def percentiles(values_us: list[int]) -> Percentiles:
    """Returns the percentiles of a non-empty list of microseconds, by the nearest rank."""
    ordered = sorted(values_us)
    # The nearest rank is a value that was measured, and no mean of two.
    last = len(ordered) - 1
    return Percentiles(
        p50=round(ordered[round(last * 0.50)] / 1000, 2),
        p95=round(ordered[round(last * 0.95)] / 1000, 2),
    )


class LatencyMeter:
    """Latency that the server added to the last ``SAMPLES`` units, in all and by checkpoint."""

    def __init__(self) -> None:
        self._stamps: collections.deque[dict[Checkpoint, int]] = collections.deque(maxlen=SAMPLES)

    def add(self, unit: AccessUnit) -> int | None:
        """Takes a unit's stamps; returns its whole latency in microseconds, None if it has none."""
        stamps = dict(unit.stamps)
        if Checkpoint.ARRIVED not in stamps or Checkpoint.DELIVERED not in stamps:
            return None
        self._stamps.append(stamps)
        return stamps[Checkpoint.DELIVERED] - stamps[Checkpoint.ARRIVED]

    def __len__(self) -> int:
        return len(self._stamps)

    def total(self) -> Percentiles | None:
        """Returns the latency from arrival to delivery, None without samples."""
        if not self._stamps:
            return None
        return percentiles([s[Checkpoint.DELIVERED] - s[Checkpoint.ARRIVED] for s in self._stamps])

    def stages(self) -> list[tuple[str, Percentiles]]:
        """Returns (name, percentiles) in the order of travel, of stages that any unit passed."""
        found = []
        for stage, name in STAGE_NAMES.items():
            values = [
                stamps[stage] - before
                for stamps in self._stamps
                if stage in stamps and (before := _stamp_before(stamps, stage)) is not None
            ]
            if values:
                found.append((name, percentiles(values)))
        return found


def _stamp_before(stamps: dict[Checkpoint, int], stage: Checkpoint) -> int | None:
    # A unit may have passed over stages: one that is copied is never decoded.
    earlier = [other for other in stamps if other < stage]
    return stamps[max(earlier)] if earlier else None
