"""Allocates engine time among streams (weighted water-filling).

Watched streams come before those that nobody watches. First the cheapest net for every stream, and
of partial work no more than the least that is worth having. Where there is not enough of it for
all, it is allocated in proportion to what each stream gains by it: proportional fairness (Kelly,
Maulloo and Tan 1998), which leaves nobody without, since no stream gets less than half of an equal
part of what it could use. Streams that propagate earlier pictures take turns of some seconds
instead: a picture that goes back and forth between that and a resize is seen to do so, and each way
back costs the whole net. Then the rest of what partial work asks for, then better levels, one at
a time, each where a millisecond mends most.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import TypeVar

from workers.scheduling.degradation import quality_of
from workers.scheduling.option import MethodInfo

Key = TypeVar("Key")

UP_MARGIN = 1.1
"""Factor by which a level above the present one must fit: a tenth to spare."""

TURN_S = 10.0
"""Seconds of waiting for a turn after which a stream counts twice."""

MIN_TURN_S = 5.0
"""Seconds before which a turn is not cut short."""

_STAY = 1.5
"""Factor by which what a stream has counts for more than what another could have: measurements
waver, and without it allocations would hop with them."""

_SURE_FRACTION = 0.5
"""Fraction of an equal part that every stream gets, whatever its weight."""


@dataclasses.dataclass(frozen=True, slots=True)
class Demand:
    """The demand of one stream."""

    fps: float
    prices_ms: Mapping[MethodInfo, float]
    "Per frame by method, worst first; at least one, and no free one."
    energy: float
    "Energy that the net adds, in squared luma levels per second, summed over the picture; over 0."
    level: MethodInfo | None
    "The stream's present level; None: no method on every frame."
    watched: bool = True
    whole_ms: float = 0.0
    "Price of the whole net per frame, which single frames of a stream on partial work may need."
    least_ms: float | None = None
    "Per frame for as much of partial work as is worth having; None: for no less than its price."
    turn_s: float = 0.0
    "Time for which the stream has had a net on every frame, or none."

    @property
    def partial(self) -> MethodInfo | None:
        """The method among its prices that does a fraction."""
        return next((method for method in self.prices_ms if method.part_of is not None), None)


@dataclasses.dataclass(frozen=True, slots=True)
class Allocation:
    """The allocation of one stream."""

    level: MethodInfo | None
    "Paid for on every frame; None: no method is."
    ms_per_s: float
    "Milliseconds of the engine per second."
    takes_turns: bool = False
    "True: what does not pay for a level on every frame is not to be saved for single ones."


def allocate(demands: Mapping[Key, Demand], budget_ms: float) -> dict[Key, Allocation]:
    """Returns an allocation for every demand; together at most ``budget_ms`` per second."""
    # Strict priority, no weights: a stream that nobody watches gets what the others leave.
    allocations: dict[Key, Allocation] = {}
    for watched in (True, False):
        tier = {key: demand for key, demand in demands.items() if demand.watched is watched}
        given = _allocate_tier(tier, budget_ms)
        budget_ms -= sum(one.ms_per_s for one in given.values())
        allocations |= given
    return allocations


def _allocate_tier(demands: Mapping[Key, Demand], budget_ms: float) -> dict[Key, Allocation]:
    # Four rounds: the least for everybody, the demands of partial work, better levels, and what
    # partial work saves for pictures of which little can be kept.
    cheapest = {
        key: min(demand.prices_ms, key=functools.partial(_floor_ms, demand))
        for key, demand in demands.items()
    }
    floors = {key: _floor_ms(demand, cheapest[key]) for key, demand in demands.items()}
    energies = {key: demand.energy for key, demand in demands.items()}
    given = _take_turns(demands, floors, water_fill(floors, energies, budget_ms))
    # 1e-9 ms is rounding: sums of allocations need not be exact.
    levels = {key: cheapest[key] if given[key] >= floors[key] - 1e-9 else None for key in demands}
    left_ms = _top_up(demands, levels, given, budget_ms - sum(given.values()))
    while left_ms > 1e-9:
        step = _best_step(demands, levels, given, left_ms)
        if step is None:
            break
        key, method, more_ms = step
        levels[key], given[key] = method, given[key] + more_ms
        left_ms -= more_ms
    # Partial work has no steps: what is left serves the frames of which little can be kept.
    caps = {
        key: max(0.0, demands[key].fps * demands[key].whole_ms - given[key])
        for key in demands
        if _is_partial(levels[key])
    }
    more = water_fill(caps, energies, left_ms)
    return {
        key: Allocation(levels[key], given[key] + more.get(key, 0.0), demand.partial is not None)
        for key, demand in demands.items()
    }


def _is_partial(level: MethodInfo | None) -> bool:
    return level is not None and level.part_of is not None


def _take_turns(
    demands: Mapping[Key, Demand], floors: Mapping[Key, float], given: dict[Key, float]
) -> dict[Key, float]:
    """Gives what does not pay for all streams that propagate to as many as it can pay for, and
    nothing to the others.
    """
    propagating = [key for key in demands if demands[key].partial is not None]
    if all(given[key] >= floors[key] - 1e-9 for key in propagating):
        return given
    # A part of the floor buys nothing, since a stream then propagates on some frames and resizes
    # the others. So the parts are put together, and streams get a whole floor or none.
    pot = sum(given[key] for key in propagating)
    turns: dict[Key, float] = {}
    for key in sorted(
        propagating, key=lambda one: _priority(demands[one], floors[one]), reverse=True
    ):
        if floors[key] <= pot:
            turns[key] = floors[key]
            pot -= floors[key]
    return {**given, **dict.fromkeys(propagating, 0.0), **turns}


def _priority(demand: Demand, floor_ms: float) -> tuple[bool, float]:
    """Returns a stream's priority for a turn: by what a millisecond mends and who waited."""
    worth = demand.energy / max(floor_ms, 1e-6)
    # Waiting raises a stream's priority, and having a turn lowers it ten times more slowly, so that
    # turns last. The first field keeps a turn that has just begun, whatever waits.
    if demand.level is None:
        return False, worth * (1.0 + demand.turn_s / TURN_S)
    # Of streams that are alike the one goes that was there longest.
    return demand.turn_s < MIN_TURN_S, worth * _STAY / (1.0 + demand.turn_s / (10.0 * TURN_S))


def _top_up(
    demands: Mapping[Key, Demand],
    levels: Mapping[Key, MethodInfo | None],
    given: dict[Key, float],
    left_ms: float,
) -> float:
    """Gives what partial work asks for beyond the least; returns what is left then."""
    caps = {
        key: max(0.0, _due_ms(demands[key], level) - given[key])
        for key, level in levels.items()
        if level is not None and level.part_of is not None
    }
    more = water_fill(caps, {key: demands[key].energy for key in caps}, left_ms)
    for key, more_ms in more.items():
        given[key] += more_ms
    return left_ms - sum(more.values())


def _floor_ms(demand: Demand, method: MethodInfo) -> float:
    """Returns milliseconds per second for as much of a method as is worth having."""
    if method.part_of is None or demand.least_ms is None:
        return _due_ms(demand, method)
    return demand.fps * demand.least_ms * _margin(demand, method)


def _due_ms(demand: Demand, method: MethodInfo) -> float:
    """Returns milliseconds per second for a method on every frame."""
    return demand.fps * demand.prices_ms[method] * _margin(demand, method)


def _margin(demand: Demand, method: MethodInfo) -> float:
    """Returns the factor on a price: a step up must leave something."""
    return UP_MARGIN if method.quality > quality_of(demand.level) else 1.0


def _best_step(
    demands: Mapping[Key, Demand],
    levels: Mapping[Key, MethodInfo | None],
    given: Mapping[Key, float],
    left_ms: float,
) -> tuple[Key, MethodInfo, float] | None:
    """Returns the step to a better level that mends most per millisecond and fits."""
    # Greedy, one step at a time: there are few levels, and a worker has tens of streams at most.
    best: tuple[Key, MethodInfo, float] | None = None
    best_worth = 0.0
    for key, demand in demands.items():
        have = quality_of(levels[key])
        for method in demand.prices_ms:
            more_ms = _due_ms(demand, method) - given[key]
            if method.quality <= have or more_ms > left_ms:
                continue
            worth = demand.energy * (method.quality - have) / max(more_ms, 1e-6)
            # Who has it keeps it, unless another gains much more: allocations must not hop about.
            worth *= _STAY if method.quality <= quality_of(demand.level) else 1.0
            if worth > best_worth:
                best, best_worth = (key, method, max(more_ms, 0.0)), worth
    return best


def water_fill(
    caps: Mapping[Key, float], weights: Mapping[Key, float], amount: float
) -> dict[Key, float]:
    """Divides ``amount`` by weight (water-filling): nobody gets more than its cap, nor less than
    half of an equal part as long as the cap allows.
    """
    sure = _SURE_FRACTION * amount / max(1, len(caps))
    given = {key: min(cap, sure) for key, cap in caps.items()}
    left = amount - sum(given.values())
    open_keys = {key for key in caps if given[key] < caps[key]}
    while open_keys and left > 1e-9:
        unit = left / sum(weights[key] for key in open_keys)
        # Who would overflow is filled and leaves; what they do not take is divided again. Each
        # round closes at least one, or is the last.
        full = {key for key in open_keys if given[key] + unit * weights[key] >= caps[key]}
        for key in full or open_keys:
            more = caps[key] - given[key] if full else unit * weights[key]
            given[key] += more
            left -= more
        if not full:
            break
        open_keys -= full
    return given
