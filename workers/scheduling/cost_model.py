"""What the rungs of one stream cost at its present size, as measured."""

from __future__ import annotations

import dataclasses

from workers.scheduling.degradation import Option, QualityLevel
from workers.scheduling.resource_budget import ResourceBudget

_WEIGHT = 0.1
_TRUSTED = 8
_EXPECTED = 3
_OUTLIER = 4.0
_CAUTION = 1.0


class Estimate:
    """A smoothed mean and mean deviation, as TCP keeps them of its round trips (Jacobson 1988,
    section 2), which start as plain averages. Once there are some measurements, one that is more
    than four times the mean counts as four times: a machine that slept says nothing.
    """

    def __init__(self) -> None:
        self._mean: float | None = None
        self._deviation = 0.0
        self._count = 0

    @property
    def mean(self) -> float | None:
        """None while nothing is known."""
        return self._mean

    @property
    def cautious(self) -> float:
        """What is rarely exceeded; 0 while nothing is known."""
        return (self._mean or 0.0) + _CAUTION * self._deviation

    def expect(self, value: float) -> None:
        """What to go by at first: it counts as three measurements. No effect after one."""
        if not self._count:
            self._mean, self._count = value, _EXPECTED

    def doubt(self) -> None:
        """What is known is old: the next measurement counts as much as all before it."""
        self._count = min(self._count, 1)

    def add(self, value: float) -> None:
        """One measurement."""
        self._count += 1
        if self._mean is None:
            self._mean = value
            return
        if self._count > _TRUSTED:
            value = min(value, _OUTLIER * self._mean)
        weight = max(_WEIGHT, 1.0 / self._count)
        self._deviation += weight * (abs(value - self._mean) - self._deviation)
        self._mean += weight * (value - self._mean)


@dataclasses.dataclass(frozen=True, slots=True)
class FrameCost:
    """What one frame took, in seconds."""

    passed_s: float
    "From its choice to the enlarged picture, waiting for the engine not counted."
    engine_s: float
    "Of the engine, as it would be if nobody else had work for the cores."
    turn_s: float
    "For how long it had the engine."
    beside_s: float
    "Of one core, beside the engine: planning, chroma, padding."
    planned_s: float = 0.0
    "Before its choice, to find out what may be reused."


class CostModel:
    """What frames take, by rung: of the engine, of the cores beside it, and of time."""

    def __init__(self) -> None:
        self._engine = {rung: Estimate() for rung in (QualityLevel.SMALL, QualityLevel.FULL)}
        self._reuse = Estimate()
        rungs = (QualityLevel.SMALL, QualityLevel.TEMPORAL, QualityLevel.FULL)
        self._beside = {rung: Estimate() for rung in rungs}
        self._passes = {rung: Estimate() for rung in rungs}
        "Beside the engine's turns."
        self._planning = Estimate()
        self._turn = Estimate()
        self._worked = Estimate()

    def expect(self, rung: QualityLevel, seconds: float) -> None:
        """What a net rung is expected to take of the engine; for REUSE without any region."""
        (self._reuse if rung is QualityLevel.TEMPORAL else self._engine[rung]).expect(seconds)

    def doubt(self, rung: QualityLevel) -> None:
        """SMALLER or FULL was not run for long."""
        self._engine[rung].doubt()

    def took(self, rung: QualityLevel, took: FrameCost, *, macs_share: float) -> None:
        """``macs_share``: of the full net's multiply-adds."""
        self._beside[rung].add(took.beside_s)
        self._passes[rung].add(max(0.0, took.passed_s - took.turn_s))
        if took.planned_s > 0.0:
            self._planning.add(took.planned_s)
        if took.engine_s > 0.0:
            self._turn.add(took.turn_s)
            self._worked.add(took.engine_s)
        if rung is QualityLevel.TEMPORAL:
            full_s = self._engine[QualityLevel.FULL].mean or 0.0
            self._reuse.add(max(0.0, took.engine_s - macs_share * full_s))
        else:
            self._engine[rung].add(took.engine_s)

    def usual_ms(self, rung: QualityLevel) -> float | None:
        """What SMALLER or FULL takes of the engine; None while nothing is known."""
        mean = self._engine[rung].mean
        return None if mean is None else 1000.0 * mean

    def offer(self, rung: QualityLevel, room: ResourceBudget, *, want_share: float = 1.0) -> Option:
        """The price of a net rung; what is not known costs nothing, so that it is tried."""
        engine = self._reuse if rung is QualityLevel.TEMPORAL else self._engine[rung]
        engine_s = engine.mean or 0.0
        fixed_ms = room.price_ms(1000.0 * engine_s, 1000.0 * (self._beside[rung].mean or 0.0))
        seconds = self.pace * engine.cautious + self._passes[rung].cautious
        turn_s = self.pace * engine_s
        if rung is not QualityLevel.TEMPORAL:
            return Option(rung, fixed_ms, seconds, turn_s=turn_s)
        full_s = self._engine[QualityLevel.FULL].mean or 0.0
        wanted_ms = want_share * room.price_ms(1000.0 * full_s, 0.0)
        return Option(
            rung, fixed_ms + wanted_ms, seconds, fixed_ms, turn_s, whole_s=self.pace * full_s
        )

    @property
    def planning_s(self) -> float:
        """How long it takes to find out what may be reused; 0 while nothing is known."""
        return self._planning.mean or 0.0

    @property
    def pace(self) -> float:
        """Seconds that the engine is taken for one second of its work: more than 1 where its
        threads have to wait for cores.
        """
        return max(1.0, (self._turn.mean or 0.0) / (self._worked.mean or 1.0))
