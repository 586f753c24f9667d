"""Work that is due at certain times, for one timer to do all of it; no I/O, no clock."""

from __future__ import annotations

import heapq
from typing import Generic, TypeVar

T = TypeVar("T")


class DueQueue(Generic[T]):
    """Items by the time at which they are due; each stands in it at most once.

    Those of one time come in the order in which they were put there, so that nobody is served twice
    before all others that are due.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, T]] = []
        self._valid: dict[T, int] = {}
        "Number of the one entry of an item that counts."
        self._numbers = 0

    def __len__(self) -> int:
        return len(self._valid)

    def put(self, item: T, at: float) -> None:
        """Sets the time at which an item is due, in place of an earlier one."""
        self._numbers += 1
        self._valid[item] = self._numbers
        heapq.heappush(self._heap, (at, self._numbers, item))
        # Entries that count no more stay until their time; many of them must not stay.
        if len(self._heap) > 2 * len(self._valid) + 16:
            self._heap = [e for e in self._heap if self._valid.get(e[2]) == e[1]]
            heapq.heapify(self._heap)

    def discard(self, item: T) -> None:
        """Takes an item out; a no-op if it is not there."""
        self._valid.pop(item, None)

    def next_at(self) -> float | None:
        """Returns the time at which the first item is due; None while there is none."""
        while self._heap and self._valid.get(self._heap[0][2]) != self._heap[0][1]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def pop(self, *, now: float) -> T | None:
        """Takes out the first item that is due; None where none is."""
        at = self.next_at()
        if at is None or at > now:
            return None
        item = heapq.heappop(self._heap)[2]
        del self._valid[item]
        return item
