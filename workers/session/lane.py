"""One rendition made here: the async adapter between its record, its pipeline and its logs.

The stream session reads and decodes the source, and hands each lane what it takes. Tasks of a lane:
publish its logs, rest while nobody watches. Whichever finds that another leads ends them all.
"""

from __future__ import annotations

import asyncio
import logging
import time
from functools import partial

from media.access_unit import AccessUnit
from media.limits import is_too_large
from wire import control, keys
from wire.errors import Fenced, StreamGone
from wire.heartbeat import StreamWork
from wire.jobs import Job
from wire.rendition_record import RenditionRecord
from wire.site import Records
from wire.stream_logger import StreamLogger, session_name
from wire.supervisor import keep_going
from workers.media.route import Route
from workers.media.source_frame import Taker
from workers.runtime.cores import usable_cores
from workers.runtime.frame_counters import FrameCounters
from workers.runtime.loop_callback import on_loop
from workers.scheduling.job_load import COPY_LOAD, coding_load
from workers.scheduling.placement import Place
from workers.session.lane_parts import OtherLanes, Source, WorkerParts, own_net
from workers.session.lane_report import LaneFacts, report
from workers.session.made_before import MadeBefore
from workers.session.mode import StreamMode
from workers.session.outcome import SessionEnded, SessionOutcome
from workers.session.pipeline import Pipeline, PipelineCallbacks, PipelineConfig
from workers.session.probation import Probation
from workers.session.rendition_demand import RenditionDemand
from workers.session.rendition_state import RenditionEvent, rendition_life
from workers.session.renditions import Renditions
from workers.source.source_follower import REPLAY_S
from workers.upscale.stage import UpscaleConfig

log = logging.getLogger(__name__)

JOIN_S = 1.5
"""Seconds for threads to end, within the three seconds that a worker has for its stop."""


class RenditionLane:
    """Leads one rendition whose epoch it was given, until its end; ``run`` once."""

    def __init__(
        self,
        parts: WorkerParts,
        job: Job,
        epoch: int,
        records: Records,
        source: Source,
        others: OtherLanes,
    ) -> None:
        self.job = job
        self.epoch = epoch
        self.counters = FrameCounters()
        self.is_taking, self.made_before = False, MadeBefore()
        "It takes the units of the source."
        self._parts, self._source = parts, source
        self._log = _logger(job)
        self.view = parts.site.lead(job)
        "Its records and logs."
        self._probation = Probation(self.view, epoch)
        self._life = rendition_life(job.stream, job.rendition)
        self._life.apply(RenditionEvent.TAKE)
        self._over: SessionEnded | None = None
        self._alarm = asyncio.Event()
        self._awake, self._asleep = asyncio.Event(), asyncio.Event()
        stream, rendition = records.stream, records.rendition
        self._made_for = (rendition.codec, rendition.factor)
        self._source_codec = stream.codec
        self._mode = self._make_mode(records, others)
        self._scheduler = parts.scheduler.handle()
        self._team = parts.teams.team(job, epoch, self.counters)
        self.pipeline = self._make_pipeline(records)
        self._logs = Renditions(
            self.view, job.rendition, epoch, self.counters, lost=self.pipeline.ask_key_frame
        )
        self._demand = RenditionDemand(self.pipeline, unwatched=parts.config.enhance_unwatched)
        self._follow(records)
        self.is_taking = self._awake.is_set()
        # Another lead may have left pictures in a log that nobody watches by now.
        watched = rendition.watched_logs(now_us=source.redis_us())
        self._logs.clear(but=watched | {job.rendition})

    def _make_mode(self, records: Records, others: OtherLanes) -> StreamMode:
        config = self._parts.config
        return StreamMode(
            config.capacity,
            others.load,
            record=records.rendition,
            model=config.model,
            composes=config.place is Place.COMPOSER,
            fps=records.stream.fps,
            memory=others.memory,
        )

    def _make_pipeline(self, records: Records) -> Pipeline:
        parts, rendition = self._parts, records.rendition
        upscale = UpscaleConfig(
            self._mode.model,
            records.stream.fps or 30.0,
            self._strength(rendition),
            factor=rendition.factor if rendition.factor <= 1 else 0,
            expected=parts.config.capacity.frame_ms,
            own=own_net(parts, self._scheduler, self.job, rendition.factor),
        )
        return Pipeline(
            self.job,
            parts.nets,
            self.counters,
            self._callbacks(),
            self._scheduler,
            PipelineConfig(parts.config.output_of(rendition), upscale),
        )

    def _callbacks(self) -> PipelineCallbacks:
        # ``_logs`` is made after the pipeline, so it is looked up when a unit comes.
        return PipelineCallbacks(
            made=on_loop(lambda made: self._logs.put(made)),
            need_key=on_loop(self._source.want_key_frame),
            failed=on_loop(lambda error: self.end(SessionOutcome.FAILED, repr(error))),
            give_out=self._team.offer,
        )

    @property
    def load(self) -> float:
        """Load in streams of 480x270 at 30 frames per second."""
        if not self._awake.is_set():
            return COPY_LOAD
        held = self._parts.config.capacity.streams
        return self._mode.load + coding_load(self._demand.ms_per_s, usable_cores(), held=held)

    @property
    def wanted_load(self) -> float:
        """The load that it has for a worker that can enhance it."""
        return max(self.load, self._mode.wanted_load)

    @property
    def is_watched(self) -> bool:
        """True while it makes pictures: somebody watches it, or it is made for nobody."""
        return self._awake.is_set()

    @property
    def bytes(self) -> int:
        """Memory that the rendition takes, as planned for its size."""
        return self._mode.bytes if self._awake.is_set() else 0

    @property
    def needs_key_frame(self) -> bool:
        """True while a key frame of the source is needed to change between enhanced and copied."""
        return self.is_taking and self._mode.needs_key_frame

    async def run(self) -> SessionOutcome:
        """Leads the rendition until it is over, and says why; cancelling it ends it at once."""
        self._log.info("leads it, epoch %s", self.epoch, extra={"action": "lead_began"})
        self.pipeline.start()
        try:
            outcome = await self._run_tasks()
        finally:
            self.is_taking = False
            self.pipeline.close()
            # A thread inside a codec or a net cannot be interrupted: it is left without queues.
            if not await asyncio.to_thread(self.pipeline.join, JOIN_S):
                self._log.info("a thread did not end in time", extra={"action": "thread_stuck"})
            self._scheduler.leave()
        is_over = outcome is SessionOutcome.ENDED
        self._life.apply(RenditionEvent.END if is_over else RenditionEvent.LOSE)
        return outcome

    def end(self, outcome: SessionOutcome, why: str) -> None:
        """Ends the lane; ``run`` returns the first outcome that it is told."""
        # The first cause stands; what follows from it (a closed queue, a lost lease) comes here.
        self._over = self._over or SessionEnded(outcome, why)
        self._alarm.set()

    def stop(self) -> None:
        """Ends the lane; ``run`` returns RELEASED."""
        self.end(SessionOutcome.RELEASED, "the worker stops")

    async def _run_tasks(self) -> SessionOutcome:
        tasks = {"rest": self._rest, "alarm": self._await_alarm, "team": self._team.run}
        tasks |= {
            f"publish {name}": partial(self._publish, name)
            for name in keys.logs_of(self.job.rendition)
        }
        try:
            async with asyncio.TaskGroup() as group:
                for name, task in tasks.items():
                    # What a failed task had in its hands is missing; go on at key frames.
                    again = keep_going(
                        name, task, passes=(SessionEnded,), failed=self.go_on, logger=self._log
                    )
                    group.create_task(again, name=f"{name} {self.job.stream}")
        except* SessionEnded as overs:
            over = next(error for error in overs.exceptions if isinstance(error, SessionEnded))
        self._log.info("lead is over: %s", over, extra={"action": "lead_over"})
        return over.ending

    async def _await_alarm(self) -> None:
        await self._alarm.wait()
        assert self._over is not None
        raise self._over

    async def _publish(self, name: str) -> None:
        try:
            await self._logs.run(name)
        except Fenced as error:
            raise SessionEnded(SessionOutcome.LOST, str(error)) from error
        except StreamGone as error:
            raise SessionEnded(SessionOutcome.ENDED, str(error)) from error

    async def _rest(self) -> None:
        """Takes nothing and writes nothing while nobody watches."""
        while True:
            await self._asleep.wait()
            self._log.info("sleeps, since nobody watches", extra={"action": "asleep"})
            self._take_units(False)
            # What is inside the threads comes out first; the log is empty afterwards.
            await asyncio.sleep(REPLAY_S)
            self._logs.clear()
            await self._probation.note(False, now=time.monotonic())
            await self._awake.wait()
            self._log.info("is watched", extra={"action": "awake"})
            self._mode.wake(now=time.monotonic())
            self.pipeline.restart()
            self._take_units(True)

    def _take_units(self, is_taking: bool) -> None:
        self.is_taking = is_taking
        self._source.lane_changed()

    def go_on(self) -> None:
        """Goes on at key frames, after something was lost inside."""
        self._source.want_key_frame("a task of the lead failed")
        for name in keys.logs_of(self.job.rendition):
            self.pipeline.ask_key_frame(name)

    async def take(self, unit: AccessUnit, *, is_replay: bool, now: float) -> Taker | None:
        """Returns how the lane takes a unit of the source; None if it leaves it out."""
        is_replay = is_replay or self.made_before.has(unit.pts, now=now)
        # Asked for each unit, also a replayed one: the route changes at key frames, and the frame
        # rate is measured on all.
        route = self._mode.route(unit, now=now)
        self.counters.count("replayed" if is_replay else "frames_in")
        if route is None or (route is Route.COPY and is_replay):
            self._leave_out(is_replay)
            return None
        recodes = route is Route.COPY and self.pipeline.recodes(unit.codec)
        # Should decoding end this process, the next lead knows.
        await self._probation.note(route is not Route.COPY or recodes, now=now)
        return Taker(self.pipeline, route, recodes, is_replay)

    def _leave_out(self, is_replay: bool) -> None:
        """Leaves a unit out: copying can begin only at a key frame young enough to be shown."""
        if is_replay:
            self._mode.restart()
        else:
            self.counters.drop("no_key_frame")
        self._source.want_key_frame("copying begins at a key frame")

    def on_key_frame_request(self, message: control.KeyFrameRequest) -> None:
        """Takes the request of a viewer who cannot go on without a key frame in a log."""
        name = self.job.rendition
        if message.rendition not in keys.logs_of(name):
            return
        # While units are copied, the usual log and the one in the source's codec hold copies, which
        # only the publisher can begin anew; the others are encoded here.
        copies = (name, keys.variant(name, self._source_codec))
        if self._mode.current is Route.COPY and message.rendition in copies:
            self._source.want_key_frame("a viewer of the copied rendition needs it")
        else:
            self.pipeline.ask_key_frame(message.rendition)

    def on_map_request(self, message: control.MapRequest) -> None:
        """Takes the request of somebody who looks at who makes which part of the picture."""
        if message.rendition == self.job.rendition:
            self.pipeline.upscale.made.want(now=time.monotonic())

    async def apply(self, records: Records) -> None:
        """Takes what the records say, or ends."""
        rendition, source_epoch = records.rendition, self.job.source_epoch
        if {records.stream.epoch, rendition.source_epoch} != {source_epoch}:
            self.end(SessionOutcome.ENDED, "the stream has a new publisher")
        elif rendition.job and rendition.job != self.job.entry:
            self.end(SessionOutcome.LOST, "the rendition has another job")
        elif (rendition.codec, rendition.factor) != self._made_for:
            # Whoever takes it anew says in the record in what it encodes.
            self.end(SessionOutcome.RELEASED, "another codec or factor is wanted")
        else:
            self._follow(records)
            await self._probation.forgive(rendition, now=time.monotonic())

    def _follow(self, records: Records) -> None:
        """Takes what the records say, and what was measured."""
        stream, rendition, upscale = records.stream, records.rendition, self.pipeline.upscale
        self._source_codec = stream.codec
        upscale.strength = self._strength(rendition)
        self.pipeline.set_kbps(rendition.kbps)
        self.pipeline.grant(self.view.granted_kbps, now=time.monotonic())
        if self._mode.follow(rendition, is_original=stream.original):
            upscale.use_model(self._mode.model)
        # The first size that is known counts: of the pictures, else what the app read in headers.
        self._mode.decoded(*upscale.size)
        self._mode.decoded(stream.width, stream.height)
        why = self._probation.bar(rendition, now_us=self._source.redis_us())
        self._mode.barred = why or self._source.facts().fault
        standing = self._mode.measured(self._scheduler)
        # A net that runs has no fault: the message may be about another size, tried before.
        self._mode.judge(
            fault="" if upscale.model_in_use else upscale.fault,
            standing=standing,
            now=time.monotonic(),
            helped=self._team.part(),
        )
        self.pipeline.copy_as(self._mode.copied_as)
        is_wanted = self._attend(rendition)
        goal = self._mode.team_goal(self._strength(rendition), standing, is_wanted=is_wanted)
        self._team.follow(goal)

    def _attend(self, record: RenditionRecord) -> bool:
        """Wakes the lane while somebody watches or units are copied, else lets it rest; returns
        whether somebody wants what it makes.
        """
        # Copying costs nearly nothing and goes on; the net is for those who watch.
        now_us = self._source.redis_us()
        self._scheduler.watch(bool(record.watched_logs(now_us=now_us)))
        wanted = self._demand.follow(
            record,
            source_codec=self._source_codec,
            now_us=now_us,
            may_decode=not self._mode.barred,
            now=time.monotonic(),
        )
        if wanted or self._mode.current is Route.COPY:
            self._asleep.clear()
            self._awake.set()
        else:
            self._awake.clear()
            self._asleep.set()
            self._prepare()
        return bool(wanted)

    def _prepare(self) -> bool:
        """Makes the nets ready for the first viewer; returns True once they are."""
        size = (self._mode.width, self._mode.height)
        return bool(size[0]) and not is_too_large(*size) and self.pipeline.upscale.prepare(*size)

    def _strength(self, record: RenditionRecord) -> float:
        return record.strength if record.strength >= 0 else self._parts.config.strength

    def work(self) -> StreamWork:
        """Returns the report of what it does, for the heartbeat."""
        # The state is told by polling, since its causes are spread: a viewer, an operator, a thread
        # that makes a net ready. An event that the state does not know, after the end, is left out.
        upscale, source = self.pipeline.upscale, self._source.facts()
        asleep = not self._awake.is_set()
        is_ready = self._prepare() if asleep else upscale.is_ready
        event, reason = self._mode.event(net_ready=is_ready, asleep=asleep)
        self._life.apply_if_accepted(event)
        if not asleep and event in (RenditionEvent.ENHANCE, RenditionEvent.PREPARE):
            reason = source.remark or self.pipeline.bounded or reason
        lane = LaneFacts(
            stream=self.job.stream,
            rendition=self.job.rendition,
            worker=self._parts.config.worker,
            epoch=self.epoch,
            state=self._life.state.value,
            reason=reason,
            model=upscale.model_in_use or self._mode.model,
            engine=upscale.engine_in_use or self._parts.nets.engine.info.name,
            size=self._size(),
            team=self._team.work(),
            team_map=upscale.made.read(self._parts.config.worker, now=time.monotonic()),
            tuning=upscale.tuning,
        )
        logs = self._logs.work(self.pipeline.steps)
        return report(
            lane, source, self.counters.read(), self._scheduler.standing(), self._logs.rates(), logs
        )

    def _size(self) -> tuple[int, int]:
        """Returns the size of what a viewer gets, zeros while that is not known."""
        upscale = self.pipeline.upscale
        # Before the first picture no net works, and that of an earlier viewer may be another one's.
        is_at_work = self._awake.is_set() and any(upscale.size)
        return self._mode.output_size(upscale.scale if is_at_work else None)


def _logger(job: Job) -> StreamLogger:
    session = session_name(job.source_epoch)
    return StreamLogger(log, stream=job.stream, session=session, rendition=job.rendition)
