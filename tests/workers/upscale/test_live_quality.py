"""What is measured of an enhanced picture, on pictures of which it is known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from workers.media.picture import Plane
from workers.upscale.live_quality import gradient_energy, measure, squared_difference

RANDOM = np.random.default_rng(5)


def scene(width: int = 64, height: int = 48) -> Plane:
    noise = RANDOM.integers(0, 256, (height, width)).astype(np.float32)
    return np.clip(cv2.GaussianBlur(noise, (0, 0), 2) * 3 - 256, 0, 255).astype(np.uint8)


def enlarged(source: Plane, scale: int = 2) -> Plane:
    size = (scale * source.shape[1], scale * source.shape[0])
    return np.asarray(cv2.resize(source, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def test_differences_and_gradients_are_means_of_squares() -> None:
    flat = np.full((4, 6), 10, np.uint8)
    assert squared_difference(flat, flat + 3) == 9.0
    assert gradient_energy(flat) == 0.0
    steps = np.tile(np.arange(0, 12, 2, dtype=np.uint8), (4, 1))
    assert gradient_energy(steps) == pytest.approx(4.0)


def test_what_bicubic_made_corrects_nothing_and_is_as_sharp() -> None:
    source = scene()
    found = measure(source, enlarged(source))
    assert found.observables.correction == 0.0
    assert found.sharpness == 1.0
    assert found.consistency_db > 35


def test_a_sharpened_picture_is_sharper() -> None:
    source = scene()
    plain = enlarged(source)
    blurred = cv2.GaussianBlur(plain, (0, 0), 1)
    sharp = np.asarray(cv2.addWeighted(plain, 1.5, blurred, -0.5, 0), np.uint8)
    found = measure(source, sharp)
    assert found.sharpness > 1.05
    assert found.observables.correction > 0
    soft = measure(source, np.asarray(blurred, np.uint8))
    assert soft.sharpness < 1 < found.sharpness


def test_a_picture_of_something_else_is_inconsistent() -> None:
    source, other = scene(), scene()
    right = measure(source, enlarged(source))
    wrong = measure(source, enlarged(other))
    assert wrong.consistency_db < right.consistency_db - 10


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_any_whole_factor_can_be_measured(scale: int) -> None:
    source = scene()
    found = measure(source, enlarged(source, scale))
    assert found.observables.correction == 0.0


def test_flat_and_equal_pictures_have_finite_figures() -> None:
    flat = np.full((32, 48), 77, np.uint8)
    found = measure(flat, enlarged(flat))
    assert found.consistency_db == pytest.approx(68.1, abs=0.1)
    assert np.isfinite(found.observables.features()).all()


def test_rows_may_be_padded() -> None:
    source = scene()
    wide = np.zeros((48, 80), np.uint8)
    wide[:, :64] = source
    padded = wide[:, :64]
    assert not padded.flags.c_contiguous
    found = measure(padded, enlarged(source))
    assert found == measure(source, enlarged(source))
