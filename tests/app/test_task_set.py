"""Tasks that belong to one owner."""

from __future__ import annotations

import asyncio

import pytest

from app.task_set import TaskSet


async def test_a_task_that_dies_is_named_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async def die() -> None:
        raise ValueError("no reason")

    tasks = TaskSet()
    tasks.spawn(die(), "one that dies")
    await tasks.finish(2)
    (record,) = caplog.records
    assert record.getMessage() == "task one that dies died"
    assert getattr(record, "action", "") == "task_failed"
    assert "no reason" in caplog.text


async def test_the_end_of_all_is_waited_for_and_no_longer_than_asked() -> None:
    tasks, let_go = TaskSet(), asyncio.Event()

    async def wait() -> None:
        await let_go.wait()

    waiting = [tasks.spawn(wait(), f"waits {n}") for n in range(3)]
    await tasks.finish(0.01)
    assert not any(task.done() for task in waiting)
    let_go.set()
    await tasks.finish(5)
    assert all(task.done() for task in waiting)
    await tasks.finish(5)  # nothing is left to be waited for


async def test_what_runs_is_cancelled_and_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    ended: list[str] = []

    async def run(name: str) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(name)

    tasks = TaskSet()
    for name in ("a", "b"):
        tasks.spawn(run(name), name)
    await asyncio.sleep(0)
    await tasks.cancel()
    assert sorted(ended) == ["a", "b"] and caplog.records == []


async def test_a_task_that_fails_while_it_is_cancelled_does_not_stop_the_others() -> None:
    async def stubborn() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            raise ValueError("at the end") from None

    tasks = TaskSet()
    first, second = (tasks.spawn(stubborn(), f"stubborn {n}") for n in range(2))
    await asyncio.sleep(0)
    await tasks.cancel()
    assert first.done() and second.done()
