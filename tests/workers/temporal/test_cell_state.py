from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


def test_a_blank_state_has_no_error_and_no_common_memory() -> None:
    made = CellState.blank(GRID)
    assert all(array.shape == GRID and not array.any() for array in made)
    made.error[:] = 1.0
    assert not made.gain.any() and not made.stable_age.any()
    assert made.age.dtype == np.int16


@pytest.mark.parametrize(
    ("quarters", "cell"), [(0, 0), (15, 0), (16, 1), (47, 1), (48, 2), (-17, -1)]
)
def test_a_vector_leads_to_the_cell_that_holds_most_of_the_content(
    quarters: int, cell: int
) -> None:
    was, now = CellState.blank(GRID), CellState.blank(GRID)
    was.age[:] = np.arange(GRID[1])
    motion = Motion.blank(*GRID)
    motion.dx[:] = quarters
    propagate(motion, 1.0, 1.0, was, now)
    middle = GRID[1] // 2
    assert now.age[4, middle] == middle + cell + 1


@pytest.mark.parametrize("vector", [(1 << 14, 0), (-(1 << 14), 0), (0, 1 << 14), (0, -(1 << 14))])
def test_a_vector_out_of_the_picture_takes_the_cell_at_the_edge(vector: tuple[int, int]) -> None:
    was, now = CellState.blank(GRID), CellState.blank(GRID)
    was.age[:] = np.arange(GRID[0] * GRID[1]).reshape(GRID)
    motion = Motion.blank(*GRID)
    motion.dx[:], motion.dy[:] = vector
    propagate(motion, 1.0, 1.0, was, now)
    ages = now.age - 1
    if vector[0]:
        assert (ages == was.age[:, [-1 if vector[0] > 0 else 0]]).all()
    else:
        assert (ages == was.age[[-1 if vector[1] > 0 else 0]]).all()


def test_ages_end_before_they_wrap_around() -> None:
    was, now = CellState.blank(GRID), CellState.blank(GRID)
    was.age[:] = 29_999
    for _ in range(5):
        propagate(Motion.blank(*GRID), 1.0, 1.0, was, now)
        was, now = now, was
    assert (was.age == 30_000).all()


def test_content_that_was_not_there_is_worth_the_usual_correction() -> None:
    """A squared residual of more than four times the gain and one level shows it."""
    for squares, gain in ((8.9, 2.0), (9.1, 6.0)):
        was, now = CellState.blank(GRID), CellState.blank(GRID)
        was.gain[:] = 2.0
        motion = Motion.blank(*GRID)
        motion.squares[:] = squares
        propagate(motion, 1.0, 6.0, was, now)
        assert (now.gain == gain).all()
        # What the net corrects more than usually stays what it is.
        propagate(motion, 1.0, 1.0, was, now)
        assert (now.gain == 2.0).all()


@given(st.floats(0.25, 4.0), st.just(0.0) | st.floats(1e-6, 20.0), st.integers(-40, 40))
@settings(max_examples=60, deadline=None)
def test_a_step_adds_error_in_proportion_to_the_learnt_factor(
    factor: float, squares: float, dx: int
) -> None:
    made = []
    for each in (1.0, factor):
        was, now = CellState.blank(GRID), CellState.blank(GRID)
        was.gain[:] = 3.0
        motion = Motion.blank(*GRID)
        motion.squares[:], motion.dx[:] = squares, dx
        propagate(motion, each, 3.0, was, now)
        made.append(float(now.error[0, 0]))
    assert made[1] == pytest.approx(factor * made[0], rel=1e-4, abs=1e-6)
    assert (made[0] > 0) == (squares > 0 or dx % 4 != 0)


@pytest.mark.parametrize("limit", [0, 1, 7, 16])
def test_weights_lie_between_half_of_the_limit_and_all_of_it(limit: int) -> None:
    state = CellState.blank(GRID)
    state.gain[:] = 4.0
    state.error[:] = np.linspace(0, 8, GRID[0] * GRID[1]).reshape(GRID)
    keep = np.zeros(GRID, np.uint8)
    blend_weights(state, limit, 0.1, keep)
    right = state.error < state.gain
    assert keep[0, 0] == limit and (keep[~right] == 0).all()
    assert (keep[right] >= limit // 2).all() and (np.diff(keep[right].astype(int)) <= 0).all()
