"""What the rungs of one stream cost at its present size, as measured."""

from __future__ import annotations

from workers.plan.ladder import Offer, Rung

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


class Costs:
    """Seconds a frame takes, by rung: of the engine, and beside it (chroma, motion, padding)."""

    def __init__(self) -> None:
        self._engine = {rung: Estimate() for rung in (Rung.SMALLER, Rung.FULL)}
        self._reuse = Estimate()
        self._beside = {rung: Estimate() for rung in (Rung.SMALLER, Rung.REUSE, Rung.FULL)}

    def expect(self, rung: Rung, seconds: float) -> None:
        """What a net rung is expected to take of the engine; for REUSE without any region."""
        (self._reuse if rung is Rung.REUSE else self._engine[rung]).expect(seconds)

    def doubt(self, rung: Rung) -> None:
        """SMALLER or FULL was not run for long."""
        self._engine[rung].doubt()

    def took(self, rung: Rung, seconds: float, *, macs_share: float, engine_s: float) -> None:
        """What a frame took, without waiting; ``macs_share`` of the full net's multiply-adds."""
        self._beside[rung].add(max(0.0, seconds - engine_s))
        if rung is Rung.REUSE:
            full_s = self._engine[Rung.FULL].mean or 0.0
            self._reuse.add(max(0.0, engine_s - macs_share * full_s))
        else:
            self._engine[rung].add(engine_s)

    def usual_ms(self, rung: Rung) -> float | None:
        """What SMALLER or FULL takes of the engine; None while nothing is known."""
        mean = self._engine[rung].mean
        return None if mean is None else 1000.0 * mean

    def offer(self, rung: Rung, *, want_share: float = 1.0) -> Offer:
        """The price of a net rung; what is not known costs nothing, so that it is tried."""
        beside_s = self._beside[rung].cautious
        if rung is not Rung.REUSE:
            engine = self._engine[rung]
            mean_ms = 1000.0 * (engine.mean or 0.0)
            return Offer(rung, mean_ms, engine.cautious + beside_s)
        full_s = self._engine[Rung.FULL].mean or 0.0
        fixed_ms = 1000.0 * (self._reuse.mean or 0.0)
        wanted_ms = 1000.0 * want_share * full_s
        return Offer(rung, fixed_ms + wanted_ms, self._reuse.cautious + beside_s, fixed_ms)
