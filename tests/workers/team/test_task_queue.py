from __future__ import annotations

import dataclasses
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from workers.team.recent_pictures import Presence
from workers.team.task_queue import (
    MAX_WAITING_TASKS,
    HelperTask,
    TaskChoice,
    TaskQueue,
    TaskRefusal,
    TeamKey,
)
from workers.temporal.region_selection import Region

TEAM = TeamKey("cam1", "enhanced", "w1")
OTHER = TeamKey("cam2", "enhanced", "w2")


def task(number: int, deadline: float, team: TeamKey = TEAM) -> HelperTask:
    regions = (Region(0, 0, 8, 8),)
    return HelperTask(team, number, number, regions, 50, 0.0, deadline, 484)


def here(_: HelperTask) -> Presence:
    return Presence.HERE


def taking(seconds: float) -> Callable[[HelperTask], float]:
    return lambda _: seconds


def filled(*tasks: HelperTask) -> TaskQueue:
    queue = TaskQueue()
    for each in tasks:
        assert queue.put(each) is None
    return queue


def take(queue: TaskQueue, *, now: float = 0.0, needs_s: float = 0.01) -> TaskChoice:
    return queue.take(now=now, presence=here, expected_s=taking(needs_s))


def numbers(choice: TaskChoice) -> tuple[int | None, list[tuple[int, TaskRefusal]]]:
    chosen = None if choice.task is None else choice.task.number
    return chosen, [(each.number, refusal) for each, refusal in choice.refused]


def test_an_empty_queue_waits_for_nothing() -> None:
    assert take(TaskQueue()) == TaskChoice(None)


def test_while_all_fit_the_earliest_deadline_goes_first() -> None:
    queue = filled(task(2, 0.2), task(1, 0.1), task(3, 0.3))
    assert [numbers(take(queue))[0] for _ in range(3)] == [1, 2, 3]
    assert len(queue) == 0


def test_when_not_all_fit_the_newest_goes_first() -> None:
    queue = filled(task(1, 0.1), task(2, 0.12), task(3, 0.2))
    # Three times 80 ms would make the second late.
    assert numbers(take(queue, needs_s=0.08)) == (3, [])
    assert numbers(take(queue, now=0.08, needs_s=0.08)) == (
        None,
        [(1, TaskRefusal.LATE), (2, TaskRefusal.LATE)],
    )


def test_what_cannot_be_in_time_is_dropped_before_it_runs() -> None:
    queue = filled(task(1, 0.05), task(2, 0.5))
    assert numbers(take(queue, needs_s=0.1)) == (2, [(1, TaskRefusal.LATE)])
    assert len(queue) == 0


def test_a_task_waits_for_its_frame_and_no_longer_than_it_can() -> None:
    queue = filled(task(1, 0.3), task(2, 0.4))
    choice = queue.take(now=0.0, presence=lambda _: Presence.COMING, expected_s=taking(0.1))
    assert choice == TaskChoice(None, (), wake_at=0.3 - 0.1)
    choice = queue.take(now=0.21, presence=lambda _: Presence.COMING, expected_s=taking(0.1))
    assert numbers(choice) == (None, [(1, TaskRefusal.LATE)]) and choice.wake_at == 0.4 - 0.1


def test_a_task_whose_frame_is_gone_is_dropped_at_once_and_others_run() -> None:
    queue = filled(task(1, 0.3), task(2, 0.4), task(3, 0.5))
    places = {1: Presence.GONE, 2: Presence.HERE, 3: Presence.COMING}
    choice = queue.take(now=0.0, presence=lambda each: places[each.number], expected_s=taking(0.01))
    assert numbers(choice) == (2, [(1, TaskRefusal.GONE)])
    assert len(queue) == 1


def test_a_full_queue_lets_the_one_go_that_is_needed_first() -> None:
    queue = TaskQueue(max_waiting=2)
    assert queue.put(task(1, 0.3)) is None and queue.put(task(2, 0.1)) is None
    dropped = queue.put(task(3, 0.2))
    assert dropped is not None and dropped.number == 2 and len(queue) == 2


def test_a_team_leaves_with_its_tasks() -> None:
    queue = filled(task(1, 0.1), task(2, 0.1, OTHER), task(3, 0.1))
    assert [each.number for each in queue.remove(TEAM)] == [1, 3]
    assert queue.remove(TEAM) == [] and len(queue) == 1


def test_equal_tasks_are_two() -> None:
    same = task(1, 0.1)
    queue = filled(same, dataclasses.replace(same))
    assert take(queue).task == same and len(queue) == 1


@given(st.lists(st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 0.2)), max_size=40))
def test_every_task_is_done_in_time_or_refused(given_tasks: list[tuple[float, float]]) -> None:
    queue, needs, ended, now = TaskQueue(), {}, [], 0.0
    for number, (deadline, needs_s) in enumerate(given_tasks):
        needs[number] = needs_s
        dropped = queue.put(task(number, deadline))
        ended += [] if dropped is None else [dropped.number]
    assert len(queue) <= MAX_WAITING_TASKS
    while len(queue):
        choice = queue.take(now=now, presence=here, expected_s=lambda each: needs[each.number])
        ended += [each.number for each, _ in choice.refused]
        if choice.task is not None:
            now += needs[choice.task.number]
            assert now <= choice.task.deadline + 1e-9
            ended.append(choice.task.number)
    assert sorted(ended) == list(range(len(given_tasks)))
