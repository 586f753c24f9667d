"""Gain by the second, of one clip that runs for a minute."""

from __future__ import annotations

import pytest

pytest.importorskip("openvino")

from benchmarks.quality.stability import SECONDS, _by_second


def test_gains_are_decibels_of_mean_errors_of_each_second() -> None:
    fps = 4
    plain = [10.0] * SECONDS * fps
    errors = [10.0] * fps + [1.0] * fps + [100.0] * (SECONDS - 2) * fps
    gains = _by_second(plain, errors, fps)
    assert gains[:3] == pytest.approx([0.0, 10.0, -10.0])
    assert len(gains) == SECONDS


def test_one_bad_frame_weighs_by_its_error() -> None:
    """The mean of the frames' decibels would be 7.5 dB."""
    fps = 4
    errors = [1.0, 1.0, 1.0, 97.0] + [1.0] * (SECONDS - 1) * fps
    assert _by_second([10.0] * SECONDS * fps, errors, fps)[0] == pytest.approx(-3.979)


def test_a_perfect_second_is_a_finite_gain() -> None:
    gains = _by_second([10.0] * SECONDS, [0.0] * SECONDS, 1)
    assert gains == pytest.approx([70.0] * SECONDS)
