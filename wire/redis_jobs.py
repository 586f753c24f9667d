"""The job queue as the workers of a site use it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

from wire.connection import Redis
from wire.jobs import LEASE_MS, Job, JobQueue

MAX_SEARCHES_PER_S = 100.0
"""Searches for lapsed leases of all workers together, a second; each looks at 640 leases."""

SEARCH_S = 0.1
"""Interval of one worker's searches, where there are few workers."""

SEARCH_REST_MS = 25
"""Time between two searches from the first lease on, of whichever worker: without it searches are
most of what Redis does for a hundred workers. A lease lapses after twenty times as long."""

READ_GRACE_S = 0.01
"""Time for which a read goes on once a lease is found that no read gave: its answer may be on its
way, on another connection."""


def search_period_s(workers: int) -> float:
    """Returns the seconds between two searches of a worker for lapsed leases, with so many workers
    alive: together they search as often, however many they are.
    """
    return max(SEARCH_S, workers / MAX_SEARCHES_PER_S)


class RedisJobs(JobQueue):
    """The job queue of a worker. Follows ``wire.site.SiteJobs``."""

    def __init__(
        self,
        client: Redis,
        *,
        consumer: str,
        workers: Callable[[], int] = lambda: 1,
        lease_ms: int = LEASE_MS,
    ) -> None:
        """``workers`` tells how many there are, about; ``lease_ms`` how long a lease lives."""
        super().__init__(client, consumer=consumer)
        self._workers = workers
        self._lease_ms = lease_ms
        self._search_at = 0.0
        self._waiting: asyncio.Timeout | None = None
        "The limit of the wait for a job, while there is one."

    async def next_job(self, *, block_ms: int, only_handed: bool = False) -> Job | None:
        """Returns a job that was handed over, whose lease lapsed, or that nobody had; None after
        ``block_ms``. What was handed over is seen by ``renew_all`` and ends the wait.
        """
        # Jobs with a lead that ends, or of a dead one, come before those that nobody had: their
        # viewers see a picture that will stand still, or does.
        job = await self.find_handed()
        if job is not None:
            return job
        if only_handed:
            await self._until_handed(asyncio.sleep(block_ms / 1000))
            return await self.find_handed()
        now = time.monotonic()
        if now >= self._search_at:
            period_s = search_period_s(self._workers()) * self._lease_ms / LEASE_MS
            self._search_at = now + period_s
            job = await self.take_over(
                min_idle_ms=self._lease_ms,
                rest_ms=SEARCH_REST_MS * self._lease_ms // LEASE_MS,
            )
            if job is not None:
                # Where one lease lapsed there are others: a worker that died held several.
                self._search_at = now
                return job
        until_search_ms = int(1000 * (self._search_at - time.monotonic()))
        job = await self._until_handed(self.claim(block_ms=max(1, min(block_ms, until_search_ms))))
        return job or await self.find_handed()

    def _on_handed(self) -> None:
        if self._waiting is not None and not self._waiting.expired():
            self._waiting.reschedule(asyncio.get_running_loop().time() + READ_GRACE_S)

    async def _until_handed(self, wait: Coroutine[Any, Any, Job | None]) -> Job | None:
        """Returns what is waited for; None where something is handed over meanwhile. A job that the
        server gives to a read that is ended here is among our leases, and so counts as handed.
        """
        try:
            async with asyncio.timeout(None) as self._waiting:
                return await wait
        except TimeoutError:
            # Of Redis, if it is not ours.
            if self._waiting is None or not self._waiting.expired():
                raise
            return None
        finally:
            self._waiting = None
