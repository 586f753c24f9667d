from __future__ import annotations

import asyncio

import pytest

from wire import supervisor
from wire.supervisor import keep_going


class Work:
    """Fails as often as it is told, then returns."""

    def __init__(self, *failures: Exception) -> None:
        self._failures = list(failures)
        self.runs = 0

    async def __call__(self) -> None:
        self.runs += 1
        if self._failures:
            raise self._failures.pop(0)


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE_S", 0.001)


async def test_work_that_fails_begins_anew_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    failed: list[int] = []
    work = Work(ValueError("one"), KeyError("two"))
    await keep_going("the work", work, failed=lambda: failed.append(1))
    assert (work.runs, len(failed)) == (3, 2)
    assert [record.action for record in caplog.records] == ["task_failed"] * 2  # type: ignore[attr-defined]
    assert "one" in caplog.text


async def test_what_means_something_to_the_caller_passes() -> None:
    work = Work(TimeoutError())
    with pytest.raises(TimeoutError):
        await keep_going("the work", work, passes=(TimeoutError,))
    assert work.runs == 1


async def test_pauses_double_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    sleep = asyncio.sleep

    async def note(seconds: float) -> None:
        pauses.append(seconds)
        await sleep(0)

    monkeypatch.setattr(supervisor, "MAX_PAUSE_S", 0.004)
    monkeypatch.setattr("asyncio.sleep", note)
    await keep_going("the work", Work(*[ValueError()] * 5))
    assert pauses == [0.001, 0.002, 0.004, 0.004, 0.004]


async def test_cancelling_ends_it() -> None:
    async def wait() -> None:
        await asyncio.sleep(60)

    task = asyncio.create_task(keep_going("the work", wait))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
