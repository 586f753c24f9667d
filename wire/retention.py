"""The policy that decides which entries of a log are kept; it has no I/O and no clock.

A log is trimmed to what its readers need: the last key frame and what follows, with a grace for
readers a little behind, for at most ``max_age_s`` and ``max_bytes``. The writer knows the ids and
sizes of what it appended itself, so no clock but its own counts, and it may be any that does not
jump.
"""

from __future__ import annotations

import dataclasses
from collections import deque

MAX_BYTES = 24 * 2**20
"""Bytes of batches in one log: 15 s of 13 Mbit/s. A log that would grow beyond it takes no more
until the next key frame."""

RESERVE_BYTES = 2**20
"""Bytes that a log keeps when the memory of the server is full, so that its readers go on: about
two seconds at 4 Mbit/s."""

_STEP_MS = 500
"""A trim that removes less than this much more is not worth asking for."""


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """The trims that go with the append of one entry."""

    trim_to: str
    "Entries with smaller ids go; empty: none."
    reserve_from: str
    "The same for a server whose memory is full; empty: all go."


@dataclasses.dataclass(frozen=True, slots=True)
class _Kept:
    id: str
    at_ms: int
    size: int
    is_key: bool


class Retention:
    """The entries that this writer appended and the log still has. Times are ms of its clock."""

    def __init__(
        self, *, grace_s: float = 2.0, max_age_s: float = 15.0, max_bytes: int = MAX_BYTES
    ) -> None:
        self._grace_ms = int(grace_s * 1000)
        self._max_age_ms = int(max_age_s * 1000)
        self._max_bytes = max_bytes
        self._kept: deque[_Kept] = deque()
        self._last_key: _Kept | None = None
        self._trimmed_ms: int | None = None
        self._trim_to = ""
        "Decided, and not yet carried out: it goes with the next entry that the server takes."
        self.bytes = 0
        "Bytes that are kept."

    def plan(self, *, size: int, is_key: bool, now_ms: int) -> Plan | None:
        """Decides what goes for an entry of that size; returns None if it does not fit."""
        # What an earlier plan gave up is forgotten here already. If the server did not take that
        # entry the trim is still due, so it is kept until a later one replaces it.
        self._trim_to = self._by_age(now_ms) or self._trim_to
        if self.bytes + size > self._max_bytes:
            self._trim_to = self._by_size(is_key=is_key, size=size) or self._trim_to
        if self.bytes + size > self._max_bytes:
            return None
        return Plan(self._trim_to, self._reserve(size))

    def appended(self, entry_id: str, *, size: int, is_key: bool, now_ms: int) -> None:
        """Notes that the server took the entry, and trimmed as planned."""
        self._trim_to = ""
        entry = _Kept(entry_id, now_ms, size, is_key)
        self._kept.append(entry)
        self.bytes += size
        if is_key:
            self._last_key = entry

    def reserved(self, plan: Plan) -> None:
        """Notes that the server was full, so that only the plan's reserve is left."""
        while self._kept and self._kept[0].id != plan.reserve_from:
            self._forget()

    def cleared(self) -> None:
        """Notes that the log was emptied."""
        self._trim_to = ""
        while self._kept:
            self._forget()

    def _by_age(self, now_ms: int) -> str:
        keep_ms = now_ms - self._max_age_ms
        if self._last_key is not None:
            keep_ms = max(keep_ms, min(self._last_key.at_ms, now_ms - self._grace_ms))
        # What another writer left is older than our first entry, and goes when that may be first.
        if not self._kept or keep_ms < self._kept[0].at_ms:
            return ""
        if self._trimmed_ms is not None and keep_ms - self._trimmed_ms < _STEP_MS:
            return ""
        self._trimmed_ms = keep_ms
        newest = self._kept[-1].id
        while self._kept and self._kept[0].at_ms < keep_ms:
            self._forget()
        return self._kept[0].id if self._kept else _just_after(newest)

    def _by_size(self, *, is_key: bool, size: int) -> str:
        """Removes all before the last key frame, or all entries where another key frame comes;
        without any, as many as it takes: nobody can begin there anyway, but readers go on.
        """
        if not self._kept:
            return ""
        newest, has_key = self._kept[-1].id, self._last_key is not None
        while self._kept and (
            is_key
            or (has_key and self._kept[0] is not self._last_key)
            or (not has_key and self.bytes + size > self._max_bytes)
        ):
            self._forget()
        return self._kept[0].id if self._kept else _just_after(newest)

    def _reserve(self, size: int) -> str:
        """Returns the id of the first of the newest entries that fit into the reserve together."""
        left, first = RESERVE_BYTES - size, ""
        for entry in reversed(self._kept):
            left -= entry.size
            if left < 0:
                break
            first = entry.id
        return first

    def _forget(self) -> None:
        entry = self._kept.popleft()
        self.bytes -= entry.size
        if entry is self._last_key:
            self._last_key = None


def _just_after(entry_id: str) -> str:
    ms, _, sequence = entry_id.partition("-")
    return f"{ms}-{int(sequence) + 1}"
