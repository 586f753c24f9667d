"""Items by the time at which they are due."""

from __future__ import annotations

import random

from app.rtp.due_queue import DueQueue


def pop_all(queue: DueQueue[str], now: float) -> list[str]:
    found = []
    while (item := queue.pop(now=now)) is not None:
        found.append(item)
    return found


def test_items_come_in_the_order_of_their_times_and_none_before() -> None:
    queue: DueQueue[str] = DueQueue()
    for item, at in (("c", 3.0), ("a", 1.0), ("b", 2.0)):
        queue.put(item, at)
    assert queue.next_at() == 1.0
    assert pop_all(queue, 0.9) == []
    assert pop_all(queue, 2.0) == ["a", "b"]
    assert (queue.next_at(), len(queue)) == (3.0, 1)
    assert pop_all(queue, 3.0) == ["c"]
    assert (queue.next_at(), len(queue)) == (None, 0)


def test_a_new_time_takes_the_place_of_the_old_one() -> None:
    queue: DueQueue[str] = DueQueue()
    queue.put("a", 1.0)
    queue.put("b", 2.0)
    queue.put("a", 3.0)
    assert len(queue) == 2
    assert pop_all(queue, 9.0) == ["b", "a"]
    queue.put("a", 5.0)
    queue.put("a", 4.0)
    assert queue.next_at() == 4.0
    assert pop_all(queue, 9.0) == ["a"]


def test_nobody_is_served_twice_before_all_others_that_are_due() -> None:
    queue: DueQueue[str] = DueQueue()
    for item in "abc":
        queue.put(item, 1.0)
    served = []
    for _ in range(6):
        first = queue.pop(now=1.0)
        assert first is not None
        served.append(first)
        queue.put(first, 1.0)
    assert served == list("abcabc")


def test_what_is_taken_out_does_not_come() -> None:
    queue: DueQueue[str] = DueQueue()
    queue.put("a", 1.0)
    queue.put("b", 2.0)
    queue.discard("a")
    queue.discard("never there")
    assert (queue.next_at(), len(queue)) == (2.0, 1)
    assert pop_all(queue, 9.0) == ["b"]
    queue.put("a", 1.0)
    assert pop_all(queue, 9.0) == ["a"]


def test_times_that_are_set_over_and_over_cost_no_memory() -> None:
    queue: DueQueue[int] = DueQueue()
    for step in range(10_000):
        queue.put(step % 7, float(step))
    assert len(queue) == 7
    assert len(queue._heap) <= 2 * 7 + 17


def test_it_does_what_a_sorted_list_does() -> None:
    chance = random.Random(3)
    queue: DueQueue[int] = DueQueue()
    times: dict[int, float] = {}
    for step in range(2000):
        item, at = chance.randrange(20), chance.random() * 100
        if step % 5 == 0:
            queue.discard(item)
            times.pop(item, None)
        elif step % 7 == 0:
            due = [each for each in times if times[each] <= at]
            found = queue.pop(now=at)
            assert found == min(due, key=lambda each: times[each], default=None)
            times.pop(found, None)  # type: ignore[arg-type]
        else:
            queue.put(item, at)
            times[item] = at
        assert queue.next_at() == min(times.values(), default=None)
