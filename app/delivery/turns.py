"""Work on many things in turns of bounded length, so that an event loop is never held; no I/O."""

from __future__ import annotations

import collections
import time
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")

MAX_TURN_S = 0.004
"""A turn ends after this time; with 15 us for a frame to a viewer it serves 260 of them."""

MIN_STEPS = 16
"""Steps of a turn, at the least: a process that others keep from its core would else pay for a turn
of the loop with each."""

MAX_WAITING = 40
"""Entries that may wait: half a second of video and sound. Whoever is so far behind lacks the
processor time for all, and more in the queue would only make everything later."""


class Turns(Generic[T]):
    """Does entries one after the other, each in small steps."""

    def __init__(
        self,
        begin: Callable[[T], Iterator[None]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``begin`` yields after each step of an entry; it is called once those before are done."""
        self._begin = begin
        self._clock = clock
        self._waiting: collections.deque[T] = collections.deque()
        self._steps: Iterator[None] = iter(())

    @property
    def is_behind(self) -> bool:
        """True while more than half of what may wait does."""
        return len(self._waiting) > MAX_WAITING // 2

    def add(self, entry: T) -> bool:
        """Puts an entry behind the others; False if too many wait."""
        if len(self._waiting) >= MAX_WAITING:
            return False
        self._waiting.append(entry)
        return True

    def work(self) -> bool:
        """Takes a turn; True if there is more to do."""
        clock = self._clock
        until, steps = clock() + MAX_TURN_S, 0
        while True:
            for _ in self._steps:
                steps += 1
                if steps >= MIN_STEPS and clock() > until:
                    return True
            if not self._waiting:
                return False
            self._steps = self._begin(self._waiting.popleft())
