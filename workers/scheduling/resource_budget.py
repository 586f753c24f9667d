"""The resource budget: what nets may take of the engine and of the cores in a second.

One net has the engine at a time. The cores are shared: decoders, planning, encoders, the loop and,
where it is no device of its own, the engine take their time of the same seconds.
"""

from __future__ import annotations

import dataclasses
import math
from collections import deque
from collections.abc import Mapping

from workers.scheduling.option import CPU, ENGINE, Cost, Option, PricedOption, ResourceId

ENGINE_MS_PER_S = 900.0
"""Milliseconds allocated of an engine's second; the rest is for what costs more than expected."""

CPU_FRACTION = 0.92
"""Fraction of the cores that is allocated: frames come in bunches, and one that waits long is
late."""

MIN_MS_PER_S = 20.0
"""Milliseconds allocated of the engine, however busy the cores were found: so that it shows when
they are idle again."""

CONTENTION_AGE_S = 0.04
"""Age of the youngest frame of the last half second above which frames are queueing."""

CONTENTION_SLOWDOWN = 1.3
"""Factor of elapsed time over CPU time above which they queue for the cores."""

YOUNG_S = 0.015
"""Age of a frame of the last half second below which nothing queues."""

_CHECK_EVERY_S = 0.5
"""Seconds between two looks at the ages of frames."""

_STEP_UP = 0.01
"""Part of the cores given back at each look where frames are neither old nor young."""

_LEAP_UP = 0.05
"""The same where they are young, so that from a tenth all is back after nine seconds."""

_WINDOW_S = 2.0
"""Seconds of CPU time over which the cost of everything beside nets is averaged."""

_MIN_SPAN_S = 0.5
"""Seconds before there is an average: over less, a burst would count as usual."""

_MIN_FRAMES = 8
"""Frames before there is an average per frame."""


def frame_cost(engine_ms: float, cpu_ms: float, threads: int) -> Cost:
    """Returns the cost of a frame that takes so long of the engine and, beside it, of one core.

    ``threads`` are the cores that the engine keeps busy while it works; 0 for a device of its own.
    """
    return {ENGINE: engine_ms, CPU: cpu_ms + threads * engine_ms}


@dataclasses.dataclass(frozen=True, slots=True)
class ResourceBudget:
    """Capacities of the resources, for frames made by nets."""

    capacities: Mapping[ResourceId, float]
    "Milliseconds per second; infinite while a capacity is not known."
    threads: int = 1
    "Cores that the engine keeps busy while it works; 0 where it is a device of its own."
    given_ms: float = dataclasses.field(init=False)
    """Milliseconds of the engine per second that are allocated: as many as the capacities allow if
    nothing ran beside it."""

    def __post_init__(self) -> None:
        unit = frame_cost(1.0, 0.0, self.threads)
        given_ms = min(self.capacities[name] / ms for name, ms in unit.items() if ms)
        # The class is frozen, and this field follows from the others.
        object.__setattr__(self, "given_ms", given_ms)

    @classmethod
    def of(
        cls, engine_ms: float = ENGINE_MS_PER_S, cpu_ms: float = math.inf, threads: int = 1
    ) -> ResourceBudget:
        """Returns the budget of one engine and the cores."""
        return cls({ENGINE: engine_ms, CPU: cpu_ms}, threads)

    def price_ms(self, cost: Cost) -> float:
        """Returns what a cost takes of ``given_ms``: its dominant share, that of the resource of
        which it takes the largest part (dominant resource fairness, Ghodsi et al., NSDI 2011,
        section 4). Frames that together pay no more than what is given fit every resource.
        """
        dominant = 0.0
        for name, ms in cost.items():
            dominant = max(dominant, ms / self.capacities[name])
        return self.given_ms * dominant

    def priced(self, option: Option) -> PricedOption:
        """Returns an option with its price in this budget."""
        fixed_ms = self.price_ms(option.cost)
        if option.method.part_of is None:
            return PricedOption(option.method, fixed_ms, option.latency_s, hold_s=option.hold_s)
        wanted_ms = option.wanted * self.price_ms(option.fraction_cost)
        return PricedOption(
            option.method,
            fixed_ms + wanted_ms,
            option.latency_s,
            fixed_ms,
            option.hold_s,
            option.fraction_hold_s,
        )


class CpuAccounting:
    """Measures the CPU time of everything but nets' frames. No clock.

    It is counted per frame of any stream, so that streams that come or go are reckoned with before
    they were measured.
    """

    def __init__(self, cores: float = 1.0, threads: int = 1) -> None:
        """``cores`` that may be used; ``threads`` as in ``ResourceBudget``."""
        self.cores = cores
        "Cores whose time may be used; a quota may grant less than one, and change."
        self.threads = threads
        self._net_s = 0.0
        self._frames = 0
        self._seen: deque[tuple[float, float, float, int]] = deque()
        self._other_ms: float | None = None
        self._youngest_s = math.inf
        self._worked_s = self._passed_s = 0.0
        self._checked_at = 0.0
        self._part = 1.0

    @property
    def other_ms(self) -> float | None:
        """CPU time per frame that no net's frame pays for, in milliseconds: decoding, a resize,
        encoding, and all that is done for no frame; None until it was measured.
        """
        return self._other_ms

    def passed(self, age_s: float) -> None:
        """Counts a frame of any stream, by a net or not, found at that age."""
        self._frames += 1
        self._youngest_s = min(self._youngest_s, age_s)

    def spent(self, cores_s: float, *, worked_s: float, passed_s: float) -> None:
        """Counts ``cores_s`` of CPU time for a frame by a net, planning included. Its thread and
        the engine, one after the other, worked ``worked_s`` for it, and that took ``passed_s``.
        """
        self._net_s += cores_s
        self._worked_s += worked_s
        self._passed_s += passed_s

    def tell(self, process_s: float, *, now: float) -> None:
        """Takes the CPU time of the process since it began; to be called a few times a second."""
        self._check_ages(now)
        seen = self._seen
        # A clock that was set back empties the window: its times no longer compare.
        while seen and (now - seen[0][0] > _WINDOW_S or now < seen[-1][0]):
            seen.popleft()
        seen.append((now, process_s, self._net_s, self._frames))
        begun, process_then_s, net_then_s, frames_then = seen[0]
        frames = self._frames - frames_then
        if now - begun >= _MIN_SPAN_S and frames >= _MIN_FRAMES:
            others_s = process_s - process_then_s - (self._net_s - net_then_s)
            self._other_ms = 1000.0 * max(0.0, others_s) / frames

    def budget(self, frames_per_s: float) -> ResourceBudget:
        """Returns the budget for nets while so many frames of all streams pass in a second."""
        if self._other_ms is None:
            return ResourceBudget.of(threads=self.threads)
        # The floor keeps a little for nets however busy the cores look: without a net's frame now
        # and then, it would not show that they are idle again.
        left_ms = CPU_FRACTION * 1000.0 * self.cores - self._other_ms * frames_per_s
        least_ms = MIN_MS_PER_S * max(1, self.threads)
        return ResourceBudget.of(cpu_ms=max(self._part * left_ms, least_ms), threads=self.threads)

    def _check_ages(self, now: float) -> None:
        """Gives less of the cores where all frames are old and their threads wait for cores:
        another process, or another guest of the machine, takes their time. Down by a fifth, and up
        again by steps.
        """
        if 0 <= now - self._checked_at < _CHECK_EVERY_S:
            return
        if self._youngest_s < math.inf:
            # Down by a factor and up by steps, as TCP does on a link whose other users it does not
            # know (additive increase, multiplicative decrease).
            step = _STEP_UP if self._youngest_s > YOUNG_S else _LEAP_UP
            waits = self._passed_s > CONTENTION_SLOWDOWN * self._worked_s
            is_short = waits and self._youngest_s > CONTENTION_AGE_S
            self._part = max(0.1, 0.8 * self._part) if is_short else min(1.0, self._part + step)
        self._checked_at, self._youngest_s = now, math.inf
        self._worked_s = self._passed_s = 0.0
