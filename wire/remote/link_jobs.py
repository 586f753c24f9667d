"""The job queue and the list of workers for a worker at another site, over the link."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Sequence
from typing import Any

import msgspec

from wire.errors import Fenced, WireError
from wire.free_workers import SAMPLE, FreeWorker
from wire.heartbeat import MAX_FOUND, WorkerBeat
from wire.jobs import Job
from wire.remote import calls
from wire.remote.gateway_calls import GatewayCalls, read_value

HOLD_S = 0.2
"""Interval at which the jobs that go on are named: four fit into what the gateway waits."""

RENEWED_S = 0.5
"""A job that its lane has not renewed for so long is named no more."""


class LinkJobs:
    """The job queue. Follows ``wire.site.SiteJobs``."""

    def __init__(self, gateway: GatewayCalls) -> None:
        self._gateway = gateway
        self._renewed: dict[str, float] = {}
        self._named_at = 0.0
        self._lost: dict[str, WireError] = {}
        self._handed: dict[str, None] = {}
        "Entries of the jobs that were handed over, the oldest first."

    @property
    def bad_jobs(self) -> int:
        """Always 0: the gateway removes what is no job, and counts it."""
        return 0

    @property
    def entries(self) -> list[str]:
        """Entries of the jobs that the worker renewed lately."""
        since = time.monotonic() - RENEWED_S
        self._renewed = {entry: at for entry, at in self._renewed.items() if at >= since}
        return list(self._renewed)

    async def next_job(self, *, block_ms: int, only_handed: bool = False) -> Job | None:
        """Returns a job that nobody holds; None after a while, at least ``block_ms``. With
        ``only_handed`` it returns none: what is handed to a device without space lapses.
        """
        begun = time.monotonic()
        if only_handed:
            await asyncio.sleep(block_ms / 1000)
            return None
        answer = await self._gateway.call(calls.Claim())
        if answer is None:
            await asyncio.sleep(max(0.0, begun + block_ms / 1000 - time.monotonic()))
            return None
        job = read_value(answer, Job)
        self._lost.pop(job.entry, None)
        self._handed.pop(job.entry, None)
        return job

    async def renew(self, job: Job) -> bool:
        """Names the job to the gateway, which renews its lease; False if it said that the job is
        lost. Raises ServerAway.
        """
        if job.entry in self._lost or job.entry in self._handed:
            self._renewed.pop(job.entry, None)
            return False
        now = time.monotonic()
        is_new = job.entry not in self._renewed
        self._renewed[job.entry] = now
        # Without a link it has to be noted all the same, so that it is resumed in the next one.
        is_away = self._gateway.uplink is None
        if is_new or is_away or now >= self._named_at + HOLD_S:
            self._named_at = now
            self._gateway.hold(self.entries)
        return True

    async def renew_all(self, jobs: Sequence[Job]) -> list[bool]:
        """Names the jobs to the gateway, which renews their leases; False for each that it said is
        lost. Raises ServerAway.
        """
        return [await self.renew(job) for job in jobs]

    async def hand_over(self, job: Job, consumer: str) -> bool:
        """Moves our lease to another worker; False if it was not ours."""
        call = calls.HandOver(entry=job.entry, to=consumer)
        is_moved = bool(await self._gateway.call(call))
        if is_moved:
            # Not lost: its logs are written until the new lead's epoch shuts us out.
            self._renewed.pop(job.entry, None)
            self._handed[job.entry] = None
            if len(self._handed) > calls.MAX_HELD:
                del self._handed[next(iter(self._handed))]
        return is_moved

    async def finish(self, entry: str) -> None:
        """Removes the job."""
        self._forget(entry)
        await self._gateway.call(calls.Finish(entry=entry))

    async def release(self, job: Job) -> None:
        """Lets go of the lease at once."""
        self._forget(job.entry)
        await self._gateway.call(calls.Release(entry=job.entry))

    async def resume(self) -> None:
        """Goes on with the worker's jobs in a new connection; those that are not its own any more
        are lost. Raises ServerAway.
        """
        entries = self.entries[: calls.MAX_HELD]
        if not entries:
            return
        kept = read_value(
            await self._gateway.call(calls.Resume(entries=entries), is_early=True), list[str]
        )
        for entry in set(entries) - set(kept):
            self.lose(entry, Fenced("the job was given to another worker meanwhile"))

    def lose(self, entry: str, error: WireError) -> None:
        """Notes that the lead of a job is over."""
        self._lost[entry] = error
        # Whoever held one asks for it a moment later; the others are of no interest.
        if len(self._lost) > 4 * calls.MAX_HELD:
            del self._lost[next(iter(self._lost))]

    def lost(self, entry: str) -> WireError | None:
        """Returns what ended the lead of a job, if anything did."""
        return self._lost.get(entry)

    def _forget(self, entry: str) -> None:
        self._renewed.pop(entry, None)
        self._lost.pop(entry, None)


class LinkHeartbeats:
    """The list of workers. Follows ``wire.site.SiteHeartbeats``."""

    def __init__(self, gateway: GatewayCalls) -> None:
        self._gateway = gateway
        self._sent: tuple[Any, ...] | None = None

    def begin(self) -> None:
        """Notes a new connection: the gateway knows nothing of the worker."""
        self._sent = None

    async def beat(self, beat: WorkerBeat) -> None:
        """Shows the worker for a while more, with the round trip of its link."""
        uplink = self._gateway.uplink
        if uplink is not None:
            beat = msgspec.structs.replace(beat, rtt_ms=round(1000 * uplink.rtt_s, 1))
        # Nets and engines are ten times as long as the rest, and change only with the process.
        profile = (beat.engines, beat.models, beat.trials)
        if profile == self._sent:
            brief = msgspec.structs.replace(beat, engines=[], models=[], trials=[])
            await self._gateway.call(calls.Beat(beat=brief, is_brief=True))
            return
        await self._gateway.call(calls.Beat(beat=beat))
        self._sent = profile

    async def leave(self, name: str) -> None:
        """Removes the worker from the list at once."""
        await self._gateway.call(calls.Leave())

    async def draw(self, count: int = SAMPLE) -> list[FreeWorker]:
        """Returns up to ``count`` of the workers that have free capacity, at random."""
        answer = await self._gateway.call(calls.DrawWorkers(count=count))
        return read_value(answer, list[FreeWorker])

    async def find(self, names: Collection[str], model: str) -> list[WorkerBeat]:
        """Returns those of these workers that are alive, by name, without what only operators need;
        of their nets only ``model``, if they know it.
        """
        wanted = sorted(set(names))[:MAX_FOUND]
        answer = await self._gateway.call(calls.FindWorkers(names=wanted, model=model))
        return read_value(answer, list[WorkerBeat])
