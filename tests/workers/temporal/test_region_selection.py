from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.media.frame_info import CELL, cells
from workers.temporal import region_selection
from workers.temporal.region_selection import (
    CALL_OVERHEAD,
    MAX_REGIONS,
    Region,
    call_overhead,
    choose,
    pixels,
    prepared_sizes,
)

SIZE = (320, 180)
HALO = 7
ALL = 10**9
SMALLEST = (2 * CELL + 2 * HALO) ** 2
"""Samples of the smallest region that the net is given."""


def blank() -> np.ndarray:
    return np.zeros(cells(*SIZE), np.float32)


def picked(error: np.ndarray, price: float, most: int = ALL) -> list[Region]:
    return choose(error, price, halo=HALO, max_pixels=most)


def test_nothing_wrong_needs_nothing() -> None:
    assert picked(blank(), 1.0) == []


def test_one_cell_must_pay_for_its_halo_and_for_the_run_too() -> None:
    error = blank()
    error[10, 10] = 5.0
    alone = (SMALLEST + call_overhead(error.size)) / CELL**2
    assert picked(error, 1.01 * 5.0 / alone) == []
    # The smallest region that has a graph takes it in.
    assert picked(error, 0.99 * 5.0 / alone) == [Region(80, 80, 2 * CELL, 2 * CELL)]


def test_neighbours_share_one_halo() -> None:
    error = blank()
    error[5:9, 20:30] = 6.0
    # Sixteen cells wide is the next size that the net knows.
    assert picked(error, 1.0) == [Region(40, 160, 4 * CELL, 16 * CELL)]


def test_a_small_gap_is_crossed_and_a_large_one_is_not() -> None:
    error = blank()
    error[4:8, 4:9] = error[4:8, 10:16] = 8.0
    error[4:8, 30:34] = 8.0
    found = sorted(picked(error, 1.0), key=lambda each: each.left)
    assert found == [Region(32, 32, 32, 16 * CELL), Region(32, 240, 32, 32)]


def test_all_of_the_picture_is_one_region_of_whole_cells() -> None:
    error = blank()
    error[:] = 9.0
    assert picked(error, 1.0) == [Region(0, 0, 184, 320)]


def test_a_region_at_the_edge_is_widened_inwards() -> None:
    error = blank()
    error[18:23, 35:40] = 9.0
    assert picked(error, 1.0) == [Region(120, 256, 64, 64)]


def test_regions_have_few_sizes() -> None:
    sizes = set()
    for seed in range(400):
        rng = np.random.default_rng(seed)
        error = (rng.random(cells(*SIZE)) ** rng.integers(10, 400) * 20).astype(np.float32)
        sizes |= {(each.height, each.width) for each in picked(error, 0.5)}
    assert 10 < len(sizes) < 30


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.05, 5.0), st.integers(0, 40_000))
def test_work_stays_within_the_budget_and_the_picture(seed: int, price: float, most: int) -> None:
    rng = np.random.default_rng(seed)
    error = (rng.random(cells(*SIZE)) ** 4 * 10).astype(np.float32)
    before = error.copy()
    found = picked(error, price, most)
    assert np.array_equal(error, before)
    assert len(found) <= MAX_REGIONS
    # Counted by whole cells, which may reach beyond the picture.
    assert pixels(found, HALO) <= most
    for each in found:
        assert each.top % CELL == each.left % CELL == 0
        assert 0 < each.height <= 184 - each.top
        assert 0 < each.width <= SIZE[0] - each.left


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_whatever_is_dear_alone_is_covered(seed: int) -> None:
    rng = np.random.default_rng(seed)
    error = blank()
    dear = rng.random(error.shape) < 0.01
    error[dear] = 100.0
    covered = np.zeros(error.shape, bool)
    for each in picked(error, 1.0):
        covered[each.cells()] = True
    assert covered[dear].all() or dear.sum() > MAX_REGIONS


def plainly(error: np.ndarray, price: float, most: int) -> list[Region]:
    """The same search, looking at every cell and adding up everything each time."""
    rows, columns = error.shape
    left = error.astype(np.float64)
    sides = region_selection._sides(rows, HALO), region_selection._sides(columns, HALO)
    tall, wide = sides
    found: list[Region] = []
    rect, spent, overhead = np.empty(4, np.int32), 0, call_overhead(error.size)
    while len(found) < MAX_REGIONS and spent + tall[1] * wide[1] <= most and left.max() > 0.0:
        row, column = np.unravel_index(left.argmax(), left.shape)
        table = np.zeros((rows + 1, columns + 1))
        region_selection._tabulate(left, 0, table)
        rest = most - spent
        seed = (int(row), int(column))
        worth = region_selection._grow(left, table, seed, overhead, sides, rest, rect)
        if worth >= price:
            region_selection._extend(left, table, price, sides, rest, rect)
            region_selection._fill(rect, HALO, sides, rows, columns)
            found.append(Region(*(CELL * int(part) for part in rect)))
            spent += int(tall[rect[2]] * wide[rect[3]])
        left[rect[0] : rect[0] + rect[2], rect[1] : rect[1] + rect[3]] = 0.0
    return found


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 2.0), st.sampled_from([ALL, 60_000, 9_000]))
@settings(max_examples=40, deadline=None)
def test_stopping_early_and_adding_up_little_changes_nothing(
    seed: int, price: float, most: int
) -> None:
    rng = np.random.default_rng(seed)
    error = (rng.random(cells(*SIZE)) ** rng.integers(1, 9) * 4).astype(np.float32)
    if seed % 2:
        error = np.round(error) * (rng.random(error.shape) < 0.3).astype(np.float32)
    assert picked(error, price, most) == plainly(error, price, most)


def test_cells_of_a_region() -> None:
    assert Region(8, 16, 20, 8).cells() == (slice(1, 4), slice(2, 3))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_pixels_count_the_halo(count: int) -> None:
    assert pixels([Region(0, 0, 16, 32)] * count, 7) == count * 30 * 46


@given(*[st.integers(0, 400)] * 2, *[st.integers(1, 200)] * 2)
def test_a_region_has_the_cells_that_it_touches(
    top: int, left: int, height: int, width: int
) -> None:
    rows, columns = Region(top, left, height, width).cells()
    for part, first, size in ((rows, top, height), (columns, left, width)):
        assert CELL * part.start <= first < CELL * (part.start + 1)
        assert CELL * (part.stop - 1) < first + size <= CELL * part.stop


@pytest.mark.parametrize("count", [1, 2, 8, 17, 34, 60, 240])
@pytest.mark.parametrize("halo", [0, 7, 20])
def test_the_net_is_given_a_side_that_holds_the_cells_and_wastes_little(
    count: int, halo: int
) -> None:
    sides = region_selection._sides(count, halo)
    assert sides.shape == (count + 1,) and (np.diff(sides) >= 0).all()
    wanted = np.arange(1, count + 1) * CELL + 2 * halo
    assert (sides[1:] >= wanted).all() and sides[count] == count * CELL + 2 * halo
    # At most the next step, which is twice as long at worst.
    assert ((sides[1:] - wanted) <= np.maximum(0.5 * sides[1:], 3 * CELL)).all()


def test_graphs_are_prepared_for_the_regions_that_occur_most_and_not_for_the_whole() -> None:
    found = prepared_sizes(480, 270, HALO)
    assert found[0] == (2 * CELL + 2 * HALO, 2 * CELL + 2 * HALO) and len(found) == 22
    assert found[-1] == max(found, key=math.prod) == (24 * CELL + 2 * HALO, 32 * CELL + 2 * HALO)
    tall, wide = (region_selection._sides(count, HALO) for count in cells(480, 270))
    assert {height for height, _ in found} < set(tall.tolist())
    assert {width for _, width in found} < set(wide.tolist())
    assert max(height for height, _ in found) < tall[-1]
    # A picture as small as a region has none but itself.
    assert prepared_sizes(16, 16, HALO) == []


def test_a_call_is_charged_a_part_of_the_picture() -> None:
    assert call_overhead(0) == 0
    assert call_overhead(1000) == int(CALL_OVERHEAD * 64_000)


def test_without_a_budget_there_is_no_region_however_large_the_error() -> None:
    error = blank()
    error[:] = 1e6
    assert picked(error, 1.0, 0) == []
    assert picked(error, 1.0, SMALLEST - 1) == []
    assert picked(error, 1.0, SMALLEST) == [Region(0, 0, 2 * CELL, 2 * CELL)]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.05, 2.0))
def test_what_is_picked_is_worth_its_price(seed: int, price: float) -> None:
    rng = np.random.default_rng(seed)
    error = (rng.random(cells(*SIZE)) ** 6 * 9).astype(np.float32)
    left = error.astype(np.float64)
    for each in picked(error, price):
        worth = CELL**2 * left[each.cells()].sum()
        assert worth >= 0.999 * price * (pixels([each], HALO))
        left[each.cells()] = 0.0
