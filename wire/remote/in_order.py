"""Puts messages of a lane into their order again, and gives up on those that are late. Sans-I/O."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterator

from media.serial import Unwrapper

MAX_WAITING = 64
"""Messages that wait for one before them; two seconds of video. Beyond, what lacks is given up."""

MAX_READY = 256
"""Messages whose turn it is and that nobody takes; beyond, all go, since they are late by seconds.
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Delivery:
    """A message whose turn it is."""

    content: bytes
    is_after_gap: bool
    """One or more before it were given up."""


class InOrder:
    """The order of one lane, whose first serial is 0. ``now`` in seconds, never going back.

    A message that waits for one before it is handed on ``patience_s`` after it came: by then the
    missing one is late, since both had about the same deadline.
    """

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._serials = Unwrapper(16)
        self._serials.unwrap(0)
        self._next = 0
        self._waiting: dict[int, tuple[float, bytes]] = {}
        self._is_after_gap = False
        self._ready: collections.deque[Delivery] = collections.deque()
        self._lost = 0

    @property
    def lost(self) -> int:
        """Messages that were given up."""
        return self._lost

    def put(self, serial: int, content: bytes, *, now: float) -> None:
        """Takes a message; one that was given up or is there already has no effect."""
        number = self._serials.unwrap(serial)
        if number < self._next or number in self._waiting:
            return
        self._waiting[number] = (now, content)
        self._advance()
        while len(self._waiting) > MAX_WAITING:
            self._skip()

    def tick(self, *, now: float) -> None:
        """Gives up what is late."""
        while self._waiting and now >= self._oldest() + self._patience_s:
            self._skip()

    def next_deadline(self) -> float | None:
        """Returns when ``tick`` is to be called; None if nothing waits."""
        return self._oldest() + self._patience_s if self._waiting else None

    def take(self) -> Iterator[Delivery]:
        """Yields the messages whose turn it is."""
        while self._ready:
            yield self._ready.popleft()

    def _oldest(self) -> float:
        return min(came_at for came_at, _ in self._waiting.values())

    def _skip(self) -> None:
        first = min(self._waiting)
        self._lost += first - self._next
        self._is_after_gap = True
        self._next = first
        self._advance()

    def _advance(self) -> None:
        while self._next in self._waiting:
            _, content = self._waiting.pop(self._next)
            if len(self._ready) == MAX_READY:
                self._lost += MAX_READY
                self._ready.clear()
                self._is_after_gap = True
            self._ready.append(Delivery(content, self._is_after_gap))
            self._is_after_gap = False
            self._next += 1
