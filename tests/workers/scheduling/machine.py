"""Cores and the threads on them in virtual time: each core runs the thread that had least of it,
for a few milliseconds, as Linux does.
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Callable, Generator
from typing import Generic, TypeVar

SLICE_S = 0.003
_HEAD_START_S = 0.003
_SWITCH_S = 0.00002

Thread = Generator["Work | Wait", None, None]
T = TypeVar("T")


class Work:
    """Yielded by a thread that needs a core for so long."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


class Wait:
    """Yielded by a thread that waits until ``is_over``, which only threads change."""

    def __init__(self, is_over: Callable[[], bool]) -> None:
        self.is_over = is_over


class _Running:
    def __init__(self, thread: Thread, had_s: float) -> None:
        self.thread = thread
        self.had_s = had_s
        self.left_s = 0.0
        self.wait: Wait | None = None


class Machine:
    """Some cores; ``run`` once."""

    def __init__(self, cores: int = 1) -> None:
        self.now = 0.0
        self.busy_s = 0.0
        "Of all cores together."
        self._free = cores
        self._ready: list[tuple[float, int, _Running]] = []
        self._waiting: list[_Running] = []
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._least_s = 0.0

    def start(self, thread: Thread) -> None:
        """One more thread."""
        self._go_on(_Running(thread, self._least_s))

    def at(self, time_s: float, act: Callable[[], None]) -> None:
        """Something happens that needs no core."""
        heapq.heappush(self._events, (time_s, next(self._order), act))

    def run(self, until_s: float) -> None:
        while self._events or self._ready:
            self._dispatch()
            if not self._events or self._events[0][0] > until_s:
                return
            self.now, _, act = heapq.heappop(self._events)
            act()
            self._wake()

    def _go_on(self, one: _Running) -> None:
        asked = next(one.thread, None)
        if isinstance(asked, Work):
            one.left_s = asked.seconds + _SWITCH_S
            self._make_ready(one)
        elif asked is not None:
            one.wait = asked
            self._waiting.append(one)

    def _make_ready(self, one: _Running) -> None:
        heapq.heappush(self._ready, (one.had_s, next(self._order), one))

    def _wake(self) -> None:
        is_awake = True
        while is_awake:
            is_awake = False
            for one in list(self._waiting):
                if one.wait is not None and one.wait.is_over():
                    self._waiting.remove(one)
                    # Who slept comes soon, but has not saved up all the time that it slept.
                    one.had_s = max(one.had_s, self._least_s - _HEAD_START_S)
                    self._go_on(one)
                    is_awake = True

    def _dispatch(self) -> None:
        while self._free and self._ready:
            had_s, _, one = heapq.heappop(self._ready)
            self._least_s = max(self._least_s, had_s)
            self._free -= 1
            took_s = min(SLICE_S, one.left_s)
            self.at(self.now + took_s, lambda one=one, took_s=took_s: self._end(one, took_s))  # type: ignore[misc]

    def _end(self, one: _Running, took_s: float) -> None:
        self._free += 1
        self.busy_s += took_s
        one.had_s += took_s
        one.left_s -= took_s
        if one.left_s > 1e-9:
            self._make_ready(one)
        else:
            self._go_on(one)


class Queue(Generic[T]):
    """Between two threads; with a length, whoever puts waits for room."""

    def __init__(self, length: int = 1 << 30) -> None:
        self._items: deque[T] = deque()
        self._length = length

    def room(self) -> Wait:
        return Wait(lambda: len(self._items) < self._length)

    def some(self) -> Wait:
        return Wait(lambda: bool(self._items))

    def put(self, item: T) -> None:
        self._items.append(item)

    def get(self) -> T:
        return self._items.popleft()
