"""The report of the soak."""

from __future__ import annotations

import pytest

from benchmarks.faults.soak import slope_per_h


def test_a_slope_is_by_the_hour() -> None:
    assert slope_per_h([(100.0 + 10 * n, 50.0 + n) for n in range(20)]) == pytest.approx(360.0)
    assert slope_per_h([(0.0, 5.0), (10.0, 5.0)]) == pytest.approx(0.0)
    assert slope_per_h([(0.0, 5.0)]) == 0.0
