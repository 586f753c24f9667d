from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.upscale.compile_queue import STAND_S, CompileQueue, FairQueue, SizeStand

SMALL, MIDDLE, LARGE = (64, 48), (96, 64), (128, 96)


def test_the_first_size_and_one_after_a_size_that_stood_are_worth_a_net_at_once() -> None:
    stand = SizeStand()
    assert stand.is_worth_it(SMALL, now=0.0)
    assert stand.is_worth_it(SMALL, now=0.1)
    assert stand.is_worth_it(MIDDLE, now=STAND_S)


def test_a_size_that_followed_quickly_must_stand_first() -> None:
    stand = SizeStand()
    stand.is_worth_it(SMALL, now=0.0)
    assert not stand.is_worth_it(MIDDLE, now=0.5)
    assert not stand.is_worth_it(MIDDLE, now=0.5 + STAND_S - 0.01)
    assert stand.is_worth_it(MIDDLE, now=0.5 + STAND_S)


def test_a_stream_that_changes_in_every_picture_gets_none_after_its_first() -> None:
    stand = SizeStand()
    worth = [stand.is_worth_it((64 + 2 * n, 48), now=n / 30) for n in range(3000)]
    assert worth == [True] + [False] * 2999


def test_a_size_right_after_one_that_was_begun_late_must_stand_too() -> None:
    stand = SizeStand()
    assert stand.is_worth_it((0, 0), now=0.0)
    assert not stand.is_worth_it((1, 1), now=0.0)
    assert stand.is_worth_it((1, 1), now=STAND_S)
    assert not stand.is_worth_it((0, 0), now=STAND_S)
    assert stand.is_worth_it((0, 0), now=2 * STAND_S)


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 3)), max_size=80))
def test_no_stream_begins_more_than_two_sizes_in_the_time_that_one_must_stand(
    steps: list[tuple[float, int]],
) -> None:
    stand, now = SizeStand(), 0.0
    begun: list[tuple[float, int]] = []
    for wait, size in steps:
        now += wait
        if stand.is_worth_it((size, size), now=now) and (not begun or begun[-1][1] != size):
            begun.append((now, size))
    for (before, _), (after, _) in zip(begun[1:], begun[3:], strict=False):
        assert after - before >= STAND_S


def test_owners_take_turns_however_many_requests_one_has() -> None:
    queue: FairQueue[str] = FairQueue()
    for number in range(5):
        queue.push("a", f"kind {number}", f"a{number}")
    queue.push("b", "kind", "b0")
    queue.push("c", "kind", "c0")
    found = [queue.pop() for _ in range(8)]
    assert found == ["a0", "b0", "c0", "a1", "a2", "a3", "a4", None]


def test_a_newer_request_takes_the_place_of_the_older_one() -> None:
    queue: FairQueue[int] = FairQueue()
    assert queue.push("a", "full", 1) is None
    assert queue.push("a", "smaller", 2) is None
    assert queue.push("a", "full", 3) == 1
    assert len(queue) == 2
    assert [queue.pop(), queue.pop(), queue.pop()] == [3, 2, None]


@pytest.fixture
def queue() -> Iterator[CompileQueue]:
    made = CompileQueue()
    yield made
    made.close()


class Gate:
    """Work that takes until it is opened."""

    def __init__(self) -> None:
        self.begun, self.open = threading.Event(), threading.Event()

    def __call__(self) -> str:
        self.begun.set()
        assert self.open.wait(10)
        return "gate"


def making(order: list[str], name: str) -> Callable[[], str]:
    def make() -> str:
        order.append(name)
        return name

    return make


def test_one_stream_that_asks_and_asks_does_not_keep_another_waiting(queue: CompileQueue) -> None:
    gate, order = Gate(), list[str]()
    first = queue.submit("a", "full", gate)
    assert gate.begun.wait(10)
    requests = [queue.submit("a", "full", making(order, f"a{n}")) for n in range(1000)]
    other = queue.submit("b", "full", making(order, "b"))
    gate.open.set()
    assert first.result(10) == "gate"
    assert other.result(10) == "b" and requests[-1].result(10) == "a999"
    assert order == ["a999", "b"]
    assert all(request.cancelled() for request in requests[:-1])


def test_what_was_cancelled_is_not_made_and_what_fails_tells_who_asked(
    queue: CompileQueue,
) -> None:
    def fail() -> str:
        raise ValueError("no")

    gate, order = Gate(), list[str]()
    queue.submit("a", "gate", gate)
    assert gate.begun.wait(10)
    evicted = queue.submit("a", "full", making(order, "evicted"))
    failing = queue.submit("b", "full", fail)
    last = queue.submit("c", "full", making(order, "last"))
    assert evicted.cancel()
    gate.open.set()
    assert last.result(10) == "last" and order == ["last"]
    with pytest.raises(ValueError, match="no"):
        failing.result(10)


def test_closing_waits_for_what_is_made_and_cancels_the_rest() -> None:
    queue, gate = CompileQueue(), Gate()
    made = queue.submit("a", "full", gate)
    assert gate.begun.wait(10)
    waiting = queue.submit("b", "full", lambda: "never")
    closing = threading.Thread(target=queue.close)
    closing.start()
    time.sleep(0.05)
    gate.open.set()
    closing.join(10)
    assert made.result(0) == "gate"
    with pytest.raises(CancelledError):
        waiting.result(10)
