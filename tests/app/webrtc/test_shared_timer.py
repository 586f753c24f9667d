"""One timer of the loop for the work of many."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from app.webrtc.shared_timer import MAX_TURN_S, SharedTimer, Work
from tests.app.peers import until


def work(done: list[str], name: str, *again: float) -> Work:
    """Work that notes its name, and is due again after each of these spans."""
    spans = iter(again)

    def run(now: float) -> float | None:
        done.append(name)
        span = next(spans, None)
        return None if span is None else now + span

    return run


async def test_work_is_done_when_it_is_due_and_in_its_order() -> None:
    timer, done = SharedTimer(), list[str]()
    now = time.monotonic()
    timer.schedule(work(done, "third"), now + 0.03)
    timer.schedule(work(done, "first"), now - 1.0)
    timer.schedule(work(done, "second"), now + 0.01)
    assert done == []
    await until(lambda: len(done) == 3)
    assert done == ["first", "second", "third"]
    assert time.monotonic() - now >= 0.029


async def test_work_says_when_it_is_due_again() -> None:
    timer, done = SharedTimer(), list[str]()
    timer.schedule(work(done, "a", 0.0, 0.01, 0.0), time.monotonic())
    await until(lambda: len(done) == 4)
    await asyncio.sleep(0.02)
    assert done == ["a"] * 4
    assert timer._handle is None


async def test_a_new_time_takes_the_place_of_the_old_one() -> None:
    timer, done = SharedTimer(), list[str]()
    late = work(done, "a")
    timer.schedule(late, time.monotonic() + 100.0)
    timer.schedule(late, time.monotonic() + 0.01)
    await until(lambda: done)
    assert timer._handle is None


async def test_cancelled_work_is_not_done_and_the_rest_is() -> None:
    timer, done = SharedTimer(), list[str]()
    gone = work(done, "gone")
    timer.schedule(gone, time.monotonic() + 0.01)
    timer.schedule(work(done, "stays"), time.monotonic() + 0.02)
    timer.cancel(gone)
    timer.cancel(gone)
    await until(lambda: done)
    assert done == ["stays"]


async def test_the_last_cancelled_work_leaves_no_timer() -> None:
    timer, done = SharedTimer(), list[str]()
    gone = work(done, "gone")
    timer.schedule(gone, time.monotonic() + 0.01)
    timer.cancel(gone)
    assert timer._handle is None
    timer.schedule(gone, time.monotonic())
    await until(lambda: done)


async def test_work_may_schedule_and_cancel_other_work() -> None:
    timer, done = SharedTimer(), list[str]()
    other, gone = work(done, "other"), work(done, "gone")

    def first(now: float) -> None:
        timer.schedule(other, now)
        timer.schedule(gone, now + 0.01)
        timer.cancel(gone)

    timer.schedule(first, time.monotonic())
    await until(lambda: done)
    await asyncio.sleep(0.02)
    assert done == ["other"]


async def test_the_loop_has_its_turn_while_much_work_is_due() -> None:
    timer, done = SharedTimer(), list[int]()

    def slow(number: int) -> Callable[[float], None]:
        def run(now: float) -> None:
            time.sleep(MAX_TURN_S / 2)
            done.append(number)

        return run

    now = time.monotonic()
    for number in range(12):
        timer.schedule(slow(number), now)
    turns = 0
    while len(done) < 12:
        turns += 1
        await asyncio.sleep(0)
    assert turns >= 4
    assert done == list(range(12))
