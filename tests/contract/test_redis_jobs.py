"""The jobs of one worker: ``wire/redis_jobs.py`` on each kind of server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from wire import keys
from wire.connection import Redis
from wire.jobs import Job, JobOrigin, JobQueue
from wire.redis_jobs import MAX_SEARCHES_PER_S, SEARCH_S, RedisJobs, search_period_s

LONG_MS = 5_000


@pytest.fixture
async def jobs(client: Redis) -> AsyncIterator[RedisJobs]:
    """Those of a worker that meets an empty queue."""
    found = RedisJobs(client, consumer="a")
    await found.claim(block_ms=1)
    yield found


async def lead(client: Redis, name: str = "other") -> tuple[JobQueue, Job]:
    """Another worker, and a job that it claimed."""
    other = JobQueue(client, consumer=name)
    await other.enqueue("cam1", keys.ENHANCED, 1)
    job = await other.claim(block_ms=1_000)
    assert job is not None
    return other, job


async def renewing(jobs: RedisJobs) -> None:
    """Renews as the worker's other loop does."""
    while True:
        await jobs.renew_all([])
        await asyncio.sleep(0.02)


def test_all_workers_together_search_as_often_however_many_they_are() -> None:
    assert search_period_s(0) == search_period_s(1) == SEARCH_S
    for workers in (100, 1_000, 10_000):
        assert workers / search_period_s(workers) == pytest.approx(MAX_SEARCHES_PER_S)


async def test_a_new_job_ends_the_wait_at_once(client: Redis, jobs: RedisJobs) -> None:
    for number in range(20):
        waiting = asyncio.create_task(jobs.next_job(block_ms=LONG_MS), name="wait")
        await asyncio.sleep(0.005 * number)
        entry = await JobQueue(client).enqueue(f"cam{number}", keys.ENHANCED, 1)
        began = time.monotonic()
        job = await waiting
        while job is None:  # the wait ends for a search as well
            job = await jobs.next_job(block_ms=LONG_MS)
        assert time.monotonic() - began < 1.0
        assert (job.entry, job.origin) == (entry, JobOrigin.NEW)
        await jobs.finish(entry)


@pytest.mark.parametrize("only_handed", [False, True])
async def test_what_is_handed_over_ends_the_wait(
    client: Redis, jobs: RedisJobs, only_handed: bool
) -> None:
    other, job = await lead(client)
    leases = asyncio.create_task(renewing(jobs), name="leases")
    try:
        waiting = asyncio.create_task(
            jobs.next_job(block_ms=LONG_MS, only_handed=only_handed), name="wait"
        )
        began = time.monotonic()
        assert await other.hand_over(job, "a")
        found = await waiting
        while found is None:  # the wait ends for a search as well
            found = await jobs.next_job(block_ms=LONG_MS, only_handed=only_handed)
        assert time.monotonic() - began < 1.0
        assert (found, found.origin) == (job, JobOrigin.HANDED)
        # The connection of the read that was ended is not used for the answer to another command.
        assert await jobs.next_job(block_ms=30) is None
        assert await jobs.exists(job.entry)
    finally:
        leases.cancel()
        await asyncio.gather(leases, return_exceptions=True)


async def test_a_worker_without_space_takes_nothing_new(client: Redis, jobs: RedisJobs) -> None:
    entry = await JobQueue(client).enqueue("cam1", keys.ENHANCED, 1)
    assert await jobs.next_job(block_ms=30, only_handed=True) is None
    job = await jobs.next_job(block_ms=1_000)
    assert job is not None and job.entry == entry


async def test_a_lapsed_job_comes_before_a_new_one(client: Redis, jobs: RedisJobs) -> None:
    other, job = await lead(client)
    await other.enqueue("cam2", keys.ENHANCED, 1)
    await other.release(job)
    found = await jobs.next_job(block_ms=1_000)
    assert found is not None
    assert (found, found.origin) == (job, JobOrigin.LAPSED)
    after = await jobs.next_job(block_ms=1_000)
    assert after is not None
    assert (after.stream, after.origin) == ("cam2", JobOrigin.NEW)


async def test_new_jobs_are_never_taken_for_handed_ones(client: Redis, jobs: RedisJobs) -> None:
    leases = asyncio.create_task(renewing(jobs), name="leases")
    found: list[Job] = []
    try:
        for number in range(50):
            await JobQueue(client).enqueue(f"cam{number}", keys.ENHANCED, 1)
        async with asyncio.timeout(10):
            while len(found) < 50:
                job = await jobs.next_job(block_ms=100)
                if job is not None:
                    found.append(job)
    finally:
        leases.cancel()
        await asyncio.gather(leases, return_exceptions=True)
    assert len({job.entry for job in found}) == 50
    assert {job.origin for job in found} == {JobOrigin.NEW}
