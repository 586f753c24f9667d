from __future__ import annotations

import asyncio
import threading

import pytest

from workers.runtime.loop_callback import on_loop


async def test_the_function_runs_on_the_loop_whatever_thread_calls() -> None:
    ran: list[int] = []
    done = asyncio.Event()

    def note() -> None:
        ran.append(threading.get_ident())
        done.set()

    await asyncio.to_thread(on_loop(note))
    async with asyncio.timeout(5):
        await done.wait()
    assert ran == [threading.get_ident()]


async def test_a_thread_does_not_wait_for_the_function() -> None:
    seen: list[int] = []
    call = on_loop(seen.append)
    call(1)
    # The loop is here; it cannot have run anything yet.
    assert seen == []
    await asyncio.sleep(0)
    assert seen == [1]


async def test_calls_of_one_thread_keep_their_order_and_all_their_arguments() -> None:
    seen: list[tuple[object, ...]] = []
    done = asyncio.Event()

    def take(*args: object) -> None:
        seen.append(args)
        if args == ("last",):
            done.set()

    call = on_loop(take)

    def work() -> None:
        for number in range(500):
            call(number, str(number))
        call("last")

    await asyncio.to_thread(work)
    async with asyncio.timeout(5):
        await done.wait()
    assert seen == [*((number, str(number)) for number in range(500)), ("last",)]


async def test_an_error_of_the_function_is_the_loops_and_not_the_threads() -> None:
    told: list[BaseException] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda loop, context: told.append(context["exception"])
    )

    def fail() -> None:
        raise ZeroDivisionError

    await asyncio.to_thread(on_loop(fail))
    await asyncio.sleep(0)
    assert [type(error) for error in told] == [ZeroDivisionError]


def test_it_needs_a_running_loop() -> None:
    with pytest.raises(RuntimeError, match="no running event loop"):
        on_loop(print)
