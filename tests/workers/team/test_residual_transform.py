"""The transform is a cosine transform, and its inverse gives back what went in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from workers.kernels.jit import compiled
from workers.team.residual_transform import SIDE, STEPS, add_block, forward


def matrix() -> Any:
    """Returns the orthonormal transform of eight values."""
    u, x = np.indices((SIDE, SIDE))
    made = np.sqrt(2 / SIDE) * np.cos((2 * x + 1) * u * np.pi / (2 * SIDE))
    made[0] /= np.sqrt(2)
    return made


def transformed(plane: Any, margin: int = 0, shift: int = 11) -> Any:
    height, width = (side - 2 * margin for side in plane.shape)
    out = np.zeros((height * width // 64, 64), np.int32)
    forward(plane.astype(np.int16), margin, shift, np.zeros((8, width), np.int32), out)
    return out


@compiled
def added(coefficients: Any, plane: Any) -> None:
    half, block = np.zeros((8, 8), np.int32), np.zeros(64, np.int32)
    across = plane.shape[1] // 8
    for number in range(coefficients.shape[0]):
        block[:] = coefficients[number]
        add_block(block, half, plane, 8 * (number // across), 8 * (number % across))


def test_it_is_the_cosine_transform_in_sixteenths() -> None:
    rng = np.random.default_rng(0)
    plane = rng.integers(-255, 256, (8, 24))
    found = transformed(plane)
    for block in range(3):
        part = plane[:, 8 * block : 8 * block + 8]
        # Rows of coefficients are frequencies across.
        true = STEPS * (matrix() @ part @ matrix().T).T
        assert np.abs(found[block].reshape(8, 8) - true).max() < 0.03 * np.abs(true).max()


@pytest.mark.parametrize("largest", [3, 255, 2000])
def test_the_inverse_gives_back_the_samples(largest: int) -> None:
    rng = np.random.default_rng(1)
    plane = rng.integers(-largest, largest + 1, (16, 24))
    back = np.zeros((16, 24), np.int16)
    # In eighths the transform of samples in eighths is in sixteenths of levels.
    added(transformed(plane, 0, 14), back)
    assert np.abs(back - plane).max() <= 2 + 0.01 * largest


def test_the_margin_is_left_out() -> None:
    rng = np.random.default_rng(2)
    plane = rng.integers(0, 256, (24, 32))
    assert np.array_equal(transformed(plane, 4), transformed(plane[4:-4, 4:-4].copy()))


def test_a_flat_block_has_one_coefficient() -> None:
    found = transformed(np.full((8, 8), 100))
    assert found[0, 0] == 100 * 8 * STEPS and not found[0, 1:].any()


def test_any_coefficients_stay_within_bounds() -> None:
    rng = np.random.default_rng(3)
    for signs in (np.ones((1, 64)), rng.choice((-1, 1), (1, 64))):
        plane = np.full((8, 8), 2040, np.int16)
        for _ in range(20):
            added((signs * ((1 << 15) - 1)).astype(np.int32), plane)
        assert np.abs(plane.astype(int)).max() <= 1 << 14
