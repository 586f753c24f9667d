"""Placement without pictures: many workers, more renditions, one real Redis.

The workers keep, claim, renew and hand over jobs by the product's own classes (``JobKeeper``); of
each rendition there is only its load. One machine cannot run a thousand workers at their pace, so
all intervals may be stretched by ``--pace``; the figures are given at the pace of the product.
Where the last column comes near to 1 they are the limit of this process, and want a greater pace.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import json
import random
import re
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.machine import headline
from benchmarks.redis_server import RedisServer
from benchmarks.server import free_port
from benchmarks.table import markdown_table
from wire import keys
from wire.connection import REDIS_DOWN, Redis, connect
from wire.heartbeat import EXPIRY_MS, PERIOD_S, WORKING, Heartbeats, WorkerBeat
from wire.jobs import LEASE_MS, Job, JobQueue
from wire.redis_jobs import RedisJobs
from wire.site import RedisSite
from wire.supervisor import keep_going
from workers.process.job_keeper import JobKeeper
from workers.scheduling.placement import PlacementPolicy
from workers.session.outcome import SessionOutcome

LOAD = 1.0
SPARE = 1.3
"""Capacity of all workers over the load of all renditions."""

STEADY_S = 4.0
"""Seconds, at the product's pace, over which the commands are counted."""

LOST = 0.1
"""Fraction of the workers that die, and of those that join afterwards."""

GIVE_UP_S = 20.0


class CountedLane:
    """One rendition, of which there is only the load."""

    def __init__(self, job: Job, worker: SimulatedWorker) -> None:
        self.job = job
        self.load = LOAD
        self.is_watched = True
        self.wanted_load = self.load
        self._worker = worker

    def end(self, outcome: SessionOutcome, why: str) -> None:
        """Ends it."""
        self._worker.lanes.pop(self.job.entry, None)


class SimulatedWorker:
    """One worker that makes nothing."""

    def __init__(self, client: Redis, name: str, capacity: float, pace: float) -> None:
        self.name = name
        self.lanes: dict[str, CountedLane] = {}
        self.taken_at: dict[str, float] = {}
        self._capacity = capacity
        self._pace = pace
        self._site = RedisSite(client, name)
        self._heartbeats = Heartbeats(client, expiry_ms=int(EXPIRY_MS * pace))
        self._site.heartbeats = self._heartbeats
        self._site.jobs = RedisJobs(
            client,
            consumer=name,
            workers=lambda: self._heartbeats.free,
            lease_ms=int(LEASE_MS * pace),
        )
        self.keeper = JobKeeper(self._site, PlacementPolicy(name, capacity), self.lanes, pace=pace)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begins to work."""
        loops = {
            "claim": lambda: self.keeper.claim(self._begin),
            "leases": self.keeper.renew,
            "relief": self.keeper.relieve,
            "beat": self._beat,
        }
        self._tasks = [
            asyncio.create_task(keep_going(name, loop), name=f"{name} {self.name}")
            for name, loop in loops.items()
        ]

    def die(self) -> None:
        """Ends it without a word, as a machine that loses its power."""
        for task in self._tasks:
            task.cancel()

    async def _begin(self, job: Job) -> None:
        # On a busy machine a connection may not be made in time; then the lease lapses.
        with contextlib.suppress(*REDIS_DOWN):
            await self._take(job)

    async def _take(self, job: Job) -> None:
        if self.lanes and (len(self.lanes) + 1) * LOAD > self._capacity:
            await self.keeper.pass_on(job, LOAD)
        elif not await self.keeper.forward(job, LOAD):
            self.lanes[job.entry] = CountedLane(job, self)
            self.taken_at[job.entry] = time.monotonic()

    async def _beat(self) -> None:
        while True:
            beat = WorkerBeat(
                name=self.name,
                host="simulated",
                pid=1,
                started_us=1,
                engines=[],
                models=[],
                capacity=self._capacity,
                load=len(self.lanes) * LOAD,
                ms_per_frame=10.0,
                streams=[],
                state=WORKING,
            )
            with contextlib.suppress(*REDIS_DOWN):
                await self._heartbeats.beat(beat)
            await asyncio.sleep(self._pace * PERIOD_S)


@dataclasses.dataclass(frozen=True, slots=True)
class PlacementFigures:
    """The figures of one size; times in seconds at the product's pace."""

    workers: int
    streams: int
    placed: int
    placed_s: float
    "Time from the first job to the last one that was placed."
    commands: float
    "Commands per worker and second, in the steady state."
    redis_ms: float
    "Processor time of Redis per worker and second, in ms, in the steady state."
    replaced_s: float
    "Time until all renditions of the workers that died were made elsewhere; the slowest."
    fullest: float
    "Load over capacity of the fullest worker, after others had joined."
    busy: float
    "Part of a core that the process of all workers took while it placed."

    def cells(self) -> list[str]:
        """Returns the row of the table."""
        return [
            str(self.workers),
            f"{self.placed} of {self.streams}",
            f"{self.placed_s:.2f}",
            f"{self.commands:.1f}",
            f"{self.redis_ms:.2f}",
            f"{self.replaced_s:.2f}",
            f"{self.fullest:.2f}",
            f"{self.busy:.2f}",
        ]


HEAD = (
    "workers",
    "streams placed",
    "s to place all",
    "commands per worker and s",
    "Redis' CPU per worker, ms/s",
    "s to place those of the dead",
    "fullest, load/capacity",
    "CPU of all workers",
)


async def measure(client: Redis, workers: int, streams: int, pace: float) -> PlacementFigures:
    """Places ``streams`` on ``workers``, ends some of these, and lets others join."""
    capacity = SPARE * streams * LOAD / workers
    chance = random.Random(workers)
    alive = [SimulatedWorker(client, f"w{n}", capacity, pace) for n in range(workers)]
    await JobQueue(client, consumer="first").claim(block_ms=1)  # makes the group
    for worker in alive:
        worker.start()
    began, began_cpu = time.monotonic(), time.process_time()
    for number in range(streams):
        await JobQueue(client).enqueue(f"cam{number}", keys.ENHANCED, 1)
    await _until_placed(alive, streams, pace)
    took_s = time.monotonic() - began
    busy = (time.process_time() - began_cpu) / took_s
    commands, redis_ms = await _traffic(client, workers, pace)
    dead = chance.sample(alive, int(LOST * workers))
    for worker in dead:
        worker.die()
    alive = [worker for worker in alive if worker not in dead]
    died = time.monotonic()
    await _until_placed(alive, streams, pace)
    replaced_s = (time.monotonic() - died) / pace
    for number in range(len(dead)):
        alive.append(SimulatedWorker(client, f"late{number}", capacity, pace))
        alive[-1].start()
    await asyncio.sleep(4.0 * pace)
    figures = PlacementFigures(
        workers,
        streams,
        len(set(_entries(alive))),
        took_s / pace,
        commands,
        redis_ms,
        replaced_s,
        max(len(worker.lanes) * LOAD / capacity for worker in alive),
        busy,
    )
    for worker in alive:
        worker.die()
    return figures


def _entries(workers: list[SimulatedWorker]) -> Iterator[str]:
    for worker in workers:
        yield from worker.lanes


async def _until_placed(workers: list[SimulatedWorker], streams: int, pace: float) -> None:
    deadline = time.monotonic() + GIVE_UP_S * pace
    while len(set(_entries(workers))) < streams and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.02)


async def _traffic(client: Redis, workers: int, pace: float) -> tuple[float, float]:
    before_calls, before_ms = await _stats(client)
    await asyncio.sleep(STEADY_S * pace)
    calls, ms = await _stats(client)
    return (calls - before_calls) / workers / STEADY_S, (ms - before_ms) / workers / STEADY_S


async def _stats(client: Redis) -> tuple[int, float]:
    """Returns the commands that workers sent so far, and the processor time of Redis in ms."""
    counts = (await client.execute("INFO", "commandstats")).decode()
    cpu = (await client.execute("INFO", "cpu")).decode()
    # The commands inside of scripts are counted as well; those of workers have other names.
    calls = re.findall(r"cmdstat_(?:evalsha|eval|xreadgroup):calls=(\d+)", counts)
    seconds = re.findall(r"used_cpu_(?:user|sys):([\d.]+)", cpu)
    return sum(map(int, calls)), 1000.0 * sum(map(float, seconds))


async def run(
    sizes: list[int], per_worker: int, pace: float, repeats: int
) -> list[dict[str, float]]:
    """Measures each size on an empty server; returns the medians."""
    results = []
    for workers in sizes:
        found = []
        for _ in range(repeats):
            with tempfile.TemporaryDirectory() as folder:
                server = RedisServer(Path(folder), free_port())
                server.start()
                try:
                    server.until_up()
                    client = connect(server.url, prefix="bench:", most=4 * workers + 64)
                    try:
                        # A worker more takes time of this process only, so the pace follows.
                        stretch = max(1.0, pace * workers / 1000.0)
                        found.append(await measure(client, workers, per_worker * workers, stretch))
                    finally:
                        await client.aclose()
                finally:
                    server.kill()
        fields = [dataclasses.asdict(each) for each in found]
        results.append(
            {name: statistics.median(each[name] for each in fields) for name in fields[0]}
        )
        print(markdown_table(HEAD, [found[-1].cells()]).splitlines()[-1], flush=True)
    return results


def main() -> None:
    """Reads the arguments, measures, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, nargs="*", default=[10, 100, 300, 1000])
    parser.add_argument("--streams-per-worker", type=int, default=5)
    parser.add_argument("--pace", type=float, default=12.0, help="stretch at 1,000 workers")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    print(headline())
    print(markdown_table(HEAD, []))
    results = asyncio.run(run(args.workers, args.streams_per_worker, args.pace, args.repeats))
    if args.json is not None:
        args.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
