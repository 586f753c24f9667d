from __future__ import annotations

import numpy as np
import pytest

from tests.workers.temporal import plainly
from tests.workers.temporal.scenes import texture
from workers.media.frame_info import cells
from workers.temporal.motion_compensation import (
    HOPELESS_ERROR,
    States,
    blank_state,
    compensate,
    spread_edges,
)
from workers.temporal.motion_search import Hints, Motion, Planes, match
from workers.temporal.padding import MARGIN, bordered

SIZES = [(64, 48), (75, 53)]


def vectors(grid: tuple[int, int], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """In runs, as codecs' are; some whole, some none, some far outside."""
    rng = np.random.default_rng(seed)
    made = rng.integers(-9, 10, (2, *grid))
    made[:, rng.random(grid) < 0.3] = 0
    made[:, rng.random(grid) < 0.3] &= ~3
    made[:, rng.random(grid) < 0.1] *= 300
    made[:, :, 1::2] = made[:, :, : grid[1] // 2 * 2 : 2]
    return made[0].astype(np.int16), made[1].astype(np.int16)


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


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", [0, 1])
def test_compensation_is_what_is_said(scale: int, size: tuple[int, int], seed: int) -> None:
    width, height = size
    rng, grid = np.random.default_rng(seed), cells(*size)
    tall, wide = scale * height, scale * width
    inside = (
        slice(scale * MARGIN, scale * MARGIN + tall),
        slice(scale * MARGIN, scale * MARGIN + wide),
    )
    before, after = blank_state(*size, scale), blank_state(*size, scale)
    before[inside] = rng.integers(-255, 1021, (tall, wide))
    spread_edges(before, wide, tall, scale * MARGIN)
    residual = Motion.blank(*grid).residual
    residual[:, 7:-7] = np.pad(rng.integers(-255, 256, [8 * side for side in grid]), 1, mode="edge")
    plain = rng.integers(0, 256, (tall, wide)).astype(np.uint8)
    dx, dy = vectors(grid, seed)
    error, gain = rng.random(grid, np.float32), np.full(grid, 0.45, np.float32)
    dirty = np.ones(grid, np.uint8)
    resized = error > HOPELESS_ERROR * gain
    expected_error = np.where(resized, gain, error)
    out = np.zeros((tall // 2 * 2, wide // 2 * 2), np.uint8)
    motion = Motion(dx, dy, error, residual)
    compensate(States(before, after), motion, plain, (error, gain), scale, dirty, out)
    expected = plainly.predicted(
        before[inside], residual[1:-1, 8:-8], plain, dx, dy, resized, scale
    )
    cut = slice(out.shape[0]), slice(out.shape[1])
    assert np.array_equal(after[inside][cut], expected[0][cut])
    assert np.array_equal(out, expected[1][cut])
    assert np.array_equal(error, expected_error) and resized.any()


@pytest.mark.parametrize("size", SIZES)
def test_what_nothing_happens_to_is_left_alone(size: tuple[int, int]) -> None:
    width, height = size
    rng, grid, nothing = np.random.default_rng(2), cells(*size), np.zeros(cells(*size), np.int16)
    before, after = blank_state(*size, 2), blank_state(*size, 2)
    before[:] = rng.integers(-255, 1021, before.shape)
    plain = rng.integers(0, 256, (2 * height, 2 * width)).astype(np.uint8)
    dx = nothing.copy()
    dx[2, 3] = 4
    dirty = np.zeros(grid, np.uint8)
    out = np.full((2 * height, 2 * width), 99, np.uint8)
    error, gain = np.zeros((2, *grid), np.float32)
    motion = Motion(dx, nothing, error, Motion.blank(*grid).residual)
    compensate(States(before, after), motion, plain, (error, gain), 2, dirty, out)
    # A cell that moved, and those into which its difference is widened.
    expected = np.zeros(grid, np.uint8)
    expected[1:4, 2:5] = 1
    assert np.array_equal(dirty, expected)
    large = np.kron(expected, np.ones((16, 16), np.uint8))[: 2 * height, : 2 * width]
    assert (out[large == 0] == 99).all()
    inside = slice(2 * MARGIN, 2 * MARGIN + 2 * height), slice(2 * MARGIN, 2 * MARGIN + 2 * width)
    same = large == 0
    assert np.array_equal(after[inside][same], before[inside][same])
