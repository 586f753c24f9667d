"""The list of workers, read once for all teams of a worker."""

from __future__ import annotations

import asyncio
import time

from wire.heartbeat import WorkerBeat
from wire.site import SiteHeartbeats

__all__ = ["MAX_AGE_S", "Roster"]

MAX_AGE_S = 0.9
"""Age up to which a list serves again: teams recruit once a second, and reading it costs Redis a
command for each worker."""


class Roster:
    """One worker's list of all workers; for the loop."""

    def __init__(self, heartbeats: SiteHeartbeats, *, max_age_s: float = MAX_AGE_S) -> None:
        self._heartbeats = heartbeats
        self._max_age_s = max_age_s
        self._beats: list[WorkerBeat] = []
        self._read_at: float | None = None
        self._lock = asyncio.Lock()

    async def beats(self) -> list[WorkerBeat]:
        """Returns the heartbeats of all workers. Raises one of REDIS_DOWN."""
        # One at a time: those who wait meanwhile find the list that the first one read.
        async with self._lock:
            now = time.monotonic()
            if self._read_at is None or now - self._read_at > self._max_age_s:
                self._beats = await self._heartbeats.list()
                self._read_at = now
            return self._beats
