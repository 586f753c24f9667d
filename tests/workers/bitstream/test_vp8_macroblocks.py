"""Grids of macroblocks, and their motion on cells of half their side."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.bitstream.vp8_macroblocks import (
    ALTREF,
    GOLDEN,
    INTRA,
    LAST,
    Grid,
    fill_cells,
    new_grid,
)

ALL = [False, True, True, True]
"""Every reference but the own picture holds the picture shown last."""


def filled(grid: Grid, usable: list[bool] = ALL) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dx, dy and valid of all cells."""
    rows, columns = (2 * side for side in grid.segments.shape)
    dx, dy = np.full((2, rows, columns), 77, np.int16)
    valid = np.ones((rows, columns), np.bool_)
    fill_cells(grid, np.array(usable), dx, dy, valid)
    return dx, dy, valid


def inter(rows: int = 2, columns: int = 3, reference: int = LAST) -> Grid:
    grid = new_grid(rows, columns)
    grid.references[1:, 1:] = reference
    return grid


@pytest.mark.parametrize("size", [(0, 0), (1, 1), (17, 30)])
def test_a_new_grid_is_zero_with_a_border_above_and_to_the_left(size: tuple[int, int]) -> None:
    rows, columns = size
    grid = new_grid(rows, columns)
    assert grid.segments.shape == grid.skipped.shape == size
    assert grid.references.shape == grid.splits.shape == (1 + rows, 1 + columns)
    assert grid.vectors.shape == (4 + 4 * rows, 4 + 4 * columns, 2)
    assert not any(array.any() for array in grid)


def test_all_cells_of_a_whole_macroblock_have_its_vector() -> None:
    grid = inter()
    grid.vectors[4:8, 8:12] = (-5, 9)
    dx, dy, valid = filled(grid)
    assert valid.all()
    assert dx.tolist() == [[0, 0, 9, 9, 0, 0]] * 2 + [[0] * 6] * 2
    assert dy.tolist() == [[0, 0, -5, -5, 0, 0]] * 2 + [[0] * 6] * 2


@pytest.mark.parametrize("reference", [INTRA, LAST, GOLDEN, ALTREF])
def test_motion_counts_only_where_the_reference_is_the_picture_shown_last(reference: int) -> None:
    grid = inter(reference=reference)
    grid.vectors[:] = 3
    for held in range(4):
        usable = [index == held for index in range(4)]
        dx, dy, valid = filled(grid, usable)
        assert valid.all() == valid.any() == (held == reference)
        assert set(dx.flat) == set(dy.flat) == ({3} if held == reference else {0})


def test_a_cell_of_a_split_macroblock_takes_the_vector_nearest_to_the_others() -> None:
    grid = inter(1, 1)
    grid.splits[1, 1] = True
    # Three alike and one far away, then all different.
    grid.vectors[4:6, 4:6] = [[[0, 8], [0, 8]], [[40, 40], [0, 8]]]
    grid.vectors[4:6, 6:8] = [[[0, 0], [0, 10]], [[0, 4], [0, 30]]]
    dx, dy, _ = filled(grid)
    assert (dx[0, 0], dy[0, 0]) == (8, 0)
    # 10 is 10 + 6 + 20 away from the others, 4 is 4 + 6 + 26: the first of them wins.
    assert (dx[0, 1], dy[0, 1]) == (10, 0)


@settings(deadline=None)
@given(st.lists(st.tuples(*[st.integers(-4096 * 4, 4096 * 4)] * 2), min_size=4, max_size=4))
def test_the_chosen_vector_is_one_of_the_four_and_no_other_is_nearer(
    vectors: list[tuple[int, int]],
) -> None:
    grid = inter(1, 1)
    grid.splits[1, 1] = True
    grid.vectors[4:6, 4:6] = np.array(vectors).reshape(2, 2, 2)
    dx, dy, _ = filled(grid)
    chosen = (int(dy[0, 0]), int(dx[0, 0]))
    sums = [sum(abs(y - b) + abs(x - a) for b, a in vectors) for y, x in vectors]
    assert chosen in vectors
    assert sums[vectors.index(chosen)] == min(sums)


def test_a_vector_of_a_block_counts_only_where_the_macroblock_is_split() -> None:
    grid = inter(1, 1)
    grid.vectors[4:6, 4:6] = [[[0, 1], [0, 2]], [[0, 2], [0, 2]]]
    assert filled(grid)[0][0, 0] == 1
    grid.splits[1, 1] = True
    assert filled(grid)[0][0, 0] == 2


def test_a_picture_may_have_fewer_cells_than_its_macroblocks_cover() -> None:
    grid = inter(2, 2)
    grid.vectors[4:, 4:] = (1, 2)
    dx, dy = np.zeros((2, 3, 3), np.int16)
    valid = np.zeros((3, 3), np.bool_)
    fill_cells(grid, np.array(ALL), dx, dy, valid)
    assert valid.all() and (dx == 2).all() and (dy == 1).all()
