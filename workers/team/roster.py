"""The workers that teams choose from, read once for all teams of a worker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection

from wire.free_workers import MAX_DRAWN
from wire.heartbeat import WorkerBeat
from wire.site import SiteHeartbeats

__all__ = ["MAX_AGE_S", "Roster"]

MAX_AGE_S = 0.9
"""Age up to which what was read serves again: teams recruit once a second."""


class Roster:
    """Some free workers, drawn at random, and those that are asked for by name; for the loop.

    What it costs is flat: a lead among a thousand workers looks at as many of them as one among
    twenty.
    """

    def __init__(self, heartbeats: SiteHeartbeats, *, max_age_s: float = MAX_AGE_S) -> None:
        self._heartbeats = heartbeats
        self._max_age_s = max_age_s
        self._drawn: list[str] = []
        self._drawn_at: float | None = None
        self._beats: dict[tuple[str, str], tuple[float, WorkerBeat | None]] = {}
        "Heartbeats by net and worker, each with the time at which it was read; None: it is gone."
        self._lock = asyncio.Lock()

    async def beats(self, names: Collection[str], model: str) -> list[WorkerBeat]:
        """Returns the heartbeats of free workers and of the named ones, as far as they are alive;
        of their nets only ``model``. Raises one of REDIS_DOWN.
        """
        # One at a time: those who wait meanwhile find what the first one read.
        async with self._lock:
            now = time.monotonic()
            if self._drawn_at is None or now - self._drawn_at > self._max_age_s:
                self._drawn = [each.name for each in await self._heartbeats.draw(MAX_DRAWN)]
                self._drawn_at = now
            self._beats = {
                key: known
                for key, known in self._beats.items()
                if now - known[0] <= self._max_age_s
            }
            wanted = sorted({*names, *self._drawn})
            missing = [name for name in wanted if (model, name) not in self._beats]
            found = {each.name: each for each in await self._find(missing, model)}
            for name in missing:
                self._beats[model, name] = (now, found.get(name))
            beats = [self._beats[model, name][1] for name in wanted]
            return [each for each in beats if each is not None]

    async def _find(self, names: list[str], model: str) -> list[WorkerBeat]:
        return await self._heartbeats.find(names, model) if names else []
