"""The slope of a row of figures."""

from __future__ import annotations

import pytest

from benchmarks.edge.memory import slope


def test_a_straight_line_has_its_slope() -> None:
    assert slope([(x, 5.0 + 3.0 * x) for x in range(10)]) == pytest.approx(3.0)
    assert slope([(x, 7.0) for x in range(10)]) == 0.0


def test_a_sawtooth_is_nearly_level() -> None:
    assert abs(slope([(x, float(x % 2)) for x in range(1000)])) < 0.001


@pytest.mark.parametrize("samples", [[], [(1.0, 5.0)], [(1.0, 5.0), (1.0, 9.0)]])
def test_too_little_has_none(samples: list[tuple[float, float]]) -> None:
    assert slope(samples) == 0.0
