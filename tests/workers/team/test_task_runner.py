"""The thread that does tasks: order, refusals, and its end. The net is known exactly."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator

import pytest

from workers.engines.engine_lock import EngineLock
from workers.team.recent_pictures import RecentPictures
from workers.team.region_maker import RegionMaker
from workers.team.task_queue import MAX_WAITING_TASKS, HelperTask, TaskRefusal, TeamKey
from workers.team.task_runner import FinishedTask, TaskRunner
from workers.temporal.region_selection import Region
from workers.upscale.region_net import RegionNet

from .teamwork import MODEL, TEAM, KnownNet, fails, kept, maker, picture, task

OTHER = TeamKey("cam1", "sharp", "lead")


class Bench:
    """A runner and what comes out of it."""

    def __init__(self) -> None:
        self.lock = EngineLock(1)
        self.ended: list[FinishedTask] = []
        self.ready: list[TeamKey] = []
        self._grew = threading.Condition()
        self.session = KnownNet()
        self.runner = TaskRunner("w1", self.lock, finished=self._note, ready=self._note_ready)

    def _note(self, finished: FinishedTask) -> None:
        with self._grew:
            self.ended.append(finished)
            self._grew.notify_all()

    def _note_ready(self, team: TeamKey) -> None:
        with self._grew:
            self.ready.append(team)
            self._grew.notify_all()

    def begin(self, *sequences: int, team: TeamKey = TEAM) -> RegionMaker:
        """Adds a team whose pictures of these units are there, and waits until it is ready."""
        made = maker(self.session, *sequences)
        locked = self.lock.wrap_dynamic(self.session, is_last=True)
        made = RegionMaker(made.pictures, RegionNet(MODEL, locked), strength=0.0)
        self.runner.add(team, made)
        with self._grew:
            assert self._grew.wait_for(lambda: team in self.ready, 10)
        self.session.entered.clear()
        return made

    def put(
        self,
        number: int,
        sequence: int,
        *regions: Region,
        left_s: float = 5.0,
    ) -> HelperTask:
        made = task(number, sequence, *regions, deadline=time.monotonic() + left_s)
        self.runner.put(made)
        return made

    def until(self, count: int) -> list[FinishedTask]:
        with self._grew:
            assert self._grew.wait_for(lambda: len(self.ended) >= count, 10), self.ended
        return self.ended

    def outcomes(self, count: int) -> dict[int, TaskRefusal | None]:
        return {each.task.number: each.refusal for each in self.until(count)}


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    made.runner.start()
    yield made
    made.session.go_on.set()
    made.runner.close()
    assert made.runner.join(10)


def test_a_net_is_measured_before_its_team_is_ready(bench: Bench) -> None:
    made = bench.begin(0)
    assert made.pace.ms_per_megasample > 0.0 and len(bench.session.sizes) > 2
    # There may be no picture any more; then the first tasks tell.
    unknown = bench.begin(team=OTHER)
    assert unknown.pace.ms_per_megasample == 0.0


def test_tasks_are_done_and_their_time_is_told(bench: Bench) -> None:
    bench.begin(0, 1)
    bench.put(1, 0)
    bench.put(2, 1, Region(0, 0, 8, 8), Region(8, 8, 8, 8))
    first, second = bench.until(2)
    assert [len(first.coded), len(second.coded)] == [1, 2]
    for ended in (first, second):
        assert ended.refusal is None and 0.0 < ended.engine_s <= ended.busy_s and ended.begun > 0.0


def test_a_task_waits_for_its_frame(bench: Bench) -> None:
    made = bench.begin(0)
    bench.put(1, 3)
    made.pictures.read(3)
    bench.runner.wake()
    assert not bench.session.entered.wait(0.05) and bench.ended == []
    made.pictures.put(3, picture(3), at=0.1)
    bench.runner.wake()
    assert bench.outcomes(1) == {1: None}


def test_a_frame_that_never_comes_ends_its_task_at_the_deadline(bench: Bench) -> None:
    bench.begin(0)
    begun = time.monotonic()
    bench.put(1, 3, left_s=0.1)
    assert bench.outcomes(1) == {1: TaskRefusal.LATE}
    assert 0.05 < time.monotonic() - begun < 2.0


def test_a_frame_that_is_lost_ends_its_task_at_once(bench: Bench) -> None:
    made = bench.begin(0)
    bench.put(1, 3)
    made.pictures.read(3)
    made.pictures.lose(3)
    bench.runner.wake()
    assert bench.outcomes(1) == {1: TaskRefusal.GONE}


def test_a_task_that_is_late_is_given_up_between_two_regions(bench: Bench) -> None:
    bench.begin(0)
    bench.session.go_on.clear()
    bench.put(1, 0, *(Region(0, 8 * n, 8, 8) for n in range(6)), left_s=0.1)
    assert bench.session.entered.wait(10)
    time.sleep(0.15)
    before = len(bench.session.sizes)
    bench.session.go_on.set()
    assert bench.outcomes(1) == {1: TaskRefusal.LATE}
    assert len(bench.session.sizes) == before + 1
    assert bench.ended[0].busy_s > 0.1


def test_the_workers_own_nets_go_first(bench: Bench) -> None:
    bench.begin(0)
    order = []
    bench.session.before = lambda: order.append("helper")
    own = bench.lock.wrap_dynamic(bench.session)

    def work() -> None:
        own.run(picture(0).y, 0.0)

    with bench.lock.take():
        bench.put(1, 0)
        # It waits, and its own streams come after it.
        time.sleep(0.05)
        threads = [threading.Thread(target=work) for _ in range(3)]
        bench.session.before = lambda: order.append(threading.current_thread().name)
        for thread in threads:
            thread.start()
        while bench.lock.tickets < 3:
            time.sleep(0.001)
        time.sleep(0.05)
    bench.until(1)
    for thread in threads:
        thread.join(10)
    assert len(order) == 4 and order[-1] == "helper w1"
    assert bench.ended[0].busy_s < 0.05


def test_hostile_regions_are_refused_before_the_net_sees_them(bench: Bench) -> None:
    bench.begin(0)
    before = len(bench.session.sizes)
    bench.put(1, 0, Region(0, 0, 8, 65_528))
    bench.put(2, 0, *[Region(0, 0, 72, 104)] * 48)
    bench.put(3, 0, Region(3, 0, 8, 8))
    assert set(bench.outcomes(3).values()) == {TaskRefusal.BAD}
    assert len(bench.session.sizes) == before


@pytest.mark.parametrize("error", [fails(), ValueError("a fault of ours")])
def test_a_task_that_fails_costs_no_other_one(
    bench: Bench, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    bench.begin(0)
    bench.session.error = error
    with caplog.at_level(logging.WARNING):
        bench.put(1, 0)
        bench.until(1)
        bench.session.error = None
        bench.put(2, 0)
        assert bench.outcomes(2) == {1: TaskRefusal.FAILED, 2: None}
    assert [record.action for record in caplog.records] == ["task_failed"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("error", [fails(), ValueError("a fault of ours")])
def test_a_trial_that_fails_leaves_the_team_ready(bench: Bench, error: Exception) -> None:
    bench.session.error = error
    made = bench.begin(0)
    assert made.pace.ms_per_megasample == 0.0
    bench.session.error = None
    bench.put(1, 0)
    assert bench.outcomes(1) == {1: None}


def test_waiting_for_the_workers_own_nets_is_expected_of_the_next_task(bench: Bench) -> None:
    made = bench.begin(0)
    before = made.pace.expected_s(1000)
    for number in range(8):
        with bench.lock.take():
            bench.put(number, 0)
            time.sleep(0.03)
        bench.until(number + 1)
    assert made.pace.expected_s(1000) > 2 * before


def test_who_is_not_ready_or_has_left_gets_no_result(bench: Bench) -> None:
    bench.put(1, 0)
    bench.begin(0)
    bench.put(2, 7)
    bench.runner.remove(TEAM)
    bench.put(3, 0)
    expected = {1: TaskRefusal.UNPREPARED, 2: TaskRefusal.LEFT, 3: TaskRefusal.UNPREPARED}
    assert bench.outcomes(3) == expected


def test_more_tasks_than_may_wait_let_the_oldest_go(bench: Bench) -> None:
    bench.begin(0)
    for number in range(MAX_WAITING_TASKS + 2):
        bench.put(number, 9, left_s=5.0 + number)
    assert bench.outcomes(2) == {0: TaskRefusal.FULL, 1: TaskRefusal.FULL}


def test_a_worker_that_stops_finishes_its_task_and_refuses_the_others(bench: Bench) -> None:
    bench.begin(0)
    bench.session.go_on.clear()
    bench.put(1, 0)
    assert bench.session.entered.wait(10)
    bench.put(2, 0)
    bench.runner.close()
    bench.session.go_on.set()
    assert bench.outcomes(2) == {1: None, 2: TaskRefusal.LEFT}
    assert bench.runner.join(10)
    bench.put(3, 0)
    assert bench.outcomes(3)[3] is TaskRefusal.UNPREPARED


def test_closing_before_the_start_is_harmless() -> None:
    runner = TaskRunner("w1", EngineLock(), finished=print, ready=print)
    runner.close()
    runner.close()
    assert runner.join(0.1)
    runner.wake()
    assert kept(1).luma(1) is not None and isinstance(kept(), RecentPictures)
