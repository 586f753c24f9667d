from __future__ import annotations

import asyncio
import itertools

import pytest

from wire.supervisor import Pauses, keep_going, running_beside


class Work:
    """Fails as often as it is told, then returns."""

    def __init__(self, *failures: Exception) -> None:
        self._failures = list(failures)
        self.runs = 0

    async def __call__(self) -> None:
        self.runs += 1
        if self._failures:
            raise self._failures.pop(0)


SHORT = Pauses(first_s=0.001, max_s=0.004)


async def test_work_that_fails_begins_anew_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    failed: list[int] = []
    work = Work(ValueError("one"), KeyError("two"))
    await keep_going("the work", work, failed=lambda: failed.append(1), pauses=SHORT)
    assert (work.runs, len(failed)) == (3, 2)
    assert [record.action for record in caplog.records] == ["task_failed"] * 2  # type: ignore[attr-defined]
    assert "one" in caplog.text


async def test_what_means_something_to_the_caller_passes() -> None:
    work = Work(TimeoutError())
    with pytest.raises(TimeoutError):
        await keep_going("the work", work, passes=(TimeoutError,))
    assert work.runs == 1


async def test_pauses_double_up_to_a_limit(caplog: pytest.LogCaptureFixture) -> None:
    times: list[float] = []
    loop = asyncio.get_running_loop()
    work = Work(*[ValueError()] * 5)
    pauses = Pauses(first_s=0.02, max_s=0.08)
    await keep_going("the work", work, failed=lambda: times.append(loop.time()), pauses=pauses)
    times.append(loop.time())
    waits = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert all(
        wait >= least - 0.001
        for wait, least in zip(waits, [0.02, 0.04, 0.08, 0.08, 0.08], strict=True)
    )
    said = [record.getMessage().split(" in ")[1] for record in caplog.records]
    assert said == ["0.0 s", "0.0 s", "0.1 s", "0.1 s", "0.1 s"]


async def test_cancelling_ends_it() -> None:
    async def wait() -> None:
        await asyncio.sleep(60)

    task = asyncio.create_task(keep_going("the work", wait))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_work_beside_a_server_ends_with_it() -> None:
    stop, seen = asyncio.Event(), []

    async def work(event: asyncio.Event) -> None:
        seen.append("began")
        await event.wait()
        seen.append("ended")

    async with running_beside(work, stop):
        await asyncio.sleep(0)
        assert seen == ["began"]
    assert stop.is_set() and seen == ["began", "ended"]


async def test_work_beside_a_server_that_failed_ends_too() -> None:
    stop, ended = asyncio.Event(), asyncio.Event()

    async def work(event: asyncio.Event) -> None:
        await event.wait()
        ended.set()

    with pytest.raises(KeyError):
        async with running_beside(work, stop):
            raise KeyError("port")
    assert ended.is_set()


async def test_without_work_beside_it_nothing_is_touched() -> None:
    stop = asyncio.Event()
    async with running_beside(None, stop):
        pass
    assert not stop.is_set()
