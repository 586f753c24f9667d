"""Who gets how much of what there is for nets.

Watched streams come before those that nobody watches. First the cheapest net for every stream, and
of reuse no more than the least that is worth having; where there is not enough of it for all, it is
shared in proportion to what each stream gains by it: proportional fairness (Kelly, Maulloo and Tan
1998), which leaves nobody without, since no stream gets less than half of an equal share of what it
could use. Streams that reuse do not share so, but take turns of some seconds: a picture that goes
back and forth between reuse and a resize is seen to do so, and each way back costs the whole net.
Then the rest of what reuse wishes for, then better rungs, one at a time, each where a millisecond
mends most.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TypeVar

from workers.scheduling.degradation import NETS, QualityLevel

Key = TypeVar("Key")

RELATIVE_QUALITY = {
    QualityLevel.BICUBIC: 0.0,
    QualityLevel.SMALL: 0.8,
    QualityLevel.TEMPORAL: 0.95,
    QualityLevel.FULL: 1.0,
}
"""How much of what the full net mends a rung mends. ``live-s`` gains 0.71 of ``live-m``'s 0.88 dB;
reuse refreshes whatever would be seen.
"""

UP_MARGIN = 1.1
"""A rung above the present one must fit with a tenth to spare."""

TURN_S = 10.0
"""A stream that had to wait for its turn so long counts twice."""

LEAST_TURN_S = 5.0
"""A turn is not cut short before."""

_STAY = 1.5
_SURE_PART = 0.5


@dataclasses.dataclass(frozen=True, slots=True)
class Demand:
    """What one stream could use."""

    fps: float
    prices_ms: Mapping[QualityLevel, float]
    "Per frame by net rung; at least one."
    energy: float
    "What the net mends, in squared luma levels per second, summed over the picture; over 0."
    level: QualityLevel
    "Where the stream is now."
    watched: bool = True
    whole_ms: float = 0.0
    "For the whole net: where reuse serves, what single frames may need."
    least_ms: float | None = None
    "Per frame for as much of reuse as is worth having; None: for no less than its price."
    turn_s: float = 0.0
    "For how long the stream has had a net on every frame, or none."


@dataclasses.dataclass(frozen=True, slots=True)
class Allocation:
    """What one stream may use."""

    level: QualityLevel
    "Paid for on every frame."
    ms_per_s: float
    "Of what there is, in milliseconds of the engine."
    takes_turns: bool = False
    "What does not pay for ``level`` on every frame is not to be saved for single ones."


def share_out(needs: Mapping[Key, Demand], budget_ms: float) -> dict[Key, Allocation]:
    """A grant for every need; together they take at most ``budget_ms`` per second."""
    grants: dict[Key, Allocation] = {}
    for watched in (True, False):
        tier = {key: need for key, need in needs.items() if need.watched is watched}
        given = _share_tier(tier, budget_ms)
        budget_ms -= sum(grant.ms_per_s for grant in given.values())
        grants |= given
    return grants


def _share_tier(needs: Mapping[Key, Demand], budget_ms: float) -> dict[Key, Allocation]:
    cheapest = {key: min(NETS, key=lambda r: _floor_ms(need, r)) for key, need in needs.items()}
    floors = {key: _floor_ms(need, cheapest[key]) for key, need in needs.items()}
    energies = {key: need.energy for key, need in needs.items()}
    given = _take_turns(needs, floors, _pour(floors, energies, budget_ms))
    levels = {
        key: cheapest[key] if given[key] >= floors[key] - 1e-9 else QualityLevel.BICUBIC
        for key in needs
    }
    left_ms = _top_up(needs, levels, given, budget_ms - sum(given.values()))
    while left_ms > 1e-9:
        step = _best_step(needs, levels, given, left_ms)
        if step is None:
            break
        key, rung, more_ms = step
        levels[key], given[key] = rung, given[key] + more_ms
        left_ms -= more_ms
    # What reuse may refresh has no steps: what is left serves the frames that can reuse little.
    reusing = [key for key in needs if levels[key] is QualityLevel.TEMPORAL]
    room = {key: max(0.0, needs[key].fps * needs[key].whole_ms - given[key]) for key in reusing}
    more = _pour(room, energies, left_ms)
    return {
        key: Allocation(
            levels[key], given[key] + more.get(key, 0.0), QualityLevel.TEMPORAL in need.prices_ms
        )
        for key, need in needs.items()
    }


def _take_turns(
    needs: Mapping[Key, Demand], floors: Mapping[Key, float], poured: dict[Key, float]
) -> dict[Key, float]:
    """Where what was poured out does not pay for all streams that reuse: for as many as it can, and
    nothing for the others.
    """
    reusing = [key for key in needs if QualityLevel.TEMPORAL in needs[key].prices_ms]
    if all(poured[key] >= floors[key] - 1e-9 for key in reusing):
        return poured
    pot = sum(poured[key] for key in reusing)
    turns: dict[Key, float] = {}
    for key in sorted(reusing, key=lambda one: _claim(needs[one], floors[one]), reverse=True):
        if floors[key] <= pot:
            turns[key] = floors[key]
            pot -= floors[key]
    return {**poured, **dict.fromkeys(reusing, 0.0), **turns}


def _claim(need: Demand, floor_ms: float) -> tuple[bool, float]:
    """Who is served first, the greatest first: by what a millisecond mends and who waited."""
    worth = need.energy / max(floor_ms, 1e-6)
    if need.level is QualityLevel.BICUBIC:
        return False, worth * (1.0 + need.turn_s / TURN_S)
    # Of streams that are alike the one goes that was there longest.
    return need.turn_s < LEAST_TURN_S, worth * _STAY / (1.0 + need.turn_s / (10.0 * TURN_S))


def _top_up(
    needs: Mapping[Key, Demand],
    levels: Mapping[Key, QualityLevel],
    given: dict[Key, float],
    left_ms: float,
) -> float:
    """What reuse wishes for beyond the least; what is left then."""
    wishes = {
        key: max(0.0, _due_ms(need, QualityLevel.TEMPORAL) - given[key])
        for key, need in needs.items()
        if levels[key] is QualityLevel.TEMPORAL
    }
    more = _pour(wishes, {key: needs[key].energy for key in wishes}, left_ms)
    for key, more_ms in more.items():
        given[key] += more_ms
    return left_ms - sum(more.values())


def _floor_ms(need: Demand, rung: QualityLevel) -> float:
    """Per second, for as much of a rung as is worth having."""
    if rung not in need.prices_ms:
        return float("inf")
    if rung is not QualityLevel.TEMPORAL or need.least_ms is None:
        return _due_ms(need, rung)
    return need.fps * need.least_ms * (UP_MARGIN if rung > need.level else 1.0)


def _due_ms(need: Demand, rung: QualityLevel) -> float:
    """Per second, for a rung on every frame; a step up must leave something."""
    if rung not in need.prices_ms:
        return 0.0
    return need.fps * need.prices_ms[rung] * (UP_MARGIN if rung > need.level else 1.0)


def _best_step(
    needs: Mapping[Key, Demand],
    levels: Mapping[Key, QualityLevel],
    given: Mapping[Key, float],
    left_ms: float,
) -> tuple[Key, QualityLevel, float] | None:
    """The step to a better rung that mends most per millisecond and fits into what is left."""
    best: tuple[Key, QualityLevel, float] | None = None
    best_worth = 0.0
    for key, need in needs.items():
        for rung in need.prices_ms:
            more_ms = _due_ms(need, rung) - given[key]
            if rung <= levels[key] or more_ms > left_ms:
                continue
            worth = (
                need.energy
                * (RELATIVE_QUALITY[rung] - RELATIVE_QUALITY[levels[key]])
                / max(more_ms, 1e-6)
            )
            # Who has it keeps it, unless another gains much more: shares must not hop about.
            worth *= _STAY if rung <= need.level else 1.0
            if worth > best_worth:
                best, best_worth = (key, rung, max(more_ms, 0.0)), worth
    return best


def _pour(
    caps: Mapping[Key, float], weights: Mapping[Key, float], amount: float
) -> dict[Key, float]:
    """Shares ``amount`` by weight, nobody getting more than its cap, nor less than half of an
    equal share as long as the cap allows.
    """
    sure = _SURE_PART * amount / max(1, len(caps))
    given = {key: min(cap, sure) for key, cap in caps.items()}
    left = amount - sum(given.values())
    open_keys = {key for key in caps if given[key] < caps[key]}
    while open_keys and left > 1e-9:
        unit = left / sum(weights[key] for key in open_keys)
        full = {key for key in open_keys if given[key] + unit * weights[key] >= caps[key]}
        for key in full or open_keys:
            more = caps[key] - given[key] if full else unit * weights[key]
            given[key] += more
            left -= more
        if not full:
            break
        open_keys -= full
    return given
