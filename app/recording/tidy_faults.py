"""The recordings that can be neither ended nor removed, each told once; no I/O but the log."""

from __future__ import annotations

import logging

log = logging.getLogger(__name__)

MAX_TOLD = 1_000
"""Faults that are remembered. Where there are more, all are told again: the folder needs somebody
to look at it."""


class TidyFaults:
    """Tells and counts what cannot be tidied up. For one thread at a time."""

    def __init__(self) -> None:
        self.count = 0
        "Faults that were told."
        self._told: set[tuple[str, str]] = set()

    def note(self, place: str, what: str, error: Exception) -> None:
        """Logs that ``place`` "is not ``what``", unless it did so before."""
        key = (place, what)
        if key in self._told:
            return
        if len(self._told) >= MAX_TOLD:
            self._told.clear()
        self._told.add(key)
        self.count += 1
        log.warning("%s is not %s: %s", place, what, error, extra={"action": "recording_untidied"})
