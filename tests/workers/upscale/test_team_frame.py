from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from workers.temporal.cell_state import CellState
from workers.temporal.picture_match import PictureMatcher
from workers.temporal.region_selection import Region
from workers.upscale.team_frame import ComposedState, RegionResult, TeamFrame


def frame(until: float, **told: object) -> TeamFrame:
    matcher = PictureMatcher(16, 16)
    luma = matcher.border(np.zeros((16, 16), np.uint8))
    matched = matcher.match(luma, None, None, matcher.blank())
    return TeamFrame(7, matched, until=until, **told)  # type: ignore[arg-type]


def result(place: int, device: str = "a") -> RegionResult:
    return RegionResult(device, place, Region(0, 0, 8, 8), b"")


def test_results_come_out_as_they_were_planned() -> None:
    made = frame(10.0)
    assert made.add([result(2), result(0)]) and made.add([result(1, "b")])
    made.release(now=4.0)
    made.wait(now=5.0)
    assert [each.place for each in made.results] == [0, 1, 2]
    assert made.released_at == 4.0


def test_what_comes_after_the_wait_is_late() -> None:
    made = frame(10.0)
    assert made.add([result(0)])
    made.wait(now=11.0)  # the deadline has gone by, so it does not wait
    assert not made.add([result(1)])
    assert [each.place for each in made.results] == [0]
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
    assert not waited.is_alive() and len(made.results) == 1


def test_the_thread_waits_until_the_deadline_and_no_longer() -> None:
    begun = time.monotonic()
    made = frame(begun + 0.05)
    made.wait(now=begun)
    assert 0.04 < time.monotonic() - begun < 5.0
    assert made.released_at == pytest.approx(begun + 0.05)


def test_the_planner_is_told_of_the_cells() -> None:
    told: list[ComposedState] = []
    cells = CellState.blank((2, 2))
    frame(0.0, composed=told.append).tell_composed(cells, 1.5)
    assert told == [ComposedState(7, cells, 1.5)]
    frame(0.0).tell_composed(cells, 1.5)
