"""Reduction with the filters of cameras and browsers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


KINDS = st.tuples(st.sampled_from(KERNELS), st.sampled_from([2, 3, 4]))


@settings(max_examples=30, deadline=None)
@given(kind=KINDS, seed=st.integers(0, 99), axis=st.sampled_from([0, 1]))
def test_a_mirrored_picture_is_reduced_to_the_mirrored_one(
    kind: tuple[str, int], seed: int, axis: int
) -> None:
    """No filter leans to a side: a shift of half a pixel would show here."""
    kernel, scale = kind
    frame = np.random.default_rng(seed).integers(0, 256, (6 * scale, 8 * scale), np.uint8)
    small = reduce(frame, scale, kernel).astype(int)
    turned = reduce(np.ascontiguousarray(np.flip(frame, axis)), scale, kernel).astype(int)
    assert np.abs(np.flip(turned, axis) - small).max() <= 1


@settings(max_examples=30, deadline=None)
@given(kind=KINDS, seed=st.integers(0, 99))
def test_rows_and_columns_are_filtered_alike(kind: tuple[str, int], seed: int) -> None:
    kernel, scale = kind
    frame = np.random.default_rng(seed).integers(0, 256, (6 * scale, 8 * scale), np.uint8)
    small = reduce(frame, scale, kernel).astype(int)
    turned = reduce(np.ascontiguousarray(frame.T), scale, kernel).astype(int)
    assert np.abs(turned.T - small).max() <= 1


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("kernel", KERNELS)
def test_detail_too_fine_for_the_small_picture_is_gone(kernel: str, scale: int) -> None:
    """Stripes of one pixel would alias to a flicker; what is left is their mean."""
    stripes = np.tile(np.array([0, 255], np.uint8), (12 * scale, 6 * scale))
    small = reduce(stripes, scale, kernel)[2:-2, 2:-2].astype(float)
    assert abs(small.mean() - 127.5) < 2
    # Three does not divide the stripes evenly: a third of their height stays for the mean.
    assert np.ptp(small) <= (100 if scale == 3 else 16)


@pytest.mark.parametrize(("kernel", "scale"), [("nearest", 2), ("area", 5), ("area", 1)])
def test_another_kernel_or_scale_is_an_error(kernel: str, scale: int) -> None:
    with pytest.raises(KeyError):
        reduce(np.zeros((20, 20), np.uint8), scale, kernel)
