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
