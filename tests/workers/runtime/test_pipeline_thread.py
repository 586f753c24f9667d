from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from workers.errors import BrokenUnit
from workers.runtime.bounded_queue import BoundedQueue
from workers.runtime.pipeline_thread import PipelineThread, join_all


class Doubler:
    """Gives each number twice, refuses 13, and ends with -1."""

    def step(self, item: int) -> Iterator[int]:
        if item == 13:
            raise BrokenUnit("13")
        if item == 0:
            raise ZeroDivisionError
        yield item
        yield item

    def flush(self) -> Iterator[int]:
        yield -1


def run(items: list[int], *, close: bool = False) -> tuple[list[int | None], list[Exception]]:
    source: BoundedQueue[int] = BoundedQueue(20)
    sink: BoundedQueue[int] = BoundedQueue(20)
    errors: list[Exception] = []
    stage = PipelineThread(
        "doubler", Doubler(), source, sink.put, finish=sink.finish, fail=errors.append
    )
    for item in items:
        source.put(item)
    (source.close if close else source.finish)()
    stage.start()
    assert stage.join(5)
    found: list[int | None] = []
    while (made := sink.get()) is not None:
        found.append(made)
    return found, errors


def test_items_pass_in_order_and_what_is_inside_comes_at_the_end() -> None:
    assert run([1, 2, 3]) == ([1, 1, 2, 2, 3, 3, -1], [])


def test_closing_ends_it_without_a_flush() -> None:
    assert run([1, 2, 3], close=True) == ([], [])


def test_an_error_ends_the_thread_and_is_told(caplog: pytest.LogCaptureFixture) -> None:
    found, errors = run([1, 13, 2])
    assert found == [1, 1] and [type(error) for error in errors] == [BrokenUnit]
    assert not caplog.records
    found, errors = run([1, 0, 2])
    assert found == [1, 1] and [type(error) for error in errors] == [ZeroDivisionError]
    assert [record.__dict__["action"] for record in caplog.records] == ["stage_failed"]


def test_a_stage_that_never_began_can_be_joined() -> None:
    source: BoundedQueue[int] = BoundedQueue(1)
    stage = PipelineThread(
        "idle", Doubler(), source, lambda item: True, finish=lambda: None, fail=lambda error: None
    )
    assert stage.join(0.1)


class Stuck:
    """Does not come back before it is let go."""

    def __init__(self, let_go: threading.Event) -> None:
        self._let_go = let_go

    def step(self, item: int) -> Iterator[int]:
        self._let_go.wait()
        yield item

    def flush(self) -> Iterator[int]:
        yield from ()


def test_several_that_are_stuck_are_waited_for_together() -> None:
    let_go = threading.Event()
    source: BoundedQueue[int] = BoundedQueue(20)
    sink: BoundedQueue[int] = BoundedQueue(20)
    stages = [
        PipelineThread(
            f"stuck {n}",
            Stuck(let_go),
            source,
            sink.put,
            finish=lambda: None,
            fail=lambda error: None,
        )
        for n in range(4)
    ]
    for stage in stages:
        source.put(1)
        stage.start()
    begun = time.monotonic()
    assert not join_all(stages, 0.2)
    assert time.monotonic() - begun < 0.7
    let_go.set()
    source.close()
    assert join_all(stages, 5.0)


class Counting:
    """Gives ten results for each item, and notes how many it made."""

    def __init__(self) -> None:
        self.made = 0

    def step(self, item: int) -> Iterator[int]:
        for _ in range(10):
            self.made += 1
            yield self.made

    def flush(self) -> Iterator[int]:
        raise AssertionError("nothing is flushed once nobody takes results")
        yield 0


def test_no_work_is_done_for_results_that_nobody_takes() -> None:
    step, source, finished = Counting(), BoundedQueue[int](5), []
    errors: list[Exception] = []
    thread = PipelineThread(
        "counting",
        step,
        source,
        lambda item: item < 3,
        finish=lambda: finished.append(1),
        fail=errors.append,
    )
    source.put(1)
    source.put(2)
    source.finish()
    thread.start()
    assert thread.join(5)
    assert step.made == 3 and finished == [1] and errors == []


def test_whoever_takes_the_results_hears_of_the_end_after_an_error_too() -> None:
    source: BoundedQueue[int] = BoundedQueue(5)
    told: list[str] = []
    thread = PipelineThread(
        "doubler",
        Doubler(),
        source,
        lambda item: True,
        finish=lambda: told.append("finished"),
        fail=lambda error: told.append(type(error).__name__),
    )
    source.put(13)
    thread.start()
    assert thread.join(5)
    assert told == ["BrokenUnit", "finished"]


def test_an_error_of_flush_is_told_like_one_of_a_step() -> None:
    class Breaking(Doubler):
        def flush(self) -> Iterator[int]:
            raise BrokenUnit("inside")
            yield 0

    source: BoundedQueue[int] = BoundedQueue(5)
    errors: list[Exception] = []
    thread = PipelineThread(
        "breaking",
        Breaking(),
        source,
        lambda item: True,
        finish=lambda: None,
        fail=errors.append,
    )
    source.finish()
    thread.start()
    assert thread.join(5)
    assert [str(error) for error in errors] == ["inside"]
