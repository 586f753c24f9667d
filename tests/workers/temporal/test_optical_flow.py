"""Motion that is measured on pixels, for codecs that tell none."""

from __future__ import annotations

import numpy as np
import pytest

from tests.workers.temporal.scenes import texture
from workers.media.frame_info import Source, cells
from workers.temporal.optical_flow import MAX_VECTOR, MIN_SIDE, FlowMotion, has_flow


def panned(width: int, height: int, dx: int, dy: int) -> tuple[np.ndarray, np.ndarray]:
    """Two pictures: what is at (x, y) in the second was at (x + dx, y + dy) in the first."""
    wide = texture(height + 32, width + 32)
    return wide[16 : 16 + height, 16 : 16 + width], wide[16 + dy :, 16 + dx :][:height, :width]


@pytest.mark.parametrize("size", [(160, 96), (161, 99)])
@pytest.mark.parametrize(("dx", "dy"), [(0, 0), (3, 0), (-2, 4), (1, -1)])
def test_a_pan_is_found_in_our_direction(size: tuple[int, int], dx: int, dy: int) -> None:
    motion = FlowMotion().between(*panned(*size, dx, dy))
    assert motion.dx.shape == motion.dy.shape == motion.valid.shape == cells(*size)
    assert motion.source is Source.FLOW and motion.valid.all()
    inside = np.s_[2:-2, 2:-2]
    # In quarter samples; the search is exact to about half a sample.
    assert np.abs(motion.dx[inside] - 4 * dx).mean() < 1.5
    assert np.abs(motion.dy[inside] - 4 * dy).mean() < 1.5


def test_grids_are_packed_and_short_as_the_loops_want_them() -> None:
    motion = FlowMotion().between(*panned(160, 96, 2, 1))
    for grid in (motion.dx, motion.dy):
        assert grid.dtype == np.int16 and grid.flags.c_contiguous
    assert motion.valid.dtype == np.bool_


def test_planes_may_be_parts_of_larger_ones() -> None:
    before, now = panned(160, 96, 3, 0)
    assert not before.flags.c_contiguous
    packed = FlowMotion().between(before.copy(), now.copy())
    assert np.array_equal(FlowMotion().between(before, now).dx, packed.dx)


@pytest.mark.parametrize(
    ("size", "found"),
    [
        ((MIN_SIDE, MIN_SIDE), True),
        ((MIN_SIDE - 1, 1000), False),
        ((1000, MIN_SIDE - 1), False),
        ((1, 1), False),
    ],
)
def test_in_small_pictures_nothing_is_looked_for(size: tuple[int, int], found: bool) -> None:
    assert has_flow(*size) is found
    luma = np.random.default_rng(0).integers(0, 256, size[::-1]).astype(np.uint8)
    motion = FlowMotion().between(luma, luma)
    assert motion.valid.all() == motion.valid.any() == found
    assert motion.dx.shape == cells(*size) and motion.source is Source.FLOW


def test_a_cut_gives_no_vector_that_is_longer_than_the_bound() -> None:
    for seed in range(4):
        motion = FlowMotion().between(texture(96, 160, seed), 255 - texture(96, 160, seed + 9))
        assert np.abs(motion.dx[motion.valid]).max(initial=0) < 4 * MAX_VECTOR
        # What is not believed is bounded too: it is read by loops that look at no bounds.
        assert max(np.abs(motion.dx).max(), np.abs(motion.dy).max()) <= 4 * MAX_VECTOR


def test_one_search_serves_pictures_of_several_sizes() -> None:
    search = FlowMotion()
    for size in ((160, 96), (64, 48), (160, 96)):
        motion = search.between(*panned(*size, 1, 0))
        assert motion.dx.shape == cells(*size)
