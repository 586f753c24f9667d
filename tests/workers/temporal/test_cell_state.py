from __future__ import annotations

import numpy as np
import pytest

from workers.temporal.cell_state import CHANGE, carry, lost, trust, wish

GRID = (9, 14)


def grids(seed: int, count: int) -> np.ndarray:
    return np.random.default_rng(seed).random((count, *GRID)).astype(np.float32)


def carried(
    dx: int = 0, squares: float = 0.0, calm: float = 5.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Error, worth, age and calm after a step of one cell's columns, each 1, 2, 0.. before."""
    error, worth = np.ones(GRID, np.float32), np.full(GRID, 2.0, np.float32)
    age, was_calm = np.zeros(GRID, np.int16), np.full(GRID, calm, np.float32)
    made = np.zeros((3, *GRID), np.float32)
    new_age = np.zeros(GRID, np.int16)
    motion = np.full(GRID, dx, np.int16), np.zeros(GRID, np.int16)
    carry(
        *motion,
        np.full(GRID, squares, np.float32),
        1.0,
        2.0,
        error,
        worth,
        age,
        was_calm,
        made[0],
        made[1],
        new_age,
        made[2],
    )
    return made[0], made[1], new_age, made[2]


def test_what_stands_still_stays_as_it_was_and_is_calmer() -> None:
    error, worth, age, calm = carried()
    assert (error == 1.0).all() and (worth == 2.0).all()
    assert (age == 1).all() and (calm == 6.0).all()


def test_a_residual_and_a_fraction_of_a_sample_add_to_the_error() -> None:
    assert carried(squares=0.4)[0] == pytest.approx(1.1)
    assert carried(dx=2)[0] == pytest.approx(1.4)


def test_what_changes_is_not_calm() -> None:
    assert carried(squares=0.4)[3] == pytest.approx(6.0 * (1.0 - 0.1 / (2.0 * CHANGE)), rel=1e-5)
    assert (carried(squares=4.0)[3] == 0.0).all()


def test_the_content_of_a_cell_brings_what_is_known_of_it() -> None:
    error, zero = grids(0, 1)[0], np.zeros(GRID, np.int16)
    made, new_age = np.zeros((3, *GRID), np.float32), np.zeros(GRID, np.int16)
    dx = np.full(GRID, 32, np.int16)
    still = np.zeros(GRID, np.float32)
    carry(
        dx,
        zero,
        still,
        1.0,
        1.0,
        error,
        np.ones(GRID, np.float32),
        zero,
        still,
        made[0],
        made[1],
        new_age,
        made[2],
    )
    assert np.array_equal(made[0][:, :-1], error[:, 1:])


@pytest.mark.parametrize("seed", range(3))
def test_survey_is_what_is_said(seed: int) -> None:
    error, worth, calm = grids(seed, 3)
    calm *= 30
    assert lost(error, worth) == pytest.approx(np.minimum(error, worth).mean(), rel=1e-5)
    keep = np.full(GRID, 99, np.uint8)
    trust(error, worth, 7, 0.2, keep)
    said = 7 * (1 - error / (2 * np.maximum(worth, np.float32(0.2)))) + 0.5
    assert np.array_equal(keep, np.where(error < worth, said, 0).astype(np.uint8))
    age = np.random.default_rng(seed).integers(0, 100, GRID).astype(np.int16)
    wanted = np.zeros(GRID, np.float32)
    wish(error, worth, calm, age, np.full(GRID, 90, np.int16), 16.0, 5.0, wanted)
    often = np.minimum(1 + calm, 16)
    expected = np.where(age > 90, 5.0, np.minimum(error, worth) * often)
    assert wanted == pytest.approx(expected, rel=1e-5) and (age > 90).any()
