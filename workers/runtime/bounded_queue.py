"""A bounded queue between two threads that ends: by ``finish`` in order, by ``close`` at once."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")


class BoundedQueue(Generic[T]):
    """First in, first out, at most ``limit`` items; whoever puts into a full one waits. One thread
    puts and finishes, one takes; any may close.

    It never drops: what waits too long is found out by its age, at the next step.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        # Waiting in one call of the interpreter's own costs half of what a condition does, and
        # each frame passes three channels.
        self._items: SimpleQueue[T | None] = SimpleQueue()
        self._emptied = threading.Condition()
        self._is_awaited = False
        "Whoever puts waits for ``_emptied``."
        self._finished = False
        self._closed = False

    def __len__(self) -> int:
        return self._items.qsize()

    def put(self, item: T) -> bool:
        """Waits for room; False if the channel has ended and the item went nowhere."""
        if self._items.qsize() >= self._limit:
            self._await_room()
        if self._closed or self._finished:
            return False
        self._items.put(item)
        return True

    def get(self) -> T | None:
        """The next item; None once the channel was closed, or finished and is empty."""
        item = self._items.get()
        if item is None or self._closed:
            self._items.put(None)  # For the next call.
            return None
        # Set before the other side looks for room: either it finds this place, or it is told.
        if self._is_awaited:
            with self._emptied:
                self._emptied.notify()
        return item

    @property
    def is_closed(self) -> bool:
        """True once it ended at once, with items lost."""
        return self._closed

    def finish(self) -> None:
        """No more items come; those inside are still handed out."""
        self._finished = True
        self._end()

    def close(self) -> None:
        """Ends both sides at once; items inside are lost."""
        self._closed = True
        self._end()

    def _end(self) -> None:
        self._items.put(None)
        with self._emptied:
            self._emptied.notify()

    def _await_room(self) -> None:
        with self._emptied:
            self._is_awaited = True
            while self._items.qsize() >= self._limit and not (self._closed or self._finished):
                self._emptied.wait()
            self._is_awaited = False
