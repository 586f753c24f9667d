"""The rates at which each size looks best, out of measured points."""

from __future__ import annotations

import collections
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from benchmarks.sending.sweep import Point

MIN_ADVANTAGE = 0.5
"""Points of VMAF-NEG by which a larger size must beat a smaller one: less is not seen, and a small
picture costs both ends less work."""

MAX_OVERSHOOT = 0.8
"""Fraction of the least rate that an encoder spent, down to which a curve keeps its first value."""

GRID = np.geomspace(0.008, 0.3, 200)
"""Bits for each pixel of the full picture and frame, at which the curves are compared."""


def mean_curves(points: Sequence[Point]) -> dict[str, np.ndarray]:
    """Returns VMAF-NEG by size over ``GRID``: the mean of all clips and codecs, each interpolated
    over the logarithm of what it spent. Above its end a curve keeps its last value. Where an
    encoder overshot so that it never came near a rate, its score there is 0: frames would be lost.
    """
    groups: dict[tuple[str, str, str], list[Point]] = collections.defaultdict(list)
    for point in points:
        if not point.filter:
            groups[point.size, point.clip, point.codec].append(point)
    curves: dict[str, list[np.ndarray]] = collections.defaultdict(list)
    for (size, _, _), group in groups.items():
        ordered = sorted(group, key=lambda each: each.bpp)
        logs = np.log([each.bpp for each in ordered])
        curve = np.interp(np.log(GRID), logs, [each.neg for each in ordered])
        curve[MAX_OVERSHOOT * ordered[0].bpp > GRID] = 0.0
        curves[size].append(curve)
    return {size: np.mean(many, axis=0) for size, many in curves.items()}


def thresholds(curves: dict[str, np.ndarray]) -> list[tuple[Fraction, float]]:
    """Returns (size, least bits per pixel) by growing size; a size that is never best is left out.

    A size counts from the rate on from which no smaller one is better, up to the end of the grid.
    """
    kept: list[tuple[Fraction, float]] = []
    for size in sorted(curves, key=Fraction):
        if not kept:
            kept.append((Fraction(size), 0.0))
            continue
        better = curves[size] >= MIN_ADVANTAGE + np.max(
            [curves[str(each)] for each, _ in kept], axis=0
        )
        worse = np.flatnonzero(~better)
        first = 0 if not len(worse) else int(worse[-1]) + 1
        if first == len(GRID):
            continue
        limit = float(GRID[first]) if first else 0.0
        # What begins no lower than this size is never best.
        kept = [each for each in kept if each[1] < limit]
        kept.append((Fraction(size), limit))
    return kept


def saved(points: Sequence[Point], filter_name: str) -> dict[tuple[str, str], float]:
    """Returns the bits in percent that a filter saves at equal VMAF-NEG, by clip and codec.

    It is the mean over the scores that both curves reach (Bjontegaard's delta with straight lines);
    negative where the filter costs bits.
    """
    found = {}
    for clip, codec in {(point.clip, point.codec) for point in points if point.filter}:
        mine = [p for p in points if (p.clip, p.codec) == (clip, codec)]
        sizes = {p.size for p in mine if p.filter == filter_name}
        plain = [p for p in mine if not p.filter and p.size in sizes]
        other = [p for p in mine if p.filter == filter_name]
        low = max(min(p.neg for p in plain), min(p.neg for p in other))
        high = min(max(p.neg for p in plain), max(p.neg for p in other))
        if low < high:
            scores = np.linspace(low, high, 50)
            logs = [_log_rates(curve, scores) for curve in (plain, other)]
            found[clip, codec] = 100.0 * (1.0 - float(np.exp(np.mean(logs[1] - logs[0]))))
    return found


def _log_rates(curve: Sequence[Point], scores: np.ndarray) -> np.ndarray:
    ordered = sorted(curve, key=lambda point: point.neg)
    logs = np.log([point.bpp for point in ordered])
    rates: np.ndarray = np.interp(scores, [point.neg for point in ordered], logs)
    return rates
