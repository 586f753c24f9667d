"""From points to limits and savings, on curves whose answer is known."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from benchmarks.sending.sweep import Point
from benchmarks.sending.thresholds import GRID, MIN_ADVANTAGE, mean_curves, saved, thresholds

HALF, MORE, FULL = "1/2", "3/4", "1"


def line(slope: float, at: float, start: float) -> np.ndarray:
    """A curve over the grid that has the value ``start`` at ``at`` bits a pixel."""
    return start + slope * np.log(GRID / at)


def point(size: str, bpp: float, neg: float, *, clip: str = "a", name: str = "") -> Point:
    return Point(clip, "h264", size, name, round(bpp * 6912), bpp, neg, 30.0)


def test_a_larger_size_counts_from_where_it_is_better_for_good() -> None:
    curves = {HALF: line(5, 0.05, 60), FULL: line(20, 0.05, 60 + MIN_ADVANTAGE)}
    (small, zero), (full, limit) = thresholds(curves)
    assert (small, zero, full) == (Fraction(1, 2), 0.0, Fraction(1))
    assert limit == pytest.approx(0.05, rel=0.03)


def test_a_size_that_is_never_best_is_left_out() -> None:
    curves = {HALF: line(5, 0.05, 60), MORE: line(10, 0.05, 50), FULL: line(20, 0.05, 61)}
    assert [size for size, _ in thresholds(curves)] == [Fraction(1, 2), Fraction(1)]


def test_a_size_that_begins_where_a_larger_one_does_is_left_out() -> None:
    curves = {HALF: line(5, 0.05, 60), MORE: line(10, 0.05, 61), FULL: line(20, 0.04, 70)}
    assert [size for size, _ in thresholds(curves)] == [Fraction(1, 2), Fraction(1)]


def test_a_larger_size_that_always_wins_needs_no_limit() -> None:
    curves = {HALF: line(5, 0.05, 60), FULL: line(5, 0.05, 70)}
    assert thresholds(curves) == [(Fraction(1), 0.0)]


def test_curves_are_means_over_clips_and_keep_their_ends() -> None:
    points = [
        point(HALF, 0.02, 40, clip="a"), point(HALF, 0.2, 60, clip="a"),
        point(HALF, 0.02, 60, clip="b"), point(HALF, 0.2, 80, clip="b"),
        point(HALF, 0.02, 0, clip="b", name="gauss 0.4"),
    ]  # fmt: skip
    curve = mean_curves(points)[HALF]
    assert curve[0] == 0, "no encoder came near so little"
    assert curve[np.argmin(np.abs(GRID - 0.018))] == 50 and curve[-1] == 70
    middle = int(np.argmin(np.abs(GRID - np.sqrt(0.02 * 0.2))))
    assert curve[middle] == pytest.approx(60, abs=0.3)


def test_a_filter_that_needs_nine_tenths_of_the_bits_saves_ten_percent() -> None:
    plain = [point(HALF, bpp, 50 + 10 * np.log(bpp)) for bpp in (0.02, 0.04, 0.08)]
    ready = [
        point(HALF, 0.9 * p.bpp, p.neg, name="gauss 0.4") for p in plain
    ] + [point(FULL, 0.02, 90)]  # fmt: skip
    assert saved([*plain, *ready], "gauss 0.4") == {("a", "h264"): pytest.approx(10.0)}
    assert saved(plain, "gauss 0.4") == {}
