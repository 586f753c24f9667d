"""Bits of an uplink that sending half the size saves, from the points of a sweep; pure."""

from __future__ import annotations

from collections.abc import Sequence

import bjontegaard
import numpy as np

from benchmarks.quality.uplink import LARGE, Point
from models.measure.kinds import mean_of_kinds

__all__ = ["bd_rate", "bd_rates", "leads", "mean_leads", "pays_up_to"]


def bd_rates(points: Sequence[Point], way: str, measure: str) -> list[tuple[str, float]]:
    """Returns pairs of a clip and the bits that ``way`` needs more (or less: negative) than the
    large picture for the same ``measure``, in percent, for each codec: Bjontegaard's delta
    (VCEG-M33, with Akima interpolation). Curves that do not overlap have none.
    """
    deltas = []
    for clip, codec in dict.fromkeys((p.clip, p.codec) for p in points):
        large, mine = (_curve(points, each, clip, codec, measure) for each in (LARGE, way))
        if _overlap(large, mine):
            delta = bjontegaard.bd_rate(
                *large, *mine, method="akima", require_matching_points=False, min_overlap=0
            )
            if np.isfinite(delta):
                deltas.append((clip, float(delta)))
    return deltas


def bd_rate(points: Sequence[Point], way: str, measure: str) -> float | None:
    """Returns the mean of kinds of ``bd_rates``; None where no curves overlap."""
    deltas = bd_rates(points, way, measure)
    return mean_of_kinds(deltas) if deltas else None


def leads(
    points: Sequence[Point], way: str, measure: str, clip: str, codec: str
) -> list[tuple[float, float]]:
    """Returns, at each bitrate in kbit/s at which ``way`` was sent, by how much its score is above
    that of the large picture at the same bitrate (interpolated over its logarithm).
    """
    rates, values = _curve(points, LARGE, clip, codec, measure)
    mine = sorted(
        (p.kbps, getattr(p.scores, measure))
        for p in points
        if (p.way, p.clip, p.codec) == (way, clip, codec)
    )
    return [
        (kbps, value - float(np.interp(np.log(kbps), np.log(rates), values)))
        for kbps, value in mine
    ]


def pays_up_to(found: Sequence[tuple[float, float]]) -> float:
    """Returns the bitrate from which on a lead is gone, interpolated over its logarithm; 0 where
    there never is one, infinity where there is one at the highest bitrate.
    """
    if not found or all(lead <= 0 for _, lead in found):
        return 0.0
    last = max(number for number, (_, lead) in enumerate(found) if lead > 0)
    if last == len(found) - 1:
        return float("inf")
    (low, up), (high, down) = found[last], found[last + 1]
    part = up / (up - down)
    return float(np.exp(np.log(low) + part * (np.log(high) - np.log(low))))


def mean_leads(points: Sequence[Point], way: str, measure: str) -> list[tuple[float, float]]:
    """Returns the mean of kinds of ``leads`` over clips and codecs, at each uplink of the sweep."""
    each = [
        (clip, leads(points, way, measure, clip, codec))
        for clip, codec in dict.fromkeys((p.clip, p.codec) for p in points)
    ]
    count = min((len(found) for _, found in each), default=0)
    return [
        (
            mean_of_kinds([(clip, found[n][0]) for clip, found in each]),
            mean_of_kinds([(clip, found[n][1]) for clip, found in each]),
        )
        for n in range(count)
    ]


def _curve(
    points: Sequence[Point], way: str, clip: str, codec: str, measure: str
) -> tuple[list[float], list[float]]:
    mine = [p for p in points if (p.way, p.clip, p.codec) == (way, clip, codec)]
    best = -np.inf
    rates, values = [], []
    for point in sorted(mine, key=lambda p: p.kbps):
        value = getattr(point.scores, measure)
        # Rate control is no exact science: a dearer point that is no better is no point.
        if value > best:
            best = value
            rates.append(point.kbps)
            values.append(value)
    return rates, values


def _overlap(
    anchor: tuple[list[float], list[float]], test: tuple[list[float], list[float]]
) -> bool:
    # Two points make no curve.
    if min(len(anchor[0]), len(test[0])) < 3:
        return False
    return max(anchor[1][0], test[1][0]) < min(anchor[1][-1], test[1][-1])
