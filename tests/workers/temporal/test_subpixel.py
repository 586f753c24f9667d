from __future__ import annotations

import numpy as np
import pytest

from tests.workers.temporal import plainly
from workers.temporal.subpixel import SAMPLES, STATES, fetch, run_end


@pytest.mark.parametrize("vector", [(0, 0), (4, -8), (1, 0), (0, 3), (2, 2), (-7, 5), (900, -900)])
def test_a_block_is_what_the_filter_says(vector: tuple[int, int]) -> None:
    inside = np.random.default_rng(0).integers(0, 256, (32, 40)).astype(np.uint8)
    plane = np.pad(inside, 16, mode="edge")
    out, lines = np.zeros((8, 8), np.int16), np.zeros((13, 8), np.int16)
    fetch(plane, (16 + 8, 16 + 16, 8, 8), vector, SAMPLES, lines, out, (0, 0))
    grid = np.full((4, 5), vector[0], np.int16), np.full((4, 5), vector[1], np.int16)
    expected = plainly.fetched(inside, *grid, 8, 0, 255)[8:16, 16:24]
    assert np.array_equal(out, expected)


def test_states_are_bounded_by_what_they_can_be() -> None:
    plane = np.where(np.indices((40, 40)).sum(axis=0) % 7 < 3, -255, 1020).astype(np.int16)
    out, lines = np.zeros((12, 12), np.int16), np.zeros((13, 8), np.int16)
    fetch(plane, (16, 16, 8, 8), (2, 2), STATES, lines, out, (2, 3))
    assert out.min() >= -255 and out.max() <= 1020 and (out[:2] == 0).all()


def test_a_run_ends_with_its_vector_the_columns_or_the_plane() -> None:
    dx = np.array([[4, 4, 4, 8, 8]], np.int16)
    dy = np.zeros_like(dx)
    assert run_end(dx, dy, 0, (0, 5), 10, 8, 1000) == 3
    assert run_end(dx, dy, 0, (0, 2), 10, 8, 1000) == 2
    assert run_end(dx, dy, 0, (3, 5), 10, 8, 1000) == 5
    assert run_end(dx, dy, 0, (0, 5), 10, 8, 10 + 16 + 3) == 2
    assert run_end(dx, dy, 0, (0, 5), 1, 8, 1000) == 1
