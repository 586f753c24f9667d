from __future__ import annotations

import numpy as np
import pytest

from tests.workers.temporal import plainly
from tests.workers.temporal.scenes import vectors
from workers.media.frame_info import cells
from workers.temporal.motion_compensation import (
    HOPELESS_ERROR,
    States,
    blank_state,
    compensate,
    spread_edges,
)
from workers.temporal.motion_search import Motion
from workers.temporal.padding import MARGIN

SIZES = [(64, 48), (75, 53)]


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
