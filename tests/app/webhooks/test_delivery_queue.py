"""Events are repeated in their order, with growing pauses, for a bounded time."""

from __future__ import annotations

import random

import pytest

from app.webhooks.delivery_queue import (
    FIRST_PAUSE_S,
    MAX_AGE_S,
    MAX_PAUSE_S,
    DeliveryQueue,
    HookEvent,
)
from app.webhooks.visits import Visit


def event(number: int, at_s: float = 0.0) -> HookEvent:
    return HookEvent(f"msg_{number}", b"{}", at_s)


def visitor(number: int, *, is_begin: bool = True) -> HookEvent:
    name = f"{'joined' if is_begin else 'left'}_{number}"
    return HookEvent(name, b"{}", 0.0, Visit(f"cam {number}", is_begin))


def drained(made: DeliveryQueue) -> list[str]:
    seen = []
    while (found := made.next(now=1.0)) is not None:
        seen.append(found.id)
        made.succeeded(found)
    return seen


def queue(**options: int) -> DeliveryQueue:
    return DeliveryQueue(chance=random.Random(3), **options)


def test_events_go_out_in_their_order_once() -> None:
    made, seen = queue(), []
    for number in range(3):
        made.push(event(number))
    while (found := made.next(now=1.0)) is not None:
        seen.append(found.id)
        made.succeeded(found)
    assert seen == ["msg_0", "msg_1", "msg_2"]
    assert (len(made), made.wait_s(now=1.0), made.dropped) == (0, None, {})


def test_what_failed_is_tried_again_after_a_pause_and_before_all_others() -> None:
    made = queue()
    made.push(event(1))
    made.push(event(2))
    made.failed(now=10.0)
    assert made.next(now=10.0) is None
    wait = made.wait_s(now=10.0)
    assert wait is not None and FIRST_PAUSE_S / 2 <= wait <= FIRST_PAUSE_S
    again = made.next(now=10.0 + FIRST_PAUSE_S)
    assert again is not None and again.id == "msg_1"


def test_pauses_grow_up_to_a_bound_and_differ_by_chance() -> None:
    made, now, pauses = queue(), 0.0, []
    made.push(event(1))
    for _ in range(15):
        made.failed(now=now)
        pauses.append(made.wait_s(now=now) or 0.0)
    for number, pause in enumerate(pauses):
        whole = min(MAX_PAUSE_S, FIRST_PAUSE_S * 2**number)
        assert whole / 2 <= pause <= whole
    assert len({pause / MAX_PAUSE_S for pause in pauses[-4:]}) == 4


def test_a_receiver_that_is_back_gets_all_at_once() -> None:
    made = queue()
    for number in range(3):
        made.push(event(number))
    for _ in range(6):
        made.failed(now=0.0)
    first = made.next(now=60.0)
    assert first is not None
    made.succeeded(first)
    assert made.next(now=60.0) is not None
    made.failed(now=60.0)
    assert (made.wait_s(now=60.0) or 0) <= FIRST_PAUSE_S


def test_old_events_are_no_news() -> None:
    made = queue()
    made.push(event(1, at_s=0.0))
    made.push(event(2, at_s=100.0))
    found = made.next(now=MAX_AGE_S + 50.0)
    assert found is not None and found.id == "msg_2"
    assert made.dropped == {"late": 1}
    assert made.next(now=MAX_AGE_S + 200.0) is None
    assert made.dropped == {"late": 2}


def test_a_full_queue_drops_the_oldest() -> None:
    made = queue(max_events=3)
    for number in range(5):
        made.push(event(number))
    found = made.next(now=0.0)
    assert found is not None and found.id == "msg_2"
    assert (len(made), made.dropped) == (3, {"full": 2})


def test_what_is_refused_for_good_is_not_tried_again() -> None:
    made = queue()
    made.push(event(1))
    first = made.next(now=0.0)
    assert first is not None
    made.refused(first)
    assert (made.next(now=0.0), made.dropped) == (None, {"refused": 1})


@pytest.mark.parametrize("outcome", ["succeeded", "refused"])
def test_an_event_that_was_dropped_while_it_was_sent_takes_no_other_along(outcome: str) -> None:
    made = queue(max_events=2)
    made.push(event(1))
    sent = made.next(now=0.0)
    assert sent is not None
    made.push(event(2))
    made.push(event(3))
    getattr(made, outcome)(sent)
    assert len(made) == 2
    found = made.next(now=0.0)
    assert found is not None and found.id == "msg_2"


def test_invented_viewers_displace_no_other_event() -> None:
    made = queue()
    made.push(event(1))
    for number in range(1_100):
        made.push(visitor(number))
    made.push(event(2))
    for number in range(1_100):
        made.push(visitor(number, is_begin=False))
    assert len(made) <= 1_000
    seen = drained(made)
    assert (seen[0], "msg_2" in seen) == ("msg_1", True)
    assert made.dropped == {"viewers": 2_202 - len(seen)}
    # Whoever is told to have left was told to have joined.
    left = {each.removeprefix("left_") for each in seen if each.startswith("left_")}
    assert left == {each.removeprefix("joined_") for each in seen if each.startswith("joined_")}


def test_where_no_viewer_waits_the_oldest_gives_way() -> None:
    made = queue(max_events=2)
    for number in range(2):
        made.push(event(number))
    made.push(visitor(7))
    made.push(visitor(7, is_begin=False))
    made.push(event(2))
    assert drained(made) == ["msg_1", "msg_2"]
    assert made.dropped == {"viewers": 2, "full": 1}


def test_a_viewer_who_may_have_been_told_is_told_to_have_left() -> None:
    made = queue(max_events=2)
    made.push(visitor(7))
    assert made.next(now=0.0) is not None  # it is on its way
    made.failed(now=0.0)
    made.push(visitor(8))
    made.push(visitor(7, is_begin=False))
    assert drained(made) == ["joined_7", "left_7"]
    assert made.dropped == {"viewers": 1}


def test_a_viewer_that_was_sent_gives_way_as_the_oldest() -> None:
    made = queue(max_events=1)
    made.push(visitor(7))
    assert made.next(now=0.0) is not None
    made.push(event(1))
    assert drained(made) == ["msg_1"]
    assert made.dropped == {"full": 1}
