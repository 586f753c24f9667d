"""Reduction with the filters of cameras and browsers."""

from __future__ import annotations

import numpy as np
import pytest

from models.training.downscale import KERNELS, halve, reduce


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("kernel", KERNELS)
def test_a_reduction_keeps_the_mean_and_the_place(kernel: str, scale: int) -> None:
    ramp = np.tile(np.arange(0, 240, 2, dtype=np.uint8), (48, 1))
    small = reduce(ramp, scale, kernel)
    assert small.shape == (48 // scale, 120 // scale)
    # Each output pixel lies in the middle of its input pixels.
    cells = ramp.astype(float).reshape(48 // scale, scale, 120 // scale, scale)
    assert np.abs(small - cells.mean((1, 3)))[4:-4, 8:-8].max() <= 1


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("kernel", KERNELS)
def test_an_even_picture_stays_even_up_to_its_borders(kernel: str, scale: int) -> None:
    for level in (0, 1, 128, 255):
        small = reduce(np.full((12 * scale, 10 * scale), level, np.uint8), scale, kernel)
        assert small.shape == (12, 10) and (small == level).all()


def test_area_is_the_mean_of_the_cells() -> None:
    frame = np.random.default_rng(1).integers(0, 256, (24, 36), np.uint8)
    for scale in (2, 3, 4):
        mean = frame.reshape(24 // scale, scale, 36 // scale, scale).mean((1, 3))
        assert np.abs(reduce(frame, scale, "area") - mean).max() <= 0.5


def test_filters_that_overshoot_are_clipped_and_not_wrapped() -> None:
    edge = np.zeros((16, 32), np.uint8)
    edge[:, 16:] = 255
    for kernel in ("bicubic", "lanczos"):
        small = reduce(edge, 2, kernel).astype(int)
        assert (np.diff(small, axis=1) >= -30).all()
        assert small[:, :4].max() < 30 and small[:, -4:].min() > 225


def test_halving_is_reducing_by_two() -> None:
    frame = np.random.default_rng(2).integers(0, 256, (16, 16), np.uint8)
    for kernel in KERNELS:
        assert np.array_equal(halve(frame, kernel), reduce(frame, 2, kernel))


def test_a_sharper_filter_keeps_more_of_a_fine_grating() -> None:
    wave = 128 + 100 * np.sin(np.arange(240) * 2 * np.pi / 6)
    frame = np.tile(wave.astype(np.uint8), (24, 1))
    kept = {kernel: float(reduce(frame, 2, kernel)[4:-4, 8:-8].std()) for kernel in KERNELS}
    assert kept["bicubic"] < kept["lanczos"]
