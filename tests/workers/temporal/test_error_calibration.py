from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.temporal.error_calibration import MAX_FACTOR, MIN_FACTOR, ErrorCalibration


def after(*pictures: tuple[float, float, int]) -> float:
    """The factor after pictures of 100 samples: estimate, actual error, samples seen."""
    calibration = ErrorCalibration()
    for estimated, actual, samples in pictures:
        calibration.observe(estimated, actual, samples)
        calibration.commit(100)
    return calibration.factor


def test_without_an_observation_the_estimate_stands() -> None:
    calibration = ErrorCalibration()
    calibration.commit(100)
    assert calibration.factor == 1.0
    assert after((0.0, 3.0, 50)) == 1.0


def test_what_was_seen_moves_the_factor_by_how_much_was_seen() -> None:
    assert after((1.0, 1.5, 10)) == pytest.approx(1.5**0.1)
    assert after((1.0, 1.5, 100)) == pytest.approx(1.5**0.3)
    assert after((2.0, 1.5, 10)) == pytest.approx(0.75**0.1)


def test_one_picture_says_at_most_twice_or_half() -> None:
    assert after((1.0, 50.0, 10)) == pytest.approx(2.0**0.1)
    assert after((50.0, 1.0, 10)) == pytest.approx(0.5**0.1)


def test_the_regions_of_a_picture_count_together_and_once() -> None:
    calibration = ErrorCalibration()
    calibration.observe(1.0, 2.0, 5)
    calibration.observe(1.0, 1.0, 5)
    calibration.commit(100)
    calibration.commit(100)
    assert calibration.factor == pytest.approx(1.5**0.1)


def test_the_factor_is_bounded() -> None:
    assert after(*[(1.0, 2.0, 100)] * 50) == MAX_FACTOR
    assert after(*[(2.0, 1.0, 100)] * 50) == MIN_FACTOR


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e6), st.integers(0, 200)), max_size=30))
def test_the_factor_stays_within_its_bounds_whatever_is_seen(
    pictures: list[tuple[float, float, int]],
) -> None:
    assert MIN_FACTOR <= after(*pictures) <= MAX_FACTOR


@given(st.floats(0.6, 1.9), st.integers(1, 25))
def test_what_was_estimated_too_low_and_then_too_high_cancels_out(
    ratio: float, samples: int
) -> None:
    assert after((1.0, ratio, samples), (ratio, 1.0, samples)) == pytest.approx(1.0)


def test_estimates_that_are_right_change_nothing() -> None:
    assert after(*[(2.5, 2.5, 60)] * 9) == 1.0
