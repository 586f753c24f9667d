"""Grids of cells: how many a picture has, and what a frame's information holds."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.media.frame_info import CELL, CodecInfo, MotionGrid, Source, cells


@pytest.mark.parametrize(
    ("size", "grid"),
    [
        ((8, 8), (1, 1)),
        ((1, 1), (1, 1)),
        ((9, 8), (1, 2)),
        ((8, 9), (2, 1)),
        ((480, 270), (34, 60)),
        ((1920, 1088), (136, 240)),
        ((0, 0), (0, 0)),
    ],
)
def test_a_picture_has_as_many_cells_as_cover_it(
    size: tuple[int, int], grid: tuple[int, int]
) -> None:
    assert cells(*size) == grid


@settings(deadline=None)
@given(st.integers(1, 4096), st.integers(1, 4096))
def test_the_last_row_and_column_are_needed_and_suffice(width: int, height: int) -> None:
    rows, columns = cells(width, height)
    assert CELL * (rows - 1) < height <= CELL * rows
    assert CELL * (columns - 1) < width <= CELL * columns


def test_a_frame_of_which_the_codec_tells_nothing_has_no_grids() -> None:
    info = CodecInfo(is_key=True, coded_bytes=7)
    assert (info.motion, info.qp, info.skipped, info.residual) == (None, None, None, None)


def test_information_is_completed_by_a_copy_and_never_in_place() -> None:
    info = CodecInfo(is_key=False, coded_bytes=7)
    grid = cells(16, 8)
    dx, dy = np.zeros((2, *grid), np.int16)
    motion = MotionGrid(dx, dy, np.ones(grid, np.bool_), Source.FLOW)
    completed = dataclasses.replace(info, motion=motion)
    assert completed.motion is motion and info.motion is None
    with pytest.raises(dataclasses.FrozenInstanceError):
        info.motion = motion  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        motion.source = Source.BITSTREAM  # type: ignore[misc]
