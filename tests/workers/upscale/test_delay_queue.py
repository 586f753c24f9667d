"""What waits for helpers, for how long, and what that time counts as."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from media.access_unit import AccessUnit
from tests.workers.clips import Clip, units
from tests.workers.upscale.plain_team import alone, team_frame
from workers.media.frame_task import FrameTask
from workers.media.route import Route
from workers.upscale.delay_queue import DelayQueue
from workers.upscale.team_frame import TeamFrame, TeamTask

MATCHED = alone(np.zeros((16, 16), np.uint8))


@pytest.fixture(scope="module")
def unit() -> AccessUnit:
    (made,) = units(Clip(width=64, height=48, frames=1))
    return made


@pytest.fixture
def queue() -> DelayQueue:
    return DelayQueue(8)


def task(unit: AccessUnit) -> FrameTask:
    return FrameTask(unit, Route.WORK, arrived=time.monotonic())


def held(unit: AccessUnit, for_s: float) -> tuple[TeamTask, TeamFrame]:
    team = team_frame(MATCHED, until=time.monotonic() + for_s)
    return TeamTask.of(task(unit), team), team


def test_without_a_team_frames_pass_in_order_and_are_never_held(
    queue: DelayQueue, unit: AccessUnit
) -> None:
    tasks = [task(unit) for _ in range(3)]
    for each in tasks:
        assert queue.put(each)
    time.sleep(0.02)  # what waits for the upscaler is not held on purpose
    assert [queue.get() for _ in tasks] == tasks
    assert [each.held_s for each in tasks] == [0.0] * 3


def test_a_frame_goes_on_when_its_results_are_there(queue: DelayQueue, unit: AccessUnit) -> None:
    one, team = held(unit, 30.0)
    queue.put(one)
    timer = threading.Timer(0.05, lambda: team.release(now=time.monotonic()))
    timer.start()
    assert queue.get() is one
    timer.join()
    assert 0.03 < one.held_s < 5.0


def test_a_frame_never_waits_beyond_its_deadline(queue: DelayQueue, unit: AccessUnit) -> None:
    one, _ = held(unit, 0.05)
    queue.put(one)
    begun = time.monotonic()
    assert queue.get() is one
    assert time.monotonic() - begun < 5.0
    assert one.held_s == pytest.approx(0.05, abs=0.02)


def test_frames_stay_in_order_and_waiting_behind_others_counts_as_held(
    queue: DelayQueue, unit: AccessUnit
) -> None:
    first, team = held(unit, 0.1)
    second, ready = held(unit, 30.0)
    third = task(unit)  # by now there is no team any more
    ready.release(now=time.monotonic())
    for each in (first, second, third):
        queue.put(each)
    assert [queue.get() for _ in range(3)] == [first, second, third]
    for each in (first, second, third):
        assert each.held_s >= team.released_at - each.queued - 1e-9
        assert each.held_s == pytest.approx(0.1, abs=0.02)
        assert each.due == pytest.approx(each.arrived + each.held_s)


def test_what_waits_for_a_busy_upscaler_is_late(queue: DelayQueue, unit: AccessUnit) -> None:
    one, _ = held(unit, 0.02)
    queue.put(one)
    time.sleep(0.1)
    assert queue.get() is one
    assert one.held_s == pytest.approx(0.02, abs=0.01)


def test_after_a_team_the_delay_goes_down(queue: DelayQueue, unit: AccessUnit) -> None:
    one, _ = held(unit, 0.04)
    queue.put(one)
    assert queue.get() is one
    time.sleep(0.2)
    last = task(unit)
    queue.put(last)
    assert queue.get() is last and last.held_s == 0.0


def test_close_frees_a_thread_that_waits_for_results(queue: DelayQueue, unit: AccessUnit) -> None:
    one, _ = held(unit, 30.0)
    queue.put(one)
    got: list[FrameTask | None] = []
    thread = threading.Thread(target=lambda: got.append(queue.get()))
    thread.start()
    time.sleep(0.02)
    queue.close()
    thread.join(10.0)
    assert got == [None]
    assert not queue.put(task(unit))


def test_closed_before_the_head_was_taken_it_holds_nothing(
    queue: DelayQueue, unit: AccessUnit
) -> None:
    one, _ = held(unit, 30.0)
    queue.put(one)
    queue.close()
    begun = time.monotonic()
    assert queue.get() is None
    assert time.monotonic() - begun < 5.0


def test_finish_gives_out_what_is_inside(queue: DelayQueue, unit: AccessUnit) -> None:
    one, _ = held(unit, 0.01)
    queue.put(one)
    queue.finish()
    assert queue.get() is one
    assert queue.get() is None
