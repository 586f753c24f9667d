from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workers.temporal import plainly
from workers.temporal.padding import MARGIN
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


def fetched(
    inside: np.ndarray, vector: tuple[int, int], place: tuple[int, int] = (8, 16), side: int = 8
) -> np.ndarray:
    """A block of a plane of bytes, displaced by the vector."""
    plane = np.pad(inside, MARGIN, mode="edge")
    out, lines = np.full((side, side), 999, np.int16), np.zeros((side + 5, side), np.int16)
    area = (MARGIN + place[0], MARGIN + place[1], side, side)
    fetch(plane, area, vector, SAMPLES, lines, out, (0, 0))
    return out


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 99), st.integers(-(1 << 14), 1 << 14), st.integers(-(1 << 14), 1 << 14))
def test_any_vector_finds_what_the_plane_going_on_for_ever_would_give(
    seed: int, dx: int, dy: int
) -> None:
    inside = np.random.default_rng(seed).integers(0, 256, (32, 40)).astype(np.uint8)
    grid = np.full((4, 5), dx, np.int16), np.full((4, 5), dy, np.int16)
    expected = plainly.fetched(inside, *grid, 8, 0, 255)
    assert np.array_equal(fetched(inside, (dx, dy)), expected[8:16, 16:24])


@pytest.mark.parametrize("level", [0, 1, 100, 255])
def test_a_flat_plane_stays_flat_between_its_samples(level: int) -> None:
    inside = np.full((32, 40), level, np.uint8)
    for dx in range(4):
        for dy in range(4):
            assert (fetched(inside, (dx, dy)) == level).all()


@pytest.mark.parametrize("vector", [(-8, 4), (12, 0), (0, -4)])
def test_whole_samples_are_copied_and_not_filtered(vector: tuple[int, int]) -> None:
    inside = np.random.default_rng(3).integers(0, 256, (32, 40)).astype(np.uint8)
    dx, dy = vector[0] // 4, vector[1] // 4
    assert np.array_equal(fetched(inside, vector), inside[8 + dy : 16 + dy, 16 + dx : 24 + dx])


@pytest.mark.parametrize("quarter", [1, 2, 3])
def test_a_slope_is_met_between_its_samples(quarter: int) -> None:
    inside = np.tile(np.arange(40, dtype=np.uint8) * 4, (32, 1))
    across = fetched(inside, (quarter, 0))
    # Four levels a sample: one for each quarter.
    assert np.array_equal(across, inside[8:16, 16:24] + quarter)
    down = fetched(np.ascontiguousarray(inside[:, :32].T), (0, quarter), (16, 8))
    assert np.array_equal(down, across.T)


def test_filtering_across_and_down_mirror_each_other() -> None:
    inside = np.random.default_rng(5).integers(0, 256, (32, 32)).astype(np.uint8)
    for quarter in (1, 2, 3):
        right = fetched(inside, (quarter, 0), (8, 8))
        mirrored = fetched(np.ascontiguousarray(inside[:, ::-1]), (-quarter, 0), (8, 16))
        assert np.array_equal(right, mirrored[:, ::-1])


def test_an_edge_overshoots_no_further_than_a_sample_can() -> None:
    inside = np.where(np.arange(40) < 20, 0, 255).astype(np.uint8) * np.ones((32, 1), np.uint8)
    made = fetched(inside, (2, 0))
    assert made.min() == 0 and made.max() == 255
    assert ((made > 0) & (made < 255)).any()


def test_a_block_is_written_where_it_belongs_and_nowhere_else() -> None:
    plane = np.pad(np.full((32, 40), 9, np.uint8), MARGIN, mode="edge")
    for vector in ((0, 0), (1, 0), (0, 1), (3, 3)):
        out, lines = np.zeros((20, 30), np.int16), np.zeros((13, 16), np.int16)
        fetch(plane, (MARGIN, MARGIN, 8, 16), vector, SAMPLES, lines, out, (5, 7))
        expected = np.zeros_like(out)
        expected[5:13, 7:23] = 9
        assert np.array_equal(out, expected)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(-2, 2), min_size=6, max_size=6), st.integers(0, 5), st.integers(-9, 60))
def test_a_run_has_one_vector_and_can_be_fetched_at_once(steps: list[int], at: int, x: int) -> None:
    dx = np.array([steps], np.int16)
    dy = dx // 2
    end = run_end(dx, dy, 0, (at, 6), x, 8, 64)
    assert at < end <= 6
    assert len(set(dx[0, at:end].tolist())) == 1
    if end > at + 1:
        assert x >= 2 and x + 8 * (end - at) + 3 <= 64
