"""A bounded queue between two threads that ends: by ``finish`` in order, by ``close`` at once."""

from __future__ import annotations

import threading
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Channel(Generic[T]):
    """First in, first out, at most ``limit`` items; whoever puts into a full one waits.

    It never drops: what waits too long is found out by its age, at the next step.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._items: deque[T] = deque()
        self._lock = threading.Lock()
        self._filled = threading.Condition(self._lock)
        self._emptied = threading.Condition(self._lock)
        self._finished = False
        self._closed = False

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: T) -> bool:
        """Waits for room; False if the channel has ended and the item went nowhere."""
        with self._lock:
            while len(self._items) >= self._limit and not (self._closed or self._finished):
                self._emptied.wait()
            if self._closed or self._finished:
                return False
            self._items.append(item)
            self._filled.notify()
            return True

    def get(self) -> T | None:
        """The next item; None once the channel was closed, or finished and is empty."""
        with self._lock:
            while not self._items and not self._closed and not self._finished:
                self._filled.wait()
            if self._closed or not self._items:
                return None
            item = self._items.popleft()
            self._emptied.notify()
            return item

    @property
    def is_closed(self) -> bool:
        """True once it ended at once, with items lost."""
        return self._closed

    def finish(self) -> None:
        """No more items come; those inside are still handed out."""
        with self._lock:
            self._finished = True
            self._filled.notify_all()
            self._emptied.notify_all()

    def close(self) -> None:
        """Ends both sides at once; items inside are lost."""
        with self._lock:
            self._closed = True
            self._items.clear()
            self._filled.notify_all()
            self._emptied.notify_all()
