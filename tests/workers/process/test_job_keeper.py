"""The jobs of several workers on one Redis, without pictures."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable

from wire import keys
from wire.connection import Redis
from wire.heartbeat import WORKING, WorkerBeat
from wire.jobs import LEASE_MS, Job, JobOrigin, JobQueue
from wire.site import RedisSite
from workers.process.job_keeper import HANDED_S, JobKeeper
from workers.scheduling.job_load import PAUSE_S
from workers.scheduling.placement import PlacementPolicy
from workers.session.outcome import SessionOutcome


class Lane:
    """A rendition that nobody makes."""

    def __init__(self, job: Job, lanes: dict[str, Lane], load: float) -> None:
        self.job = job
        self.load = load
        self.is_watched = True
        self.wanted_load = self.load
        self._lanes = lanes
        self.outcomes: list[SessionOutcome] = []

    def end(self, outcome: SessionOutcome, why: str) -> None:
        assert why
        self.outcomes.append(outcome)
        self._lanes.pop(self.job.entry, None)


class Keeping:
    """A worker that keeps jobs and makes nothing of them."""

    def __init__(self, client: Redis, name: str, capacity: float, load: float) -> None:
        self.name = name
        self.site = RedisSite(client, name)
        self.lanes: dict[str, Lane] = {}
        self.ended: list[SessionOutcome] = []
        self.capacity = capacity
        self._load = load
        self.keeper = JobKeeper(self.site, PlacementPolicy(name, capacity), self.lanes)

    async def begin(self, job: Job) -> None:
        if self.lanes and self.load + self._load > self.capacity:
            await self.keeper.pass_on(job, self._load)
            return
        if await self.keeper.forward(job, self._load):
            return
        self.lanes[job.entry] = Lane(job, self.lanes, self._load)

    @property
    def load(self) -> float:
        return sum(lane.load for lane in self.lanes.values())

    async def beat(self) -> None:
        await self.site.heartbeats.beat(
            WorkerBeat(
                name=self.name,
                host="here",
                pid=1,
                started_us=1,
                engines=[],
                models=[],
                capacity=self.capacity,
                load=self.load,
                ms_per_frame=1.0,
                streams=[],
                state=WORKING,
            )
        )

    async def run(self, beats: bool = True) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self.keeper.claim(self.begin), name="claim")
            group.create_task(self.keeper.renew(), name="leases")
            group.create_task(self.keeper.relieve(), name="relief")
            while beats:
                await self.beat()
                await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def keeping(
    client: Redis, name: str, *, capacity: float = 2.0, load: float = 0.5
) -> AsyncIterator[Keeping]:
    worker = Keeping(client, name, capacity, load)
    await worker.site.jobs.claim(block_ms=1)  # makes the group
    task = asyncio.create_task(worker.run(), name=name)
    try:
        yield worker
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], object], timeout_s: float = 8.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.01)


async def enqueue(client: Redis, count: int) -> None:
    for number in range(count):
        await JobQueue(client).enqueue(f"cam{number}", keys.ENHANCED, number)


async def test_a_worker_takes_what_it_holds_and_no_more(client: Redis) -> None:
    async with keeping(client, "a") as a:
        await enqueue(client, 6)
        await until(lambda: len(a.lanes) == 4)
        await asyncio.sleep(0.4)
        assert len(a.lanes) == 4


async def test_leases_that_are_kept_are_nobody_elses(client: Redis) -> None:
    async with keeping(client, "a") as a:
        await enqueue(client, 3)
        await until(lambda: len(a.lanes) == 3)
        async with keeping(client, "b") as b:
            await asyncio.sleep(2.5 * LEASE_MS / 1000)
            assert len(a.lanes) == 3
            assert b.lanes == {}


async def test_the_jobs_of_a_worker_that_died_are_taken_over(client: Redis) -> None:
    async with keeping(client, "b", capacity=4.0) as b:
        async with keeping(client, "a") as a:
            await enqueue(client, 4)
            await until(lambda: len(a.lanes) + len(b.lanes) == 4)
        died = time.monotonic()
        await until(lambda: len(b.lanes) == 4)
        assert time.monotonic() - died < 2.0


async def test_a_lane_whose_lease_is_anothers_is_told_so(client: Redis) -> None:
    async with keeping(client, "a") as a:
        await enqueue(client, 1)
        await until(lambda: a.lanes)
        (lane,) = a.lanes.values()
        await JobQueue(client, consumer="thief").take_over(min_idle_ms=0)
        await until(lambda: lane.outcomes)
        assert lane.outcomes == [SessionOutcome.LOST]


async def test_a_worker_that_joins_relieves_a_full_one_within_three_seconds(
    client: Redis,
) -> None:
    async with keeping(client, "a") as a:
        await enqueue(client, 3)
        await until(lambda: len(a.lanes) == 3)
        for lane in a.lanes.values():
            lane.load = 1.2  # somebody watches them now, and they are larger than was known
        began = time.monotonic()
        async with keeping(client, "b", load=1.2) as b:
            await until(lambda: len(b.lanes) == 1, timeout_s=3.0)
            assert time.monotonic() - began < 3.0
            # The old lead makes it until the new one writes: here, until its time is over.
            (moved,) = b.lanes
            assert moved in a.lanes
            (lane,) = [each for entry, each in a.lanes.items() if entry == moved]
            await until(lambda: lane.outcomes == [SessionOutcome.LOST], HANDED_S + 1.0)
            assert a.keeper.handed_over == 1
            assert len(a.lanes) == 2


async def test_a_job_goes_to_the_emptier_of_two_workers_whoever_claims_it(client: Redis) -> None:
    async with keeping(client, "a", capacity=8.0) as a, keeping(client, "b", capacity=1.0) as b:
        await until(lambda: a.site.heartbeats.free == 2)
        for number in range(6):
            await JobQueue(client).enqueue(f"cam{number}", keys.ENHANCED, number)
            async with asyncio.timeout(8):
                while len(a.lanes) + len(b.lanes) <= number:  # noqa: ASYNC110 - Redis tells nobody
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.15)  # both have shown their loads
        assert len(a.lanes) >= 5


async def claimed(client: Redis) -> tuple[JobQueue, Job]:
    """Another worker, and a job that it claimed."""
    other = JobQueue(client, consumer="other")
    await other.enqueue("claimed", keys.ENHANCED, 1)
    job = await other.claim(block_ms=1_000)
    assert job is not None
    return other, job


async def test_a_full_worker_hands_on_what_was_handed_to_it(client: Redis) -> None:
    """Whoever handed it over saw the load of a moment ago."""
    async with keeping(client, "a") as a:
        await enqueue(client, 4)
        await until(lambda: len(a.lanes) == 4)
        other, job = await claimed(client)
        async with keeping(client, "b", load=0.5) as b:
            async with asyncio.timeout(8):
                while b.site.heartbeats.free != 1:
                    assert await other.renew(job)
                    await asyncio.sleep(0.01)
            assert await other.hand_over(job, "a")
            # Sooner than its lease could lapse.
            await until(lambda: b.lanes, timeout_s=LEASE_MS / 1000)
            assert list(b.lanes) == [job.entry]
            assert b.lanes[job.entry].job.origin is JobOrigin.HANDED
            assert len(a.lanes) == 4


async def test_a_job_that_fits_nowhere_goes_to_the_first_who_has_space(client: Redis) -> None:
    async with keeping(client, "a") as a:
        await enqueue(client, 4)
        await until(lambda: len(a.lanes) == 4)
        other, job = await claimed(client)
        assert await other.hand_over(job, "a")
        await asyncio.sleep(0.3)
        assert len(a.lanes) == 4
        (lane, *_) = a.lanes.values()
        lane.end(SessionOutcome.ENDED, "its stream is over")
        await JobQueue(client, consumer="other").finish(lane.job.entry)
        await until(lambda: len(a.lanes) == 4, timeout_s=PAUSE_S + 1.0)
        assert job.entry in a.lanes


async def test_a_worker_that_leaves_hands_over_what_is_watched(client: Redis) -> None:
    async with keeping(client, "a") as a:
        await enqueue(client, 2)
        await until(lambda: len(a.lanes) == 2)
        first, second = a.lanes.values()
        second.is_watched = False
        async with keeping(client, "b") as b:
            await until(lambda: a.site.heartbeats.free == 2)
            assert await a.keeper.leave() == {first.job.entry}
            await until(lambda: set(b.lanes) == {first.job.entry}, timeout_s=LEASE_MS / 1000)
            assert not first.outcomes


async def test_nothing_is_handed_to_nobody(client: Redis) -> None:
    async with keeping(client, "a") as a:
        await enqueue(client, 1)
        await until(lambda: a.lanes)
        assert await a.keeper.leave() == set()


async def test_a_job_of_a_dead_worker_is_not_handed_to_it(client: Redis) -> None:
    """The dead one is shown as free for seconds."""
    async with keeping(client, "b", capacity=2.0, load=0.9) as b:
        async with keeping(client, "a", capacity=8.0, load=0.9) as a:
            await enqueue(client, 2)
            await until(lambda: len(a.lanes) + len(b.lanes) == 2)
            await a.beat()
            dead = [lane.job for lane in a.lanes.values()]
        assert "a" in [each.name for each in await b.site.heartbeats.draw()]
        await until(lambda: len(b.lanes) == 2, timeout_s=2.0)
        assert b.keeper.handed_over == 0
        assert all(job.entry in b.lanes for job in dead)
