"""Bounded queue between two threads, which ends by ``finish`` in order or by ``close`` at once."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")


class BoundedQueue(Generic[T]):
    """Queue of at most ``limit`` items, first in, first out; ``put`` into a full queue waits.

    One thread puts and finishes, one thread gets; any thread may close. It never drops: the next
    step drops items by their age.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        "Items that may wait; may be set from any thread."
        # Waiting in a SimpleQueue, one call of the interpreter, costs half as much as waiting for a
        # condition, and each frame passes three queues.
        self._items: SimpleQueue[T | None] = SimpleQueue()
        self._emptied = threading.Condition()
        self._is_awaited = False
        "True while the putting thread waits for ``_emptied``."
        self._finished = False
        self._closed = False

    def __len__(self) -> int:
        return self._items.qsize()

    def put(self, item: T) -> bool:
        """Waits for space and adds an item; returns False, adding nothing, after the end."""
        if self._items.qsize() >= self.limit:
            self._await_space()
        if self._closed or self._finished:
            return False
        self._items.put(item)
        return True

    def get(self) -> T | None:
        """Waits for the next item; returns None if the queue is closed, or finished and empty."""
        item = self._items.get()
        if item is None or self._closed:
            self._items.put(None)  # the next call must end too
            return None
        # Race: the putting thread sets the flag before it checks for space. So it either finds the
        # space made here, or this thread sees the flag and notifies it.
        if self._is_awaited:
            with self._emptied:
                self._emptied.notify()
        return item

    @property
    def is_closed(self) -> bool:
        """True after ``close``, which loses items."""
        return self._closed

    def finish(self) -> None:
        """Ends the input; items inside are still returned by ``get``."""
        self._finished = True
        self._end()

    def close(self) -> None:
        """Ends both sides at once; items inside are lost."""
        self._closed = True
        self._end()

    def _end(self) -> None:
        # The item wakes a thread in ``get``, the notification one in ``put``; either may wait.
        self._items.put(None)
        with self._emptied:
            self._emptied.notify()

    def _await_space(self) -> None:
        with self._emptied:
            self._is_awaited = True
            while self._items.qsize() >= self.limit and not (self._closed or self._finished):
                self._emptied.wait()
            self._is_awaited = False
