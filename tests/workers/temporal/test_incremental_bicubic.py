from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workers.temporal import plainly
from tests.workers.temporal.scenes import texture
from tests.workers.upscale import sited
from workers.media.frame_info import cells
from workers.temporal.incremental_bicubic import IncrementalBicubic, enlarge_region
from workers.temporal.padding import bordered
from workers.temporal.region_selection import Region

SIZES = [(64, 48), (61, 43), (5, 3), (130, 9)]


def noise(width: int, height: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width)).astype(np.uint8)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("size", SIZES)
def test_a_first_plane_is_all_made(scale: int, size: tuple[int, int]) -> None:
    plane, enlarger = noise(*size), IncrementalBicubic(*size, scale)
    assert enlarger.update(bordered(plane)).all()
    assert np.array_equal(enlarger.large, plainly.enlarged(plane, scale))


@pytest.mark.parametrize("scale", [1, 2, 3, 4, 5])
def test_it_is_bicubic(scale: int) -> None:
    plane, enlarger = texture(48, 64), IncrementalBicubic(64, 48, scale)
    enlarger.update(bordered(plane))
    expected = cv2.resize(plane, (64 * scale, 48 * scale), interpolation=cv2.INTER_CUBIC)
    apart = np.abs(enlarger.large.astype(int) - expected)
    assert apart.max() <= 1 and apart.mean() < 0.05


@pytest.mark.parametrize("siting", sorted(sited.OFFSET))
@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("size", SIZES)
def test_samples_may_lie_further_left(scale: int, size: tuple[int, int], siting: str) -> None:
    plane, enlarger = noise(*size), IncrementalBicubic(*size, scale, offset=sited.OFFSET[siting])
    enlarger.update(bordered(plane))
    assert np.abs(enlarger.large - sited.enlarged(plane, scale, siting)).max() < 0.8


def test_the_same_plane_changes_nothing() -> None:
    plane, enlarger = bordered(noise(61, 43)), IncrementalBicubic(61, 43, 2)
    enlarger.update(plane)
    assert not enlarger.update(plane.copy()).any()


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("size", SIZES)
def test_what_changed_is_made_anew_and_told(scale: int, size: tuple[int, int]) -> None:
    width, height = size
    enlarger, plane = IncrementalBicubic(*size, scale), noise(*size)
    enlarger.update(bordered(plane))
    rng = np.random.default_rng(1)
    for _ in range(40):
        before = enlarger.large.copy()
        plane = plane.copy()
        top, left = rng.integers(0, height), rng.integers(0, width)
        plane[top : top + rng.integers(1, 12), left : left + rng.integers(1, 12)] += 77
        changed = enlarger.update(bordered(plane))
        assert np.array_equal(enlarger.large, plainly.enlarged(plane, scale))
        side = 8 * scale
        for row, column in zip(*np.nonzero(changed == 0), strict=True):
            place = slice(side * row, side * row + side), slice(side * column, side * column + side)
            assert np.array_equal(enlarger.large[place], before[place])


def test_little_is_made_for_little() -> None:
    enlarger, plane = IncrementalBicubic(160, 96, 2), noise(160, 96)
    enlarger.update(bordered(plane))
    other = plane.copy()
    other[44, 84] ^= 1
    changed = enlarger.update(bordered(other))
    assert changed.shape == cells(160, 96)
    assert changed.sum() == 1 and changed[5, 10] == 1
    # At a corner the filter reaches three more cells.
    corner = other.copy()
    corner[48, 88] ^= 1
    assert np.argwhere(enlarger.update(bordered(corner))).tolist() == [
        [5, 10], [5, 11], [6, 10], [6, 11],
    ]  # fmt: skip


@pytest.mark.parametrize("level", [0, 1, 127, 254, 255])
@pytest.mark.parametrize("scale", [2, 3, 4, 5])
def test_a_flat_plane_stays_flat(level: int, scale: int) -> None:
    enlarger = IncrementalBicubic(33, 17, scale, offset=0.25)
    enlarger.update(bordered(np.full((17, 33), level, np.uint8)))
    assert (enlarger.large == level).all()


@settings(max_examples=60, deadline=None)
@given(
    st.integers(2, 4),
    st.lists(st.tuples(st.integers(0, 42), st.integers(0, 60), st.integers(0, 255)), max_size=12),
)
def test_single_samples_that_change_leave_no_trace_of_the_past(
    scale: int, changes: list[tuple[int, int, int]]
) -> None:
    plane, enlarger = noise(61, 43), IncrementalBicubic(61, 43, scale)
    enlarger.update(bordered(plane))
    for row, column, level in changes:
        plane = plane.copy()
        plane[row, column] = level
        changed = enlarger.update(bordered(plane))
        # At most the cell itself and those that the filter reaches from it.
        assert changed.sum() <= 4
    assert np.array_equal(enlarger.large, plainly.enlarged(plane, scale))


def test_a_short_gap_between_changes_is_made_with_them() -> None:
    enlarger, plane = IncrementalBicubic(160, 96, 2), noise(160, 96)
    enlarger.update(bordered(plane))
    other = plane.copy()
    other[20, 20] ^= 1
    other[20, 20 + 8 * 4] ^= 1
    other[20, 20 + 8 * 12] ^= 1
    changed = enlarger.update(bordered(other))
    # Cells 2 to 6 are one run; cell 14 is too far away.
    assert np.flatnonzero(changed[2]).tolist() == [2, 3, 4, 5, 6, 14]
    assert changed.sum() == 6


@pytest.mark.parametrize("scale", [2, 3])
@pytest.mark.parametrize(
    "region",
    [Region(0, 0, 8, 8), Region(8, 16, 24, 16), Region(40, 56, 8, 8), Region(0, 0, 48, 64)],
)
def test_a_region_is_what_the_whole_picture_has_there(region: Region, scale: int) -> None:
    width, height = 61, 43
    plane, enlarger = bordered(noise(width, height)), IncrementalBicubic(width, height, scale)
    enlarger.update(plane)
    rows = slice(scale * region.top, scale * (region.top + region.height))
    columns = slice(scale * region.left, scale * (region.left + region.width))
    there = enlarger.large[rows, columns]
    made = enlarge_region(plane, region, scale)
    assert made.shape == (scale * region.height, scale * region.width)
    assert np.array_equal(made[: there.shape[0], : there.shape[1]], there)
