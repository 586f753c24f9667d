from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from tests.workers.clips import Clip, picture, units
from tests.workers.upscale.plain_team import alone, cut, encode, team_frame
from workers.media.frame_task import FrameTask
from workers.media.picture import Plane
from workers.media.route import Route
from workers.temporal.cell_state import CellState
from workers.temporal.region_selection import Region
from workers.upscale.team_frame import (
    ComposedState,
    RegionResult,
    TeamFrame,
    TeamTask,
    team_of,
    visible_samples,
)

LARGE = np.arange(32 * 32, dtype=np.uint8).reshape(32, 32)
PLAIN = np.full((32, 32), 7, np.uint8)


def frame(until: float = 10.0) -> TeamFrame:
    return team_frame(alone(np.zeros((16, 16), np.uint8)), number=7, until=until)


def result(place: int, device: str = "a") -> RegionResult:
    region = Region(0, 8 * (place % 2), 8, 8)
    return RegionResult(device, place, region, encode(cut(LARGE, region), cut(PLAIN, region)))


def plain(region: Region) -> Plane:
    return cut(PLAIN, region)


def places(made: TeamFrame) -> list[int]:
    return [each.place for each, _ in made.decoded(plain)]


def test_results_come_out_as_they_were_planned() -> None:
    made = frame()
    assert made.add([result(2), result(0)]) and made.add([result(1, "b")])
    made.release(now=4.0)
    made.wait(now=5.0)
    assert places(made) == [0, 1, 2]
    assert made.released_at == 4.0
    for each, luma in made.decoded(plain):
        assert np.array_equal(luma, cut(LARGE, each.region))


def test_what_comes_after_the_wait_is_late() -> None:
    made = frame(10.0)
    assert made.add([result(0)])
    made.wait(now=11.0)  # the deadline has gone by, so it does not wait
    assert not made.add([result(1)])
    assert places(made) == [0]
    assert made.released_at == 10.0


def test_a_release_counts_once_and_never_as_later_than_the_deadline() -> None:
    made = frame(10.0)
    made.release(now=12.0)
    made.release(now=3.0)
    assert made.released_at == 10.0


def test_the_thread_waits_for_the_release_and_no_longer() -> None:
    made = frame(time.monotonic() + 30.0)
    waited = threading.Thread(target=lambda: made.wait(now=time.monotonic()))
    waited.start()
    assert made.add([result(0)])
    made.release(now=time.monotonic())
    waited.join(10.0)
    assert not waited.is_alive() and places(made) == [0]


def test_the_thread_waits_until_the_deadline_and_no_longer() -> None:
    begun = time.monotonic()
    made = frame(begun + 0.05)
    made.wait(now=begun)
    assert 0.04 < time.monotonic() - begun < 5.0
    assert made.released_at == pytest.approx(begun + 0.05)


def test_a_result_that_cannot_be_read_is_counted_and_left_out() -> None:
    made = frame()
    made.add([RegionResult("a", 0, Region(0, 0, 8, 8), b"damaged"), result(1)])
    assert places(made) == [1]
    assert made.unreadable == 1


def test_the_planner_is_told_of_the_cells() -> None:
    told: list[ComposedState] = []
    cells = CellState.blank((2, 2))
    matched = alone(np.zeros((16, 16), np.uint8))
    team_frame(matched, number=7, composed=told.append).tell_composed(cells, 1.5)
    assert told == [ComposedState(7, cells, 1.5)]


def test_a_task_becomes_a_teams_and_stays_the_same() -> None:
    (unit,) = units(Clip(width=64, height=48, frames=1))
    task = FrameTask(unit, Route.WORK, arrived=3.0, picture=picture(0, 64, 48))
    team = frame()
    made = TeamTask.of(task, team)
    assert team_of(made) is team and team_of(task) is None
    assert (made.unit, made.route, made.arrived) == (unit, Route.WORK, 3.0)
    assert made.picture is task.picture and made.stamps is task.stamps
    assert isinstance(made.copy_for(Route.WORK), TeamTask)


def test_a_region_counts_as_far_as_it_lies_in_the_picture() -> None:
    assert visible_samples(Region(0, 0, 16, 24), 100, 50) == 16 * 24
    assert visible_samples(Region(40, 96, 16, 8), 100, 50) == 10 * 4
