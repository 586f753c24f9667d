"""Bounded queue between the log and a slow target, with a drop rule; for two threads."""

from __future__ import annotations

import collections
import threading

from media.access_unit import AccessUnit, Kind

MAX_UNITS = 300
"""Units that may wait: some three seconds of video and sound."""


class PushQueue:
    """Holds units for the writing thread. ``dropped`` counts those that were not written."""

    def __init__(self, most: int = MAX_UNITS) -> None:
        self._most = most
        self._units: collections.deque[AccessUnit] = collections.deque()
        self._ready = threading.Condition()
        self._needs_key = True
        self._is_closed = False
        self.dropped = 0

    def put(self, unit: AccessUnit) -> bool:
        """Adds a unit; never waits. A full queue loses all that waits, and video goes on at the
        next key frame. Returns True where one must be asked for.
        """
        with self._ready:
            if len(self._units) >= self._most:
                self.dropped += len(self._units)
                self._units.clear()
                self._needs_key = True
            is_video = unit.kind is Kind.VIDEO
            if is_video and self._needs_key and not unit.is_key:
                self.dropped += 1
                return True
            if is_video:
                self._needs_key = False
            self._units.append(unit)
            self._ready.notify()
            return False

    def await_key(self) -> None:
        """Leaves video out up to the next key frame: units before it are missing."""
        with self._ready:
            self._needs_key = True

    def restart(self) -> None:
        """Forgets what waits: another connection begins at a key frame."""
        with self._ready:
            self.dropped += len(self._units)
            self._units.clear()
            self._needs_key = True

    def close(self) -> None:
        """Ends it: ``get`` returns None from now on."""
        with self._ready:
            self._is_closed = True
            self._ready.notify_all()

    def get(self) -> AccessUnit | None:
        """Waits for a unit; None once the queue was closed."""
        with self._ready:
            self._ready.wait_for(lambda: bool(self._units) or self._is_closed)
            return None if self._is_closed else self._units.popleft()

    def wait_closed(self, timeout_s: float) -> None:
        """Waits until it is closed, or for so long."""
        with self._ready:
            self._ready.wait_for(lambda: self._is_closed, timeout_s)

    @property
    def is_closed(self) -> bool:
        """True once it was closed."""
        return self._is_closed
