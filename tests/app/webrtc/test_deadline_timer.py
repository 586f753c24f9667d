"""One callback at the deadline that was set last."""

from __future__ import annotations

import asyncio
import time

from app.webrtc.deadline_timer import DeadlineTimer
from tests.app.peers import until


async def test_it_calls_at_the_deadline_and_not_before() -> None:
    timer, called = DeadlineTimer(), list[float]()
    deadline = time.monotonic() + 0.05
    timer.set(deadline, lambda: called.append(time.monotonic()))
    await until(lambda: bool(called))
    # The loop's clock has a resolution of its own.
    assert called[0] >= deadline - 0.002
    assert len(called) == 1


async def test_a_deadline_that_is_past_is_now() -> None:
    timer, called = DeadlineTimer(), list[int]()
    timer.set(time.monotonic() - 5.0, lambda: called.append(1))
    assert called == [], "not in the call itself"
    await until(lambda: called == [1])


async def test_the_last_one_counts() -> None:
    timer, called = DeadlineTimer(), list[str]()
    now = time.monotonic()
    timer.set(now, lambda: called.append("first"))
    timer.set(now, lambda: called.append("second"))
    await until(lambda: bool(called))
    await asyncio.sleep(0)
    assert called == ["second"]


async def test_none_takes_it_back() -> None:
    timer, called = DeadlineTimer(), list[str]()
    now = time.monotonic()
    timer.set(now, lambda: called.append("taken back"))
    timer.set(None, lambda: called.append("never"))
    asyncio.get_running_loop().call_later(0.01, called.append, "later")
    await until(lambda: bool(called))
    assert called == ["later"]


async def test_it_may_be_set_by_its_own_call() -> None:
    timer, called = DeadlineTimer(), list[int]()

    def again() -> None:
        called.append(len(called))
        timer.set(time.monotonic() if len(called) < 3 else None, again)

    timer.set(time.monotonic(), again)
    await until(lambda: called == [0, 1, 2])


async def test_nothing_is_called_after_the_end() -> None:
    timer, called = DeadlineTimer(), list[str]()
    timer.set(time.monotonic(), lambda: called.append("before"))
    timer.stop()
    timer.set(time.monotonic(), lambda: called.append("after"))
    timer.stop()
    asyncio.get_running_loop().call_later(0.01, called.append, "later")
    await until(lambda: bool(called))
    assert called == ["later"]
