"""Who gets how much of one engine.

Two steps, watched streams before those that nobody watches. First the cheapest net for every
stream; where the engine cannot make that for all, its time is shared in proportion to what each
stream gains by it: proportional fairness (Kelly, Maulloo and Tan 1998), which leaves nobody
without, since no stream gets less than half of an equal share of what it could use. Then better
rungs, one at a time, each where a millisecond mends most.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TypeVar

from workers.plan.ladder import NETS, Rung

Key = TypeVar("Key")

LOOKS = {Rung.BICUBIC: 0.0, Rung.SMALLER: 0.8, Rung.REUSE: 0.95, Rung.FULL: 1.0}
"""How much of what the full net mends a rung mends. ``live-s`` gains 0.71 of ``live-m``'s 0.88 dB;
reuse refreshes whatever would be seen.
"""

UP_MARGIN = 1.1
"""A rung above the present one must fit with a tenth to spare."""

_STAY = 1.5
_SURE_PART = 0.5


@dataclasses.dataclass(frozen=True, slots=True)
class Need:
    """What one stream could use."""

    fps: float
    prices_ms: Mapping[Rung, float]
    "Engine milliseconds per frame by net rung; at least one."
    energy: float
    "What the net mends, in squared luma levels per second, summed over the picture; over 0."
    level: Rung
    "Where the stream is now."
    watched: bool = True
    whole_ms: float = 0.0
    "Of the engine for the whole net: where reuse serves, what single frames may need."


@dataclasses.dataclass(frozen=True, slots=True)
class Grant:
    """What one stream may use."""

    level: Rung
    "Paid for on every frame."
    ms_per_s: float
    "Of the engine."


def share_out(needs: Mapping[Key, Need], budget_ms: float) -> dict[Key, Grant]:
    """A grant for every need; together they take at most ``budget_ms`` per second."""
    grants: dict[Key, Grant] = {}
    for watched in (True, False):
        tier = {key: need for key, need in needs.items() if need.watched is watched}
        given = _share_tier(tier, budget_ms)
        budget_ms -= sum(grant.ms_per_s for grant in given.values())
        grants |= given
    return grants


def _share_tier(needs: Mapping[Key, Need], budget_ms: float) -> dict[Key, Grant]:
    cheapest = {key: min(NETS, key=lambda r: _price(need, r)) for key, need in needs.items()}
    caps = {key: _due_ms(need, cheapest[key]) for key, need in needs.items()}
    energies = {key: need.energy for key, need in needs.items()}
    given = _pour(caps, energies, budget_ms)
    levels = {
        key: cheapest[key] if given[key] >= caps[key] - 1e-9 else Rung.BICUBIC for key in needs
    }
    left_ms = budget_ms - sum(given.values())
    while left_ms > 1e-9:
        step = _best_step(needs, levels, given, left_ms)
        if step is None:
            break
        key, rung, more_ms = step
        levels[key], given[key] = rung, given[key] + more_ms
        left_ms -= more_ms
    # What reuse may refresh has no steps: what is left serves the frames that can reuse little.
    reusing = [key for key in needs if levels[key] is Rung.REUSE]
    room = {key: max(0.0, needs[key].fps * needs[key].whole_ms - given[key]) for key in reusing}
    more = _pour(room, energies, left_ms)
    return {key: Grant(levels[key], given[key] + more.get(key, 0.0)) for key in needs}


def _price(need: Need, rung: Rung) -> float:
    return need.prices_ms.get(rung, float("inf"))


def _due_ms(need: Need, rung: Rung) -> float:
    """Per second, for a rung on every frame; a step up must leave something."""
    if rung not in need.prices_ms:
        return 0.0
    return need.fps * need.prices_ms[rung] * (UP_MARGIN if rung > need.level else 1.0)


def _best_step(
    needs: Mapping[Key, Need],
    levels: Mapping[Key, Rung],
    given: Mapping[Key, float],
    left_ms: float,
) -> tuple[Key, Rung, float] | None:
    """The step to a better rung that mends most per millisecond and fits into what is left."""
    best: tuple[Key, Rung, float] | None = None
    best_worth = 0.0
    for key, need in needs.items():
        for rung in need.prices_ms:
            more_ms = _due_ms(need, rung) - given[key]
            if rung <= levels[key] or more_ms > left_ms:
                continue
            worth = need.energy * (LOOKS[rung] - LOOKS[levels[key]]) / max(more_ms, 1e-6)
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
