"""The leases that the server counts as one worker's, those that were handed to it among them.

One that it did not ask for was handed to it. The server's list and the worker's own reads answer in
any order, so the list alone cannot tell: a lease counts as handed once a read is over and did not
give it. Sans-I/O.
"""

from __future__ import annotations

from collections.abc import Iterable

MAX_KNOWN = 256
"""Leases that a worker remembers to have asked for. Far above what one holds at a time."""


class OwnLeases:
    """The leases of one worker, by the entry ids of their jobs."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        "Leases that were asked for, the oldest first, each with a number of its own."
        self._handed: dict[str, None] = {}
        self._number = 0

    def add(self, entry: str) -> None:
        """Notes one that we asked for, or that we hold."""
        self._number += 1
        self._known.pop(entry, None)
        self._known[entry] = self._number
        if len(self._known) > MAX_KNOWN:
            del self._known[next(iter(self._known))]

    def forget(self, entry: str) -> None:
        """Notes that it is handed to another worker: should it come back, it was handed to us."""
        self._known.pop(entry, None)

    def mark(self) -> int:
        """Returns what ``listed`` wants, before the server is asked for its list."""
        return self._number

    def listed(self, entries: Iterable[str], mark: int, *, is_whole: bool) -> bool:
        """Takes the server's list of our leases, which was asked for after ``mark``; returns True
        where one may have been handed to us. A list that is not whole says nothing about the rest.
        """
        have = list(entries)
        if is_whole:
            there = set(have)
            for entry, number in list(self._known.items()):
                if number <= mark and entry not in there:
                    del self._known[entry]
        self._handed = dict.fromkeys(entry for entry in have if entry not in self._known)
        return bool(self._handed)

    def next_handed(self) -> str | None:
        """Returns a lease that was handed to us; each once, and none that was asked for since the
        list was made.
        """
        while self._handed:
            entry = next(iter(self._handed))
            del self._handed[entry]
            if entry not in self._known:
                return entry
        return None
