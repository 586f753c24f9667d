from __future__ import annotations

import pytest

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
