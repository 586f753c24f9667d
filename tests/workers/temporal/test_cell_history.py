from __future__ import annotations

import numpy as np
import pytest

from workers.temporal.cell_history import KEY_FRAME_ERROR, PRIOR_GAIN, CellHistory
from workers.temporal.cell_state import CellState
from workers.temporal.motion_compensation import HOPELESS_ERROR
from workers.temporal.motion_search import Motion
from workers.temporal.region_selection import Region

GRID = (6, 10)


def still() -> Motion:
    return Motion.blank(*GRID)


def assert_same(one: CellState, other: CellState) -> None:
    assert np.array_equal(one.error, other.error) and np.array_equal(one.gain, other.gain)
    assert np.array_equal(one.age, other.age)
    assert np.array_equal(one.stable_age, other.stable_age)


@pytest.fixture
def history() -> CellHistory:
    """Of a picture that the net saw all of."""
    made = CellHistory(GRID)
    made.start_anew()
    made.evaluate()
    made.refresh(Region(0, 0, 48, 80))
    made.commit()
    return made


def test_it_begins_as_wrong_as_can_be() -> None:
    history = CellHistory(GRID)
    history.start_anew()
    assert (history.now.gain == PRIOR_GAIN).all()
    assert (history.now.error > HOPELESS_ERROR * history.now.gain).all()
    assert not history.now.age.any() and not history.now.stable_age.any()


def test_what_the_net_usually_corrects_stays_known(history: CellHistory) -> None:
    history.now.gain[:] = 9.0
    history.start_anew()
    assert history.usual_gain == 9.0


def test_a_region_that_the_net_saw_is_right_and_new(history: CellHistory) -> None:
    motion = still()
    motion.squares[:] = 4.0
    history.advance(motion, 1.0, is_key=False)
    assert (history.now.error == 1.0).all() and (history.now.age == 1).all()
    history.refresh(Region(8, 16, 16, 24))
    refreshed = np.zeros(GRID, bool)
    refreshed[1:3, 2:5] = True
    assert ((history.now.error == 0) == refreshed).all()
    assert ((history.now.age == 0) == refreshed).all()


def test_at_a_key_frame_all_loses_a_part_of_its_gain(history: CellHistory) -> None:
    history.advance(still(), 1.0, is_key=True)
    assert history.now.error == pytest.approx(KEY_FRAME_ERROR * PRIOR_GAIN)
    assert not history.evaluate()[1]


def test_a_picture_that_is_missed_leaves_the_state_before(history: CellHistory) -> None:
    before = history.copy()
    motion = still()
    motion.squares[:] = 30.0
    history.advance(motion, 1.0, is_key=False)
    history.swap()
    assert_same(history.now, before)


def test_a_cut_is_told_by_what_one_picture_adds(history: CellHistory) -> None:
    motion = still()
    motion.squares[:] = 1000.0
    history.advance(motion, 1.0, is_key=False)
    loss, is_cut = history.evaluate()
    assert is_cut and loss == pytest.approx(history.mean_gain)
    history.commit()
    # The loss of before is none of the next picture's.
    history.advance(still(), 1.0, is_key=False)
    assert not history.evaluate()[1]


def test_a_copy_is_taken_over_and_stays_its_own(history: CellHistory) -> None:
    motion = still()
    motion.squares[2:] = 3.0
    history.advance(motion, 1.0, is_key=False)
    kept, other = history.copy(), CellHistory(GRID)
    other.restore(kept)
    assert_same(other.now, history.now)
    other.refresh(Region(0, 0, 48, 80))
    assert isinstance(kept, CellState) and kept.error.any()
    # The state taken over is that of a finished picture: its loss is no cut.
    other.restore(kept)
    other.advance(still(), 1.0, is_key=False)
    assert not other.evaluate()[1]
