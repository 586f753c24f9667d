"""The cost model: what the methods of one stream cost at its present size, as measured."""

from __future__ import annotations

from workers.scheduling.decision import Usage
from workers.scheduling.option import Cost, MethodInfo, Option
from workers.scheduling.resource_budget import frame_cost

_WEIGHT = 0.1
"""Weight of a measurement in the smoothed mean: that of the last ten or so counts."""

_TRUSTED = 8
"""Measurements after which the mean is good enough to tell an outlier from it."""

_EXPECTED = 3
"""Measurements that a first value without a measurement counts as."""

_OUTLIER = 4.0
"""Multiple of the mean that a measurement counts as at most."""

_CAUTION = 1.0
"""Mean deviations above the mean that a time is expected to stay within."""


class Estimate:
    """A smoothed mean and mean deviation, as TCP keeps them of its round trips (Jacobson 1988,
    section 2); both start as plain averages. Once there are some measurements, one that is more
    than four times the mean counts as four times: a machine that slept says nothing.
    """

    def __init__(self) -> None:
        self._mean: float | None = None
        self._deviation = 0.0
        self._count = 0

    @property
    def mean(self) -> float | None:
        """The smoothed mean; None while nothing is known."""
        return self._mean

    @property
    def cautious(self) -> float:
        """Mean plus deviation, which is rarely exceeded; 0 while nothing is known."""
        return (self._mean or 0.0) + _CAUTION * self._deviation

    def expect(self, value: float) -> None:
        """Sets a first value, which counts as three measurements. No effect after a measurement."""
        if not self._count:
            self._mean, self._count = value, _EXPECTED

    def doubt(self) -> None:
        """Makes the next measurement count as much as all before it, since those are old."""
        self._count = min(self._count, 1)

    def add(self, value: float) -> None:
        """Takes a measurement."""
        self._count += 1
        if self._mean is None:
            self._mean = value
            return
        if self._count > _TRUSTED:
            value = min(value, _OUTLIER * self._mean)
        # A plain average until there are ten, so that the first one does not count for ever. The
        # deviation is taken from the old mean, else an outlier would hide a part of itself.
        weight = max(_WEIGHT, 1.0 / self._count)
        self._deviation += weight * (abs(value - self._mean) - self._deviation)
        self._mean += weight * (value - self._mean)


_UNKNOWN = Estimate()
"""The estimate of a method that was never run; it is never changed."""


class CostModel:
    """Measured costs of a stream's methods: of the engine, of the CPU beside it, and of time. Only
    the stream's own thread changes them; others read.

    The engine time of a method that does a fraction is what is left without that fraction of the
    whole method's.
    """

    def __init__(self, threads: int = 1) -> None:
        """``threads``: cores that the engine keeps busy while it works; 0 for a device."""
        self._threads = threads
        self.forget()

    def forget(self) -> None:
        """Forgets everything: the size or the net changed."""
        self._engine: dict[MethodInfo, Estimate] = {}
        self._cpu: dict[MethodInfo, Estimate] = {}
        self._passes: dict[MethodInfo, Estimate] = {}
        "Time beside the engine's."
        self._planning = Estimate()
        self._resize = Estimate()
        self._hold = Estimate()
        self._worked = Estimate()

    def expect(self, method: MethodInfo, seconds: float) -> None:
        """Sets what a method is expected to take of the engine, without any fraction."""
        self._engine.setdefault(method, Estimate()).expect(seconds)

    def doubt(self, method: MethodInfo) -> None:
        """Makes little of what is known: the method was not run for long."""
        self._engine.setdefault(method, Estimate()).doubt()

    def add_resize(self, cpu_s: float) -> None:
        """Takes the CPU time of a frame that was resized, without that of planning."""
        self._resize.add(max(0.0, cpu_s))

    def add(self, method: MethodInfo, usage: Usage) -> None:
        """Takes what a frame of a method took."""
        self._cpu.setdefault(method, Estimate()).add(usage.cpu_s)

        passes_s = max(0.0, usage.passed_s - usage.hold_s)
        self._passes.setdefault(method, Estimate()).add(passes_s)
        if usage.planned_s > 0.0:
            self._planning.add(usage.planned_s)
        if usage.engine_s > 0.0:
            self._hold.add(usage.hold_s)
            self._worked.add(usage.engine_s)
        # Only the sum of the fixed part and the fraction is measured. The whole net's time is known
        # from whole frames, so what it does not explain is the fixed part.
        engine_s = usage.engine_s
        if method.part_of is not None:
            whole_s = self._engine.get(method.part_of, _UNKNOWN).mean or 0.0
            engine_s = max(0.0, engine_s - usage.fraction * whole_s)
        self._engine.setdefault(method, Estimate()).add(engine_s)

    def usual_ms(self, method: MethodInfo) -> float | None:
        """Returns what a method takes of the engine; None while nothing is known."""
        mean = self._engine.get(method, _UNKNOWN).mean
        return None if mean is None else 1000.0 * mean

    def cost(self, method: MethodInfo) -> Cost:
        """Returns what a frame of a method costs over resizing it, without any fraction."""
        engine_s = self._engine.get(method, _UNKNOWN).mean or 0.0
        cpu_s = max(0.0, (self._cpu.get(method, _UNKNOWN).mean or 0.0) - self.resize_s)
        return frame_cost(1000.0 * engine_s, 1000.0 * cpu_s, self._threads)

    def option(
        self, method: MethodInfo, *, wanted: float = 1.0, energy: float | None = None
    ) -> Option:
        """Returns the option of a method; what is not known costs nothing, so that it is tried."""
        # The price is by the mean, which is what many frames pay; the latency is cautious, since
        # each frame that is late by itself is a fault.
        engine = self._engine.get(method, _UNKNOWN)
        pace = self.pace
        cost = self.cost(method)
        latency_s = pace * engine.cautious + self._passes.get(method, _UNKNOWN).cautious
        hold_s = pace * (engine.mean or 0.0)
        if method.part_of is None:
            return Option(method, cost, latency_s, hold_s)
        whole_s = self._engine.get(method.part_of, _UNKNOWN).mean or 0.0
        return Option(
            method,
            cost,
            latency_s,
            hold_s,
            fraction_cost=frame_cost(1000.0 * whole_s, 0.0, self._threads),
            fraction_hold_s=pace * whole_s,
            wanted=wanted,
            energy=energy,
        )

    @property
    def resize_s(self) -> float:
        """CPU time that a frame takes which gets no net; 0 while nothing is known."""
        return self._resize.mean or 0.0

    @property
    def planning_s(self) -> float:
        """Seconds that planning takes; 0 while nothing is known."""
        return self._planning.mean or 0.0

    @property
    def pace(self) -> float:
        """Seconds that the engine is held for one second of its work: more than 1 where its threads
        have to wait for cores.
        """
        return max(1.0, (self._hold.mean or 0.0) / (self._worked.mean or 1.0))
