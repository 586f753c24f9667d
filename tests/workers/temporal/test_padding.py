"""Planes with room around them."""

from __future__ import annotations

import numpy as np
import pytest

from workers.media.frame_info import CELL
from workers.temporal.padding import MARGIN, bordered


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (9, 17), (54, 96), (270, 480)])
def test_the_edge_goes_on_for_ever_and_up_to_whole_cells(size: tuple[int, int]) -> None:
    plane = np.random.default_rng(1).integers(0, 256, size, np.uint8)
    made = bordered(plane)
    rows = np.clip(np.arange(made.shape[0]) - MARGIN, 0, size[0] - 1)
    columns = np.clip(np.arange(made.shape[1]) - MARGIN, 0, size[1] - 1)
    assert np.array_equal(made, plane[np.ix_(rows, columns)])
    for side, large in zip(size, made.shape, strict=True):
        assert large % CELL == 0 and large - side >= 2 * MARGIN
        assert large - side < 2 * MARGIN + CELL


def test_it_is_a_packed_copy_of_any_plane() -> None:
    plane = np.random.default_rng(2).integers(0, 256, (20, 64), np.uint8)[:, ::2]
    made = bordered(plane)
    assert made.flags.c_contiguous and made.dtype == np.uint8
    before = made.copy()
    plane[:] = 0
    assert np.array_equal(made, before)
