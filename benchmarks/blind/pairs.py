"""The pairs of a page: what stands beside what, and on which side; pure."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.blind.crops import RULES, cut
from benchmarks.blind.material import Frame

__all__ = ["PAIRS", "Pair", "by_chance", "choose"]

PAIRS = 12
"""Pairs of a page. Who sees no difference has ten or more right in 2 % of all tries."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two pictures of the same part of the same frame."""

    title: str
    left: NDArray[np.uint8]
    right: NDArray[np.uint8]
    enhanced_is_left: bool


def choose(frames: Sequence[Frame], enlarger: str, seed: int, count: int = PAIRS) -> list[Pair]:
    """Returns pairs of the player's and the enhanced picture, mixed by the seed.

    Every clip gives its busiest part before any gives its middle, in the order of the clips; with
    few clips there are fewer pairs than ``count``.
    """
    draw = random.Random(seed)
    places = [(frame, rule) for rule in RULES for frame in frames][:count]
    draw.shuffle(places)
    pairs = []
    for frame, rule in places:
        place = RULES[rule](frame.luma)
        player, enhanced = (cut(x, place) for x in (frame.player, frame.enhanced[enlarger]))
        is_left = draw.random() < 0.5
        sides = (enhanced, player) if is_left else (player, enhanced)
        pairs.append(Pair(f"{frame.clip}, {rule}", *sides, enhanced_is_left=is_left))
    return pairs


def by_chance(right: int, count: int = PAIRS) -> float:
    """Returns the probability of ``right`` or more of ``count`` by guessing (binomial, 1/2)."""
    ways: int = sum(math.comb(count, n) for n in range(right, count + 1))
    return ways / float(2**count)
