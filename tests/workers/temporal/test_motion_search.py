"""The choice of a vector for each cell, held against all that it could have been."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workers.temporal import plainly
from tests.workers.temporal.scenes import texture, vectors
from workers.media.frame_info import CELL, cells
from workers.temporal.motion_search import Hints, Motion, Planes, match
from workers.temporal.padding import bordered

SIZES = [(64, 48), (75, 53)]
STILL = 16


def padded(plane: np.ndarray) -> np.ndarray:
    """Up to whole cells."""
    return np.pad(plane, [(0, -side % 8) for side in plane.shape], mode="edge")


@pytest.mark.parametrize("size", SIZES)
def test_match_takes_the_best_of_what_there_is(size: tuple[int, int]) -> None:
    width, height = size
    wide = texture(height + 20, width + 20)
    before, now = wide[10 : 10 + height, 10 : 10 + width], wide[9 : 9 + height, 12 : 12 + width]
    now = now.copy()
    now[8:24, 16:40] = before[8:24, 16:40]
    grid = cells(*size)
    dx, dy = vectors(grid, 3)
    dx[:, ::3], dy[:, ::3] = 8, -4
    valid = np.random.default_rng(5).random(grid) < 0.8
    got_dx, got_dy = np.ones((2, *grid), np.int16)
    squares, residual = np.ones(grid, np.float32), Motion.blank(*grid).residual
    planes, found = (
        Planes(bordered(now), bordered(before)),
        Motion(got_dx, got_dy, squares, residual),
    )
    match(planes, Hints(dx, dy, valid), 16, found)
    left = padded(now) - plainly.fetched(padded(before), got_dx, got_dy, 8, 0, 255)
    assert np.array_equal(residual[1:-1, 8:-8], left)
    assert np.array_equal(residual[:, 7:-7], np.pad(left, 1, mode="edge"))
    rows, columns = grid
    mean = (left.reshape(rows, 8, columns, 8) ** 2).mean(axis=(1, 3))
    assert np.array_equal(squares, mean.astype(np.float32))
    for row, column in np.ndindex(grid):
        nothing = np.zeros(grid, np.int16)
        choices = [(nothing, nothing)]
        if valid[row, column]:
            choices.append((nothing + dx[row, column], nothing + dy[row, column]))
        if column > 0:
            choices.append((nothing + got_dx[row, column - 1], nothing + got_dy[row, column - 1]))
        if row > 0:
            choices.append((nothing + got_dx[row - 1, column], nothing + got_dy[row - 1, column]))
        place = slice(8 * row, 8 * row + 8), slice(8 * column, 8 * column + 8)
        sums = [
            ((padded(now) - plainly.fetched(padded(before), *each, 8, 0, 255))[place] ** 2).sum()
            for each in choices
        ]
        if sums[0] <= 16:
            assert got_dx[row, column] == 0 and got_dy[row, column] == 0
        # One vector must be better than another by more than what counts as still.
        assert 64 * mean[row, column] <= min(sums) + 16
    assert (got_dx[1:3, 2:5] == 0).all() and (got_dx == 8).mean() > 0.4


def searched(
    before: np.ndarray,
    now: np.ndarray,
    dx: int = 0,
    dy: int = 0,
    *,
    valid: bool = True,
    found: Motion | None = None,
) -> Motion:
    """The motion from one picture to the next, where every cell is given the same vector."""
    height, width = now.shape
    grid = cells(width, height)
    found = found or Motion.blank(*grid)
    hints = Hints(
        np.full(grid, dx, np.int16), np.full(grid, dy, np.int16), np.full(grid, valid, np.bool_)
    )
    match(Planes(bordered(now), bordered(before)), hints, STILL, found)
    return found


def test_blank_motion_stands_still_and_leaves_nothing() -> None:
    made = Motion.blank(6, 8)
    assert made.dx.shape == made.dy.shape == made.squares.shape == (6, 8)
    # A row more above and below, a cell more at either side.
    assert made.residual.shape == (6 * CELL + 2, (8 + 2) * CELL)
    assert not any(array.any() for array in made)


@pytest.mark.parametrize("size", SIZES)
def test_the_same_picture_needs_no_vector_whatever_is_given(size: tuple[int, int]) -> None:
    luma = texture(size[1], size[0])
    found = searched(luma, luma.copy(), 12, -8)
    assert not any(array.any() for array in found)


@pytest.mark.parametrize("valid", [True, False])
def test_a_pan_is_followed_where_its_vector_is_given(valid: bool) -> None:
    wide = texture(48, 80)
    before, now = wide[:, 8:72], wide[:, 5:69]
    found = searched(before, now, -12, 0, valid=valid)
    inside = np.s_[:, 1:]
    if valid:
        assert (found.dx[inside] == -12).all() and not found.dy.any()
        assert not found.squares[inside].any() and not found.residual[1:-1, 16:-8].any()
    else:
        assert not found.dx.any() and (found.squares > 1.0).mean() > 0.8


def test_one_cell_with_a_vector_gives_it_to_those_right_of_it_and_below() -> None:
    wide = texture(56, 80)
    before, now = wide[4:52, 8:72], wide[:48, 5:69]
    grid = cells(64, 48)
    dx, dy = np.zeros((2, *grid), np.int16)
    dx[1, 1], dy[1, 1] = -12, -16
    valid = np.zeros(grid, np.bool_)
    valid[1, 1] = True
    found = Motion.blank(*grid)
    match(Planes(bordered(now), bordered(before)), Hints(dx, dy, valid), STILL, found)
    assert (found.dx[1:, 1:] == -12).all() and (found.dy[1:, 1:] == -16).all()
    assert not found.dx[0].any() and not found.dx[:, 0].any()


def test_noise_below_the_bound_does_not_count_as_motion() -> None:
    luma = texture(48, 64)
    now = luma.copy()
    # Sixteen samples of a cell are one level off: just as much as counts as still.
    now[0:4, 0:4] += 1
    now[8:12, 8:13] += 1
    found = searched(luma, now, 4, 0)
    assert not found.dx.any() and not found.dy.any()
    assert found.squares[0, 0] == 16 / 64 and found.squares[1, 1] == 20 / 64
    # The residual is told all the same, since the prediction is corrected by it.
    assert found.residual[1:5, 8:12].sum() == 16 and found.residual.max() == 1


def test_a_vector_must_be_better_by_more_than_what_counts_as_still() -> None:
    before, now = np.zeros((2, 16, 16), np.uint8)
    # Standing still leaves 32; a cell further right is like it but for 16, just as much better.
    now[0:8, 0:4] = before[0:8, 8:10] = 1
    found = searched(before, now, 32, 0)
    assert found.squares[0, 0] == 32 / 64 and found.dx[0, 0] == 0
    before[0:8, 10] = 1
    found = searched(before, now, 32, 0)
    assert found.squares[0, 0] == 8 / 64 and found.dx[0, 0] == 32


def test_what_was_found_for_the_picture_before_is_replaced_everywhere() -> None:
    luma, other = texture(48, 64), texture(48, 64, 1)
    kept = searched(luma, other, 8, 8)
    assert kept.squares.all()
    again = searched(other, other.copy(), 8, 8, found=kept)
    assert again is kept and not any(array.any() for array in kept)


@pytest.mark.parametrize("vector", [(1 << 13, 0), (-(1 << 13), 1 << 13), (0, -(1 << 13))])
def test_a_vector_far_outside_finds_the_edge_and_nothing_else(vector: tuple[int, int]) -> None:
    before, now = texture(48, 64), texture(48, 64, 1)
    found = searched(before, now, *vector)
    dx, dy = (found.dx.astype(np.int16), found.dy.astype(np.int16))
    expected = now - plainly.fetched(before, dx, dy, 8, 0, 255)
    assert np.array_equal(found.residual[1:-1, 8:-8], expected)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(-40, 40), st.integers(-40, 40))
def test_no_choice_is_worse_than_standing_still(seed: int, dx: int, dy: int) -> None:
    rng = np.random.default_rng(seed)
    before = rng.integers(0, 256, (24, 32)).astype(np.uint8)
    now = np.clip(before + rng.integers(-9, 10, before.shape), 0, 255).astype(np.uint8)
    found = searched(before, now, dx, dy)
    apart = (now.astype(float) - before) ** 2
    still = apart.reshape(3, 8, 4, 8).mean(axis=(1, 3))
    assert (found.squares <= still + 1e-6).all()
    moved = (found.dx != 0) | (found.dy != 0)
    assert (64 * found.squares[moved] + STILL < 64 * still[moved]).all()
