from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.media.frame_info import CELL, cells
from workers.temporal.cell_state import CellState
from workers.temporal.refresh_planner import (
    FREE_FRACTION,
    MAX_AGE,
    MIN_PRICE,
    TILE,
    VISIBLE_PRICE,
    RefreshPlanner,
    _due_ages,
)
from workers.temporal.region_selection import pixels

SIZE, HALO, ALL = (320, 176), 7, 10**9
WHOLE = (SIZE[0] + 2 * HALO) * (SIZE[1] + 2 * HALO)


def state(error: float = 0.0, gain: float = 4.0) -> CellState:
    made = CellState.blank(cells(*SIZE))
    made.error[:], made.gain[:] = error, gain
    return made


def planned(given: CellState, most: int = ALL) -> float:
    """The fraction of the full net's work."""
    regions = RefreshPlanner(*SIZE, HALO).plan(given, float(given.gain.mean()), most)
    return pixels(regions, HALO) / WHOLE


def test_nothing_is_done_for_what_is_right() -> None:
    assert planned(state()) == 0.0


def test_all_is_done_for_what_is_seen_and_the_free_part_for_what_is_not() -> None:
    assert planned(state(error=2 * VISIBLE_PRICE)) == 1.0
    # Half of what is seen, but more than the least price; content that stays for one picture.
    assert 0.5 * FREE_FRACTION < planned(state(error=0.4, gain=1.0)) <= FREE_FRACTION


def test_the_budget_bounds_it() -> None:
    assert 0.0 < planned(state(error=3.0), most=WHOLE // 3) <= 1 / 3


def test_an_error_that_stays_comes_before_one_that_goes() -> None:
    given = state(error=1.0)
    given.stable_age[:, :20] = 20.0
    [first, *_] = RefreshPlanner(*SIZE, HALO).plan(given, 4.0, WHOLE // 3)
    assert first.left + first.width <= 20 * CELL


def test_a_tile_that_is_due_is_refreshed_whatever_its_estimate_says() -> None:
    given = state()
    due = _due_ages(cells(*SIZE))
    given.age[:TILE, :TILE] = due[0, 0] + 1
    [region] = RefreshPlanner(*SIZE, HALO).plan(given, 4.0, ALL)
    assert (region.top, region.left, region.height, region.width) == (0, 0, 32, 32)


def test_tiles_are_due_at_different_times() -> None:
    due = _due_ages(cells(*SIZE))
    assert due.min() >= MAX_AGE and due.max() <= 1.5 * MAX_AGE
    assert len(np.unique(due)) > 10
    assert (due[:TILE, :TILE] == due[0, 0]).all()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.01, 8.0), st.integers(0, 2 * WHOLE))
def test_no_plan_takes_more_than_its_budget(seed: int, gain: float, most: int) -> None:
    rng = np.random.default_rng(seed)
    given_ = state(gain=gain)
    given_.error[:] = rng.random(given_.error.shape) ** 4 * 3 * gain
    given_.age[:] = rng.integers(0, 2 * MAX_AGE, given_.age.shape)
    given_.stable_age[:] = rng.integers(0, 40, given_.age.shape)
    before = [array.copy() for array in given_]
    regions = RefreshPlanner(*SIZE, HALO).plan(given_, gain, most)
    assert pixels(regions, HALO) <= most
    # Planning only looks.
    assert all(
        np.array_equal(one, np.asarray(now)) for one, now in zip(before, given_, strict=True)
    )


def test_a_planner_gives_the_same_plan_whatever_it_planned_before() -> None:
    fresh, used = RefreshPlanner(*SIZE, HALO), RefreshPlanner(*SIZE, HALO)
    other, wanted = state(error=9.0), state(error=0.0)
    wanted.error[4:9, 10:30] = 3.0
    used.plan(other, 4.0, ALL)
    assert used.plan(wanted, 4.0, ALL) == fresh.plan(wanted, 4.0, ALL) != []


def test_errors_below_what_anybody_sees_are_left() -> None:
    # Each is seen for sixteen pictures, and still below the least price.
    given_ = state(error=MIN_PRICE / 40, gain=0.01)
    given_.stable_age[:] = 100.0
    assert planned(given_) == 0.0


def test_an_error_counts_at_most_as_what_there_is_to_lose() -> None:
    assert planned(state(error=1000.0, gain=0.001)) == 0.0


def test_the_worst_comes_first() -> None:
    given_ = state()
    given_.error[2:6, 4:9], given_.error[14:18, 30:36] = 2.0, 4.0
    first, *_ = RefreshPlanner(*SIZE, HALO).plan(given_, 4.0, ALL)
    assert first.top >= 14 * CELL - 32 and first.left >= 24 * CELL


def test_a_lower_price_and_a_larger_free_part_do_more() -> None:
    given = state(error=0.4, gain=4.0)
    usual = RefreshPlanner(*SIZE, HALO)
    assert usual.plan(given, 4.0, ALL) == []
    few = usual.plan(given, 4.0, ALL, price_of_gain=0.05)
    assert 0 < pixels(few, HALO) <= FREE_FRACTION * WHOLE
    free = RefreshPlanner(*SIZE, HALO, free_fraction=1.0)
    assert pixels(free.plan(given, 4.0, ALL, price_of_gain=0.05), HALO) > 2 * pixels(few, HALO)
