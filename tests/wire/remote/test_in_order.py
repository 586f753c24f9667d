from __future__ import annotations

import random

import pytest

from wire.remote.in_order import MAX_READY, MAX_WAITING, Delivery, InOrder


def content(number: int) -> bytes:
    return number.to_bytes(4, "big")


def taken(order: InOrder) -> list[tuple[int, bool]]:
    return [(int.from_bytes(each.content, "big"), each.is_after_gap) for each in order.take()]


def put(order: InOrder, *numbers: int, now: float) -> None:
    for number in numbers:
        order.put(number % 65536, content(number), now=now)


def test_messages_in_order_are_handed_on_at_once() -> None:
    order = InOrder(0.2)
    for number in range(5):
        put(order, number, now=0.0)
        assert taken(order) == [(number, False)]
    assert order.next_deadline() is None and order.lost == 0
    assert list(order.take()) == []


def test_one_that_comes_late_is_waited_for() -> None:
    order = InOrder(0.2)
    put(order, 0, 2, 3, now=0.0)
    assert taken(order) == [(0, False)]
    assert order.next_deadline() == pytest.approx(0.2)
    order.tick(now=0.19)
    assert taken(order) == []
    put(order, 1, now=0.195)
    assert taken(order) == [(1, False), (2, False), (3, False)]
    assert order.lost == 0


def test_what_does_not_come_is_given_up_and_told() -> None:
    order = InOrder(0.2)
    put(order, 0, now=0.0)
    put(order, 3, now=0.1)
    order.tick(now=0.31)
    assert taken(order) == [(0, False), (3, True)]
    assert order.lost == 2
    put(order, 1, 2, 3, now=0.32)
    assert taken(order) == []
    put(order, 4, now=0.33)
    assert taken(order) == [(4, False)]


def test_the_first_message_may_be_the_one_that_lacks() -> None:
    order = InOrder(0.2)
    put(order, 1, now=0.0)
    assert taken(order) == []
    order.tick(now=0.2)
    assert taken(order) == [(1, True)]


def test_serials_go_on_behind_65535() -> None:
    order = InOrder(0.2)
    for number in range(200_000):
        put(order, number, now=0.0)
        assert taken(order) == [(number, False)]


def test_too_many_that_wait_end_the_waiting() -> None:
    order = InOrder(10.0)
    put(order, *range(1, MAX_WAITING + 1), now=0.0)
    assert taken(order) == []
    put(order, MAX_WAITING + 1, now=0.0)
    assert taken(order) == [(1, True), *((n, False) for n in range(2, MAX_WAITING + 2))]
    assert order.lost == 1


def test_what_nobody_takes_goes_as_a_whole() -> None:
    order = InOrder(0.2)
    put(order, *range(MAX_READY + 3), now=0.0)
    assert taken(order) == [(MAX_READY, True), (MAX_READY + 1, False), (MAX_READY + 2, False)]
    assert order.lost == MAX_READY


def test_any_order_and_any_repetition_gives_each_once() -> None:
    rng = random.Random(3)
    for _ in range(50):
        order, found = InOrder(0.2), []
        numbers = list(range(300))
        # A message is late by at most ten places, and every third one comes twice.
        numbers.sort(key=lambda number: number + rng.uniform(0, 10))
        for number in numbers:
            put(order, number, *([number] if number % 3 == 0 else []), now=0.0)
            found += taken(order)
        assert found == [(number, False) for number in range(300)]


def test_lost_ones_make_gaps_and_nothing_comes_out_of_order() -> None:
    rng = random.Random(4)
    for _ in range(50):
        order, found, now = InOrder(0.2), [], 0.0
        there = [number for number in range(300) if rng.random() > 0.1]
        for number in there:
            now += 0.03
            order.tick(now=now)
            put(order, number, now=now)
            found += taken(order)
        order.tick(now=now + 1.0)
        found += taken(order)
        assert [number for number, _ in found] == there
        gaps = {n for n, before in zip(there, [-1, *there], strict=False) if n != before + 1}
        assert {number for number, is_after_gap in found if is_after_gap} == gaps


def test_a_delivery_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Delivery(b"", False).content = b"x"  # type: ignore[misc]
