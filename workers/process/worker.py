"""The worker claims renditions up to its capacity, leads them, and reports what it does."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from collections.abc import Coroutine, Iterator, Sequence
from functools import partial
from typing import Any

from wire import clock, strikes
from wire.clock_offset import ClockOffset
from wire.connection import REDIS_DOWN, RETRY_S
from wire.errors import BadMessage, DuplicateJob, StreamGone
from wire.heartbeat import PERIOD_S, EngineTrial, ModelInfo, StreamWork, WorkerBeat
from wire.jobs import Job
from wire.rendition_record import RenditionRecord
from wire.site import Records, Site, SiteLead, TakenLead
from wire.stream_logger import StreamLogger, session_name
from wire.stream_record import StreamRecord
from wire.supervisor import keep_going
from workers.process.job_keeper import JobKeeper
from workers.process.lead_costs import LeadCosts, uses_of
from workers.process.lead_ending import attempt, tell_ending
from workers.process.team_part import TeamPart
from workers.process.worker_state import WorkerEvent, WorkerLife, worker_life
from workers.runtime.cores import available_cores
from workers.scheduling.handle import SharedScheduler
from workers.scheduling.job_load import fits, may_claim, stream_load
from workers.scheduling.memory import usable_bytes
from workers.scheduling.placement import Place, PlacementPolicy
from workers.session.config import SessionConfig
from workers.session.lane import RenditionLane
from workers.session.lane_parts import OtherLanes, WorkerParts
from workers.session.outcome import SessionOutcome
from workers.session.session import StreamSession
from workers.team.helper import OwnWork
from workers.upscale.model_cache import ModelCache

log = logging.getLogger(__name__)

_HANDED_S = 1.0
"""Seconds for which what was handed over is still made here, while its new lead begins: it finds
the lease within 0.1 s and reads the last two seconds of the source."""

_STOP_S = 1.0
"""Seconds for the leads to end after ``stop``. With ``_HANDED_S`` and twice ``_LEAVE_S`` it stays
within the three seconds that ``stop`` promises."""

_LEAVE_S = 0.5
"""Seconds to leave the list of workers; without Redis the heartbeat expires by itself."""

_MAX_RECORD_READS = 5
"""Times that a missing record is looked for, ``RETRY_S`` apart."""


class Worker:
    """One worker; ``run`` until ``stop``. It outlives Redis: while that is away it tries again."""

    def __init__(
        self,
        site: Site,
        nets: ModelCache,
        config: SessionConfig,
        *,
        engines: list[str],
        zoo: list[ModelInfo],
        trials: Sequence[EngineTrial] = (),
        life: WorkerLife | None = None,
    ) -> None:
        """``life`` is the state of the process, where that began before."""
        self._site = site
        self._nets = nets
        self._config = config
        self._memory = usable_bytes()
        own = OwnWork(self._own_load, self._own_memory)
        self._team = TeamPart(config.worker, site, nets, own)
        self._cores = available_cores()
        scheduler = SharedScheduler(cores=self._net_cores, threads=nets.engine_lock.threads)
        self._parts = WorkerParts(site, nets, config, scheduler, self._team.leads)
        self._engines = engines
        self._zoo = zoo
        self._trials = list(trials)
        self._age = ClockOffset()
        self._lanes: dict[str, RenditionLane] = {}
        "Lanes by the entry ids of their jobs."
        self._sessions: dict[tuple[str, int], StreamSession] = {}
        "Sessions by stream and publisher's epoch."
        self._unspoken: set[str] = set()
        "Jobs whose lead failed to report its work; each is logged once."
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        self._life = life or worker_life(config.worker)
        self._started_us = clock.now_us()
        self._placement = PlacementPolicy(
            config.worker, config.capacity.within(self._cores), place=config.place
        )
        self._costs = LeadCosts()
        self._keeper = JobKeeper(site, self._placement, self._lanes)

    @property
    def leads(self) -> list[RenditionLane]:
        """The renditions that the worker leads now."""
        return list(self._lanes.values())

    @property
    def load(self) -> float:
        """Load of its renditions in streams of 480x270 at 30 frames per second."""
        return sum(lead.load for lead in self._lanes.values())

    def stop(self) -> None:
        """Gives everything back and ends ``run`` within three seconds."""
        self._stopping.set()

    async def run(self) -> None:
        """Works until ``stop``."""
        async with asyncio.TaskGroup() as group:
            beat = group.create_task(keep_going("the heartbeat", self._beat), name="heartbeat")
            keeper = self._keeper
            loops = {
                "claim": lambda: keeper.claim(partial(self._begin, group)),
                "leases": keeper.renew,
                "relief": keeper.relieve,
                "team inbox": self._team.inbox.run,
            }
            tasks = {
                name: group.create_task(keep_going(name, loop), name=name)
                for name, loop in loops.items()
            }
            self._spawn(group, self._team.helper.run(), "helper")
            self._life.apply(WorkerEvent.WORK)
            await self._stopping.wait()
            self._life.apply(WorkerEvent.STOP)
            # 1. Take nothing new. 2. Leave all teams, hand over or give back. 3. Leave the list.
            # Heartbeat and leases go on until all is given back: they show the worker as draining.
            tasks["claim"].cancel()
            tasks["relief"].cancel()
            self._team.helper.stop()
            await self._give_away()
            for task in (*tasks.values(), *self._tasks, beat):
                task.cancel()
            self._life.apply(WorkerEvent.LEAVE)
        await attempt(asyncio.wait_for(self._site.heartbeats.leave(self._config.worker), _LEAVE_S))

    async def _give_away(self) -> None:
        """Ends all leads: what is watched goes on here until the worker that was found for it
        writes its first unit, the rest is released.
        """
        handed: set[str] = set()

        async def leave() -> None:
            # Shown as draining first, so that nobody hands us something meanwhile.
            await self._site.heartbeats.beat(self._make_beat())
            handed.update(await self._keeper.leave())

        await attempt(asyncio.wait_for(leave(), _LEAVE_S))
        for lead in self.leads:
            if lead.job.entry not in handed:
                lead.stop()
        await self._wait(_HANDED_S)
        for lead in self.leads:
            lead.stop()
        await self._wait(_STOP_S)

    async def _wait(self, timeout_s: float) -> None:
        # ``wait`` refuses an empty set. It cancels nothing after the time-out: a lead that hangs is
        # cancelled afterwards, its lease expires, and another worker takes it over.
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=timeout_s)

    async def _beat(self) -> None:
        # A worker that cannot reach Redis beats on; its entry expires meanwhile.
        while True:
            self._take_cores(available_cores())
            await attempt(self._site.heartbeats.beat(self._make_beat()))
            await asyncio.sleep(PERIOD_S)

    def _take_cores(self, cores: float) -> None:
        """Takes how many cores' time is granted: a quota may change."""
        self._cores = cores
        self._parts.scheduler.grant(self._net_cores)
        self._placement.capacity = self._config.capacity.within(cores)

    @property
    def _net_cores(self) -> float:
        """Cores for nets: a composer has them all for what others made, but for a trial now and
        then, by which it knows what a net costs.
        """
        return 0.0 if self._config.place is Place.COMPOSER else self._cores

    def _make_beat(self) -> WorkerBeat:
        capacity = self._config.capacity
        self._costs.measure(uses_of(self._sessions.values()))
        return WorkerBeat(
            name=self._config.worker,
            state=self._life.state.value,
            host=socket.gethostname(),
            pid=os.getpid(),
            started_us=self._started_us,
            engines=self._engines,
            models=self._zoo,
            capacity=round(self._placement.capacity, 2),
            composes=self._config.place is Place.COMPOSER,
            cores=round(self._cores, 2),
            load=round(self.load, 2),
            ms_per_frame=capacity.ms_per_frame,
            streams=[self._work_of(lead) for lead in self.leads],
            trials=self._trials,
            engine_ms_per_s=round(self._parts.scheduler.spent_ms_per_s(), 1),
            given_ms_per_s=round(self._parts.scheduler.given_ms_per_s, 1),
            bad_jobs=self._site.jobs.bad_jobs,
            handed_over=self._keeper.handed_over,
            **self._team.fields(),
        )

    def _work_of(self, lead: RenditionLane) -> StreamWork:
        """Returns a lead's report; one that fails to make it must not silence the worker."""
        try:
            probe = lead.pipeline.upscale.quality
            return self._costs.told(lead.job.entry, probe, lead.work())
        except Exception:
            # The beat's border to each lead: the others are told of whatever this one met.
            if lead.job.entry not in self._unspoken:
                logger = _logger(lead.job)
                logger.exception("says nothing", extra={"action": "no_report"})
            self._unspoken.add(lead.job.entry)
            reason = "The worker cannot say what it does for this stream; its log says why."
            return StreamWork(
                stream=lead.job.stream,
                rendition=lead.job.rendition,
                epoch=lead.epoch,
                state="starting",
                reason=reason,
            )

    async def _begin(self, group: asyncio.TaskGroup, job: Job) -> None:
        """Takes the lead, or finishes a job whose stream or rendition is gone."""
        jobs, lead = self._site.jobs, self._site.lead(job)
        try:
            records = await self._records(lead)
            # The publisher that the job was made for is gone; a new one has a job of its own.
            if records is None or records.stream.epoch != job.source_epoch:
                await jobs.finish(job.entry)
                return
            stream, rendition = records.stream, records.rendition
            # Leases and strikes in the records are in the time of Redis, so that is compared first.
            await self._age.measure(self._site.stream(job.stream).time_us)
            if self._rests(rendition):
                return  # the lease lapses; whoever looks then decides anew
            load = stream_load(stream.width, stream.height, stream.fps)
            if not self._fits(stream, rendition):
                await self._keeper.pass_on(job, load)
                return
            if self._is_wanted(rendition) and await self._keeper.forward(job, load):
                return
            taken = await lead.take(self._config.output_of(rendition).codec.name.lower())
            # Read again: taking the lead from one that died while it decoded counts a strike, and
            # with that the rendition may have to be copied.
            records = await lead.records()
        except DuplicateJob:
            # The rendition's record names another entry. This one was appended by an app that did
            # not learn whether its first attempt had arrived.
            await attempt(jobs.finish(job.entry))
            return
        except (StreamGone, BadMessage, *REDIS_DOWN) as error:
            # The lease lapses, and the job comes back if its stream does.
            _logger(job).info("not taken: %s", error, extra={"action": "not_taken"})
            return
        self._start(group, job, taken, records)

    def _start(self, group: asyncio.TaskGroup, job: Job, lead: TakenLead, records: Records) -> None:
        """Begins a lane, in the session of its stream where there is one."""
        others = OtherLanes(
            partial(self._load_beside, job.entry), partial(self._memory_beside, job.entry)
        )
        session = self._session(group, job)
        lane = session.add(job, lead.epoch, records, others)
        lane.made_before.begin(lead.made_until, now=time.monotonic())
        self._lanes[job.entry] = lane
        self._spawn(group, self._lead(session, lane), f"lead {job.stream} {job.rendition}")

    def _session(self, group: asyncio.TaskGroup, job: Job) -> StreamSession:
        key = (job.stream, job.source_epoch)
        # A session that is closed still ends its tasks; a lane that was added to it would never be
        # fed, so a second session of the stream begins beside it.
        session = self._sessions.get(key)
        if session is None or session.is_closed:
            session = self._sessions[key] = StreamSession(self._parts, job, self._age)
            self._spawn(group, self._run_session(key, session), f"session {job.stream}")
        return session

    async def _run_session(self, key: tuple[str, int], session: StreamSession) -> None:
        try:
            await session.run()
        finally:
            # By now the key may be a younger session's.
            if self._sessions.get(key) is session:
                del self._sessions[key]

    def _spawn(self, group: asyncio.TaskGroup, work: Coroutine[Any, Any, None], name: str) -> None:
        # The group owns the task; the set, apart from the heartbeat and the claims, is what ``run``
        # waits for at the end.
        task = group.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _rests(self, record: RenditionRecord) -> bool:
        """Returns whether the rendition failed again and again a moment ago."""
        return self._redis_us() < record.struck_us + strikes.backoff_s(record.strikes) * 1_000_000

    def _fits(self, record: StreamRecord, rendition: RenditionRecord) -> bool:
        # What nobody watches takes nothing yet, so that there is any space at all will do. It is
        # judged when it wakes (``StreamMode.wake``).
        capacity, streams = self._placement.capacity, len(self._lanes)
        if not self._is_wanted(rendition):
            return may_claim(capacity=capacity, load=self.load, streams=streams)
        return fits(
            capacity=capacity,
            load=self.load,
            streams=streams,
            width=record.width,
            height=record.height,
            fps=record.fps,
        )

    def _is_wanted(self, rendition: RenditionRecord) -> bool:
        return rendition.watched_us > self._redis_us() or self._config.enhance_unwatched

    def _redis_us(self) -> int:
        """Returns the time of Redis in Unix us; records are in it, and our clock may differ."""
        return self._age.redis_us(now_us=clock.now_us())

    def _load_beside(self, entry: str) -> float:
        """Returns the load of the renditions but for one job's, in units of what the worker
        holds.
        """
        return sum(lead.load for lead in self._others(entry)) / self._placement.capacity

    def _memory_beside(self, entry: str) -> int:
        """Returns the bytes of memory that the renditions but for one job's leave."""
        return self._memory - sum(lead.bytes for lead in self._others(entry))

    def _own_load(self) -> float:
        """Returns the part of the worker that its renditions take; a composer has nothing left."""
        if self._config.place is Place.COMPOSER:
            return 1.0
        return self.load / self._placement.capacity

    def _own_memory(self) -> int:
        """Returns the bytes of memory that the renditions leave."""
        return self._memory - sum(lead.bytes for lead in self.leads)

    def _others(self, entry: str) -> Iterator[RenditionLane]:
        return (lead for key, lead in self._lanes.items() if key != entry)

    async def _records(self, lead: SiteLead) -> Records | None:
        """Returns the records of the stream and of the rendition; after Redis lost its data the app
        may be a moment late with them.
        """
        for _ in range(_MAX_RECORD_READS):
            try:
                return await lead.records()
            except StreamGone:
                await asyncio.sleep(RETRY_S)
        return None

    async def _lead(self, session: StreamSession, lead: RenditionLane) -> None:
        """Runs one lead from beginning to end; its failure is its own, the worker goes on."""
        ending = SessionOutcome.FAILED
        try:
            ending = await lead.run()
        except Exception:
            # The task's border: raised in the group, it would end all other leads.
            logger = _logger(lead.job)
            logger.exception("failed", extra={"action": "lead_failed"})
        finally:
            session.remove(lead)
            self._lanes.pop(lead.job.entry, None)
            self._unspoken.discard(lead.job.entry)
        # Only after its tasks and threads have ended: whoever takes the job next may begin to write
        # at once.
        await tell_ending(self._site, lead, ending)


def _logger(job: Job) -> StreamLogger:
    return StreamLogger(log, stream=job.stream, session=session_name(job.source_epoch))
