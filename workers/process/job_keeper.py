"""The jobs of one worker: claiming, leases, and what is handed to workers that hold it better.

It knows neither pictures nor records. The worker begins what it is handed, and shows what it makes
as ``HeldLane``.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from wire.connection import REDIS_DOWN, RETRY_S
from wire.heartbeat import PERIOD_S
from wire.jobs import RENEW_S, Job, JobOrigin
from wire.site import Site
from workers.scheduling.job_load import PAUSE_S, may_claim
from workers.scheduling.placement import LaneLoad, PlacementPolicy, best_of
from workers.session.outcome import SessionOutcome

CLAIM_MS = 500
"""Time for which a worker with space waits for a job before it looks at its load again."""

POLL_MS = 100
"""The same for one without, which only takes what is handed to it."""

MAX_WAIT_MS = 8_000
"""Longest wait; clients of Redis end a command after ten seconds."""

HANDED_S = 3.0
"""Seconds for which a rendition that was handed over is still made here. The new lead ends that at
its first unit; without it, the rendition is anybody's after ``wire.jobs.LEASE_MS``."""


class HeldLane(Protocol):
    """One rendition that the worker makes."""

    job: Job

    @property
    def load(self) -> float:
        """Load in streams of 480x270 at 30 frames per second."""

    @property
    def wanted_load(self) -> float:
        """The load that it has for a worker that can enhance it."""

    @property
    def is_watched(self) -> bool:
        """True while somebody watches it."""

    def end(self, outcome: SessionOutcome, why: str) -> None:
        """Ends it; the first reason counts."""


class JobKeeper:
    """Keeps a worker's jobs; the three loops run until they are cancelled."""

    def __init__(
        self,
        site: Site,
        placement: PlacementPolicy,
        lanes: Mapping[str, HeldLane],
        *,
        pace: float = 1.0,
    ) -> None:
        """``lanes`` are the worker's renditions by the entry ids of their jobs. ``pace`` multiplies
        all intervals, for simulations of more workers than one machine can run.
        """
        self._jobs = site.jobs
        self._workers = site.heartbeats
        self._placement = placement
        self._lanes = lanes
        self._pace = pace
        self._claim_at = 0.0
        self._handed: dict[str, float] = {}
        "End of the time of each rendition that was handed over, by entry id."
        self.handed_over = 0
        "Renditions that were handed to another worker."

    @property
    def load(self) -> float:
        """Load of the renditions that stay, in streams of 480x270 at 30 frames per second."""
        return sum(lane.load for lane in self._staying())

    def pause(self) -> None:
        """Claims nothing for a moment, after a job that did not fit: without the pause this worker,
        which is idle enough to ask, would have the job again before any other one.
        """
        self._claim_at = time.monotonic() + self._pace * PAUSE_S

    # The loops.

    async def claim(self, begin: Callable[[Job], Awaitable[None]]) -> None:
        """Takes jobs as long as there is space for another one; ``begin`` adds its lane."""
        while True:
            try:
                job = await self._next()
            except REDIS_DOWN:
                await asyncio.sleep(RETRY_S)
                continue
            # A job of our own comes back when we were too busy to renew its lease.
            if job is not None and job.entry not in self._lanes:
                self._handed.pop(job.entry, None)
                await begin(job)

    async def _next(self) -> Job | None:
        # A full worker does not ask: it would hold, for a moment, a job that another has space for.
        # What it was handed, by somebody who saw its load before it was full, it hands on.
        is_full = time.monotonic() < self._claim_at or not may_claim(
            capacity=self._placement.capacity, load=self.load, streams=len(self._lanes)
        )
        wait_ms = min(self._pace * (POLL_MS if is_full else CLAIM_MS), MAX_WAIT_MS)
        return await self._jobs.next_job(block_ms=int(wait_ms), only_handed=is_full)

    async def renew(self) -> None:
        """Renews all leases, and ends what is another worker's."""
        while True:
            lanes = self._staying()
            try:
                held = await self._jobs.renew_all([lane.job for lane in lanes])
            except REDIS_DOWN:
                # Nobody can take them over while Redis is away; should another worker reach it, the
                # epoch keeps this one's units out of the logs.
                held = [True] * len(lanes)
            for lane, is_held in zip(lanes, held, strict=True):
                # It may have been handed over while the command was on its way.
                if not is_held and lane.job.entry not in self._handed:
                    lane.end(SessionOutcome.LOST, "the lease is not ours any more")
            self._end_handed(time.monotonic())
            await asyncio.sleep(self._pace * RENEW_S)

    async def relieve(self) -> None:
        """Hands a rendition over now and then, while the worker has too many."""
        while True:
            await asyncio.sleep(self._pace * PERIOD_S)
            if not self._placement.should_relieve(self.load, now=time.monotonic()):
                continue
            try:
                others = await self._workers.draw()
                held = [
                    LaneLoad(lane.job.entry, lane.load, lane.is_watched, lane.wanted_load)
                    for lane in self._staying()
                ]
                found = self._placement.relieve(held, others, now=time.monotonic())
                if found is not None and found.entry in self._lanes:
                    await self._hand_over(self._lanes[found.entry], found.to)
            except REDIS_DOWN:
                # Without Redis nothing moves; the next search is soon enough.
                continue

    # Single steps.

    async def forward(self, job: Job, load: float) -> bool:
        """Hands a job that was just claimed to a worker that holds it much better; False where it
        is kept. Raises one of REDIS_DOWN.
        """
        if job.origin is not JobOrigin.NEW:
            return False
        target = self._placement.forward(self.load, load, await self._workers.draw())
        return target is not None and await self._jobs.hand_over(job, target.name)

    async def pass_on(self, job: Job, load: float) -> None:
        """Gives away a job that was just claimed and does not fit: to a worker that it fits, or to
        whoever asks next. Raises one of REDIS_DOWN.
        """
        self.pause()
        target = best_of(await self._workers.draw(), load, but=self._placement.name)
        if target is None or not await self._jobs.hand_over(job, target.name):
            await self._jobs.release(job)

    async def leave(self) -> set[str]:
        """Hands over what is watched and fits elsewhere; returns those entries. Raises one of
        REDIS_DOWN.
        """
        for lane in self._staying():
            if not lane.is_watched:
                continue
            # Drawn for each: what the last one took is not in the loads yet, and another draw
            # spreads them.
            others = await self._workers.draw()
            target = best_of(others, lane.load, but=self._placement.name)
            if target is not None:
                await self._hand_over(lane, target.name)
        return set(self._handed) & set(self._lanes)

    async def _hand_over(self, lane: HeldLane, to: str) -> None:
        entry = lane.job.entry
        # Noted before: the lease is not ours from the moment that the server has the command.
        self._handed[entry] = time.monotonic() + self._pace * HANDED_S
        try:
            is_handed = await self._jobs.hand_over(lane.job, to)
        except REDIS_DOWN:
            # Whether it was handed over is not known; the next renewal tells.
            is_handed = False
        if is_handed:
            self.handed_over += 1
        else:
            self._handed.pop(entry, None)

    def _end_handed(self, now: float) -> None:
        for entry, until in list(self._handed.items()):
            lane = self._lanes.get(entry)
            if lane is None:
                del self._handed[entry]
            elif now >= until:
                del self._handed[entry]
                lane.end(SessionOutcome.LOST, "it was handed over")

    def _staying(self) -> list[HeldLane]:
        return [lane for entry, lane in self._lanes.items() if entry not in self._handed]
