from __future__ import annotations

import numpy as np
import pytest

from workers.temporal.cell_state import (
    MAX_STABLE_CHANGE,
    CellState,
    blend_weights,
    expected_loss,
    propagate,
    refresh_priority,
)
from workers.temporal.motion_search import Motion

GRID = (9, 14)


def grids(seed: int, count: int) -> np.ndarray:
    return np.random.default_rng(seed).random((count, *GRID)).astype(np.float32)


def propagated(dx: int = 0, squares: float = 0.0, stable_age: float = 5.0) -> CellState:
    """The state after a step along vectors of that many quarters; errors are 1 before, gains 2."""
    was, now = CellState.blank(GRID), CellState.blank(GRID)
    was.error[:], was.gain[:], was.stable_age[:] = 1.0, 2.0, stable_age
    motion = Motion.blank(*GRID)
    motion.dx[:], motion.squares[:] = dx, squares
    propagate(motion, 1.0, 2.0, was, now)
    return now


def test_what_stands_still_stays_as_it_was_and_is_stable_for_longer() -> None:
    now = propagated()
    assert (now.error == 1.0).all() and (now.gain == 2.0).all()
    assert (now.age == 1).all() and (now.stable_age == 6.0).all()


def test_a_residual_and_a_fraction_of_a_sample_add_to_the_error() -> None:
    assert propagated(squares=0.4).error == pytest.approx(1.1)
    assert propagated(dx=2).error == pytest.approx(1.4)


def test_what_changes_is_not_stable() -> None:
    left = 6.0 * (1.0 - 0.1 / (2.0 * MAX_STABLE_CHANGE))
    assert propagated(squares=0.4).stable_age == pytest.approx(left, rel=1e-5)
    assert (propagated(squares=4.0).stable_age == 0.0).all()


def test_the_content_of_a_cell_brings_what_is_known_of_it() -> None:
    was, now = CellState.blank(GRID), CellState.blank(GRID)
    was.error[:], was.gain[:] = grids(0, 1)[0], 1.0
    motion = Motion.blank(*GRID)
    motion.dx[:] = 32
    propagate(motion, 1.0, 1.0, was, now)
    assert np.array_equal(now.error[:, :-1], was.error[:, 1:])


@pytest.mark.parametrize("seed", range(3))
def test_losses_weights_and_priorities_are_what_is_said(seed: int) -> None:
    error, gain, stable_age = grids(seed, 3)
    stable_age *= 30
    age = np.random.default_rng(seed).integers(0, 100, GRID).astype(np.int16)
    state = CellState(error, gain, age, stable_age)
    assert expected_loss(error, gain) == pytest.approx(np.minimum(error, gain).mean(), rel=1e-5)
    keep = np.full(GRID, 99, np.uint8)
    blend_weights(state, 7, 0.2, keep)
    said = 7 * (1 - error / (2 * np.maximum(gain, np.float32(0.2)))) + 0.5
    assert np.array_equal(keep, np.where(error < gain, said, 0).astype(np.uint8))
    priority = np.zeros(GRID, np.float32)
    refresh_priority(state, np.full(GRID, 90, np.int16), 16.0, 5.0, priority)
    lifetime = np.minimum(1 + stable_age, 16)
    expected = np.where(age > 90, 5.0, np.minimum(error, gain) * lifetime)
    assert priority == pytest.approx(expected, rel=1e-5) and (age > 90).any()
