"""Threads of their own: how much waits, what is shared, and what is left where an asker goes."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator

import pytest

from app.bounded_threads import BoundedThreads, Busy


class Held:
    """Work that waits until it is let go."""

    def __init__(self) -> None:
        self.calls = 0
        self.go_on = threading.Event()
        self.begun = threading.Event()

    def __call__(self) -> int:
        self.calls += 1
        self.begun.set()
        self.go_on.wait(10)
        return self.calls


@pytest.fixture
async def held() -> AsyncIterator[Held]:
    work = Held()
    yield work
    work.go_on.set()


@pytest.fixture
async def threads() -> AsyncIterator[BoundedThreads]:
    made = BoundedThreads(1, "test", most=3)
    yield made
    made.close()


async def test_work_is_done_on_a_thread_of_this_name(threads: BoundedThreads) -> None:
    name = await threads.do("a", lambda: threading.current_thread().name)
    assert name.startswith("test")
    assert await threads.do("a", lambda: 7) == 7


async def test_who_asks_for_the_same_gets_what_is_under_way(
    threads: BoundedThreads, held: Held
) -> None:
    asked = [asyncio.ensure_future(threads.do("a", held)) for _ in range(20)]
    await asyncio.sleep(0)
    held.go_on.set()
    assert await asyncio.gather(*asked) == [1] * 20
    assert await threads.do("a", held) == 2
    assert threads.refused == 0


async def test_more_than_may_wait_are_refused_and_counted(
    threads: BoundedThreads, held: Held
) -> None:
    asked = [asyncio.ensure_future(threads.do(key, held)) for key in "abc"]
    await asyncio.sleep(0)
    for _ in range(2):
        with pytest.raises(Busy) as error:
            await threads.do("d", held)
    assert (error.value.status, error.value.retry_after_s) == (503, 2)
    assert threads.refused == 2
    held.go_on.set()
    assert sorted(await asyncio.gather(*asked)) == [1, 2, 3]
    assert await threads.do("d", held) == 4


async def test_one_thread_does_one_thing_at_a_time(threads: BoundedThreads) -> None:
    spans = []

    def work() -> None:
        begun = time.monotonic()
        time.sleep(0.01)
        spans.append((begun, time.monotonic()))

    await asyncio.gather(*(threads.do(key, work) for key in range(3)))
    assert all(end <= begun for (_, end), (begun, _) in zip(spans, spans[1:], strict=False))


async def test_who_goes_takes_nothing_from_the_others(threads: BoundedThreads, held: Held) -> None:
    first, second = (asyncio.ensure_future(threads.do("a", held)) for _ in range(2))
    await asyncio.to_thread(held.begun.wait, 10)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    held.go_on.set()
    assert await second == 1


async def test_work_counts_until_it_has_ended_whoever_waits(held: Held) -> None:
    threads = BoundedThreads(1, "test", most=1)
    asked = asyncio.ensure_future(threads.do("a", held))
    await asyncio.to_thread(held.begun.wait, 10)
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    with pytest.raises(Busy):
        await threads.do("b", held)
    held.go_on.set()
    assert await threads.do("a", held) == 1
    assert await threads.do("b", held) == 2
    threads.close()


async def test_all_who_wait_learn_of_an_error_and_the_next_one_begins_anew(
    threads: BoundedThreads,
) -> None:
    def work() -> None:
        raise OSError("the disk is gone")

    found = await asyncio.gather(*(threads.do("a", work) for _ in range(3)), return_exceptions=True)
    assert [str(each) for each in found] == ["the disk is gone"] * 3
    assert await threads.do("a", lambda: 1) == 1


async def test_what_waits_is_given_up_at_the_end(held: Held) -> None:
    threads = BoundedThreads(1, "test", most=3)
    first, second = (asyncio.ensure_future(threads.do(key, held)) for key in "ab")
    await asyncio.to_thread(held.begun.wait, 10)
    threads.close()
    held.go_on.set()
    assert await first == 1
    with pytest.raises(asyncio.CancelledError):
        await second
