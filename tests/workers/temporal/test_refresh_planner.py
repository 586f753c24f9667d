from __future__ import annotations

import numpy as np

from workers.media.frame_info import CELL, cells
from workers.temporal.cell_state import CellState
from workers.temporal.refresh_planner import (
    FREE_FRACTION,
    MAX_AGE,
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
