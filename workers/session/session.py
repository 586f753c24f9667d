"""One stream enhanced here: the async adapter between Redis and the stream's pipeline.

Tasks: read the source log, publish the enhanced one, renew the lease, listen to control messages,
watch the record. Whichever finds that the stream is no longer ours ends all of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from media.access_unit import AccessUnit, Checkpoint, Kind
from media.limits import is_too_large
from wire import clock, control, keys
from wire.batch import is_repeated
from wire.connection import REDIS_DOWN, RETRY_S, Redis
from wire.errors import BadMessage, Fenced, StreamGone
from wire.heartbeat import StreamWork
from wire.jobs import RENEW_S, Job, JobQueue
from wire.log import LogReader
from wire.rendition_record import RenditionRecord, RenditionRegistry
from wire.stream_logger import StreamLogger, session_name
from wire.stream_record import StreamRecord, StreamRegistry
from wire.supervisor import keep_going
from workers.media.frame_task import FrameTask
from workers.media.route import Route
from workers.runtime.cores import usable_cores
from workers.runtime.frame_counters import FrameCounters
from workers.scheduling.handle import SharedScheduler
from workers.scheduling.job_load import COPY_LOAD, coding_load
from workers.session.clock_offset import ClockOffset
from workers.session.config import SessionConfig
from workers.session.key_frame_requester import KeyFrameRequester
from workers.session.mode import StreamMode
from workers.session.outcome import SessionEnded, SessionOutcome
from workers.session.pipeline import Pipeline, PipelineCallbacks
from workers.session.probation import Probation
from workers.session.rendition_demand import RenditionDemand
from workers.session.renditions import Renditions
from workers.upscale.model_cache import ModelCache
from workers.upscale.stage import UpscaleConfig

log = logging.getLogger(__name__)

REPLAY_S = 0.3
"""Frames older than this are only decoded while a lead catches up with the log."""

_BLOCK_MS = 1000
_PAGE = 64
_WATCH_S = 0.5
_JOIN_S = 1.5
_ROOM_S = 0.005
"""How often the pipeline is looked at while it is full, as only a burst makes it: a word from the
decoder's thread about each shot would wake the loop once more for every frame."""


class StreamSession:
    """Leads one stream whose epoch it was given, until its ending; ``run`` once."""

    def __init__(
        self,
        client: Redis,
        job: Job,
        epoch: int,
        *,
        record: StreamRecord,
        rendition: RenditionRecord,
        nets: ModelCache,
        config: SessionConfig,
        engine_time: SharedScheduler,
        crowd: Callable[[], float],
        room: Callable[[], int],
        age: ClockOffset,
    ) -> None:
        self.job = job
        self.epoch = epoch
        self._log = StreamLogger(log, stream=job.stream, session=session_name(job.source_epoch))
        self._client = client
        self._nets = nets
        self._config = config
        self._jobs = JobQueue(client, consumer=config.worker)
        self._registry = StreamRegistry(client)
        self._rendition_registry = RenditionRegistry(client)
        self._probation = Probation(client, job.stream, job.rendition, epoch)
        self._age = copy.copy(age)
        self._tally = FrameCounters()
        self._intent = StreamMode(
            config.capacity, crowd, record=rendition, model=config.model, fps=record.fps, room=room
        )
        self._seat = engine_time.handle()
        self._key_wish = KeyFrameRequester(client, job.stream)
        self._mailbox = control.to_lead(client, job.stream)
        self._over: SessionEnded | None = None
        self._alarm = asyncio.Event()
        self._reader = LogReader(client, stream=job.stream, rendition=keys.SOURCE)
        self._is_placed = False
        self._last_sequence: int | None = None
        self._drained_us: int | None = None
        "When the log was last read to its end, on our clock; None since it was placed anew."
        self._caught_up = False
        self._awake = asyncio.Event()
        upscale = UpscaleConfig(
            self._intent.model,
            record.fps or 30.0,
            self._strength(rendition),
            factor=rendition.factor,
            expected=config.capacity.frame_ms,
        )
        output = config.output_of(rendition)
        self._pipeline = Pipeline(
            job, output, nets, self._tally, self._outlets(), self._seat, upscale
        )
        self._renditions = Renditions(
            client, job, epoch, self._tally, lost=self._pipeline.ask_key_frame
        )
        self._demand = RenditionDemand(self._pipeline, unwatched=config.enhance_unwatched)
        self._source_codec = record.codec
        self._fixed = (rendition.codec, rendition.factor)
        self._follow(record, rendition)
        # Another lead may have left pictures in a log that nobody watches by now.
        watched = rendition.watched_logs(now_us=self._redis_us())
        self._renditions.clear(but=watched | {job.rendition})

    @property
    def load(self) -> float:
        """In streams of 480x270 at 30 frames per second."""
        if not self._awake.is_set():
            return COPY_LOAD
        held = self._config.capacity.streams
        return self._intent.load + coding_load(self._demand.ms_per_s, usable_cores(), held=held)

    @property
    def bytes(self) -> int:
        """Memory that the stream takes, as planned for its size."""
        return self._intent.bytes if self._awake.is_set() else 0

    async def run(self) -> SessionOutcome:
        """Leads the stream until it is over, and says why; cancelling it ends it at once."""
        self._say("lead_began", f"leads it, epoch {self.epoch}")
        self._pipeline.start()
        try:
            ending = await self._run_tasks()
        finally:
            self._pipeline.close()
            if not await asyncio.to_thread(self._pipeline.join, _JOIN_S):
                self._say("thread_stuck", "a thread did not end in time")
            self._seat.leave()
        return ending

    def stop(self) -> None:
        """Ends the lead; ``run`` returns RELEASED."""
        self._end(SessionEnded(SessionOutcome.RELEASED, "the worker stops"))

    def work(self) -> StreamWork:
        """What it does, for the heartbeat."""
        enhance, intent = self._pipeline.enhance, self._intent
        asleep = not self._awake.is_set()
        is_ready = self._prepare() if asleep else bool(enhance.model_in_use)
        state, reason = intent.state(net_ready=is_ready, asleep=asleep)
        if not asleep and state in ("enhancing", "starting"):
            reason = self._pipeline.remark or reason
        counts, standing = self._tally.read(), self._seat.standing()
        fps, kbps = self._renditions.rates()
        factor = enhance.scale if intent.current is Route.WORK else 1
        return StreamWork(
            stream=self.job.stream,
            rendition=self.job.rendition,
            epoch=self.epoch,
            state=state,
            reason=reason,
            model=enhance.model_in_use or intent.model,
            engine=enhance.engine_in_use or self._nets.engine.info.name,
            width=factor * intent.width,
            height=factor * intent.height,
            fps=fps,
            kbps=kbps,
            frames_in=counts.frames_in,
            frames_out=counts.frames_out,
            enhanced=counts.enhanced,
            bicubic=counts.bicubic,
            bypassed=counts.bypassed,
            dropped=counts.dropped,
            key_frames=counts.key_frames,
            levels=counts.levels,
            level=standing.level,
            allocation_ms=round(standing.ms_per_s, 1),
            temporal_wanted=round(counts.temporal_wanted, 2),
            temporal_done=round(counts.temporal_done, 2),
            bad_entries=self._reader.bad_entries,
            bad_messages=self._mailbox.bad_messages,
            stale_units=self._reader.stale_units,
            replayed=counts.replayed,
            renditions=self._renditions.work(self._pipeline.steps),
        )

    def _outlets(self) -> PipelineCallbacks:
        loop = asyncio.get_running_loop()

        def on_loop(function: Callable[..., object]) -> Callable[..., None]:
            def call(*args: Any) -> None:
                loop.call_soon_threadsafe(function, *args)

            return call

        return PipelineCallbacks(
            made=on_loop(lambda made: self._renditions.put(made)),
            need_key=on_loop(self._key_wish.want),
            failed=on_loop(
                lambda error: self._end(SessionEnded(SessionOutcome.FAILED, repr(error)))
            ),
        )

    async def _run_tasks(self) -> SessionOutcome:
        tasks = {
            "read": self._read,
            "renew": self._renew,
            "listen": self._listen,
            "watch": self._watch,
            "ask": self._key_wish.run,
            "alarm": self._await_alarm,
        }
        tasks |= {
            f"publish {name}": partial(self._publish, name)
            for name in keys.logs_of(self.job.rendition)
        }
        try:
            async with asyncio.TaskGroup() as group:
                for name, task in tasks.items():
                    # What a failed task had in its hands is missing; go on at key frames.
                    again = keep_going(
                        name, task, passes=(SessionEnded,), failed=self._go_on, logger=self._log
                    )
                    group.create_task(again, name=f"{name} {self.job.stream}")
        except* SessionEnded as overs:
            over = next(error for error in overs.exceptions if isinstance(error, SessionEnded))
        self._say("lead_over", f"lead is over: {over}")
        return over.ending

    def _go_on(self) -> None:
        self._key_wish.want("a task of the lead failed")
        for name in keys.logs_of(self.job.rendition):
            self._pipeline.ask_key_frame(name)

    def _end(self, over: SessionEnded) -> None:
        self._over = self._over or over
        self._alarm.set()

    async def _await_alarm(self) -> None:
        await self._alarm.wait()
        assert self._over is not None
        raise self._over

    async def _read(self) -> None:
        reader = self._reader
        while True:
            if not self._awake.is_set():
                await self._sleep()
                self._is_placed = False
            try:
                if not self._is_placed:
                    await self._age.measure(self._client, self.job.stream)
                    if not await reader.seek_last_key_frame():
                        self._key_wish.want("the log has no key frame")
                    self._is_placed, self._last_sequence = True, None
                    self._drained_us = None
                entries = await reader.read(block_ms=_BLOCK_MS, count=_PAGE)
            except REDIS_DOWN:
                await asyncio.sleep(RETRY_S)
                continue
            read_us = clock.now_us()
            for entry in entries:
                for unit in entry.batch.units:
                    if unit.kind is Kind.VIDEO:
                        await self._take_once(unit, entry.id)
            self._drained_us = read_us if len(entries) < _PAGE else None

    async def _take_once(self, unit: AccessUnit, entry_id: str) -> None:
        """The app writes units again whose first append was not answered, or was lost by Redis."""
        if is_repeated(unit.sequence, self._last_sequence):
            self._tally.drop("repeated")
            return
        self._last_sequence = unit.sequence
        await self._take(unit, entry_id)

    async def _sleep(self) -> None:
        """Nobody watches: reads nothing, and writes nothing, until somebody does.

        Waking is taking over from oneself: what came since the last key frame is decoded from the
        log, and the first picture that is not too old begins the rendition anew.
        """
        self._say("asleep", "sleeps, since nobody watches")
        await asyncio.sleep(REPLAY_S)  # What is inside comes out; and no unit comes out twice.
        self._renditions.clear()
        await self._probation.note(False, now=time.monotonic())
        await self._awake.wait()
        self._say("awake", "is watched")
        self._caught_up = False
        self._intent.wake(now=time.monotonic())
        self._pipeline.restart()

    async def _take(self, unit: AccessUnit, entry_id: str) -> None:
        now_us, now = clock.now_us(), time.monotonic()
        age_s = self._age.age_s(unit, entry_id, now_us=now_us, since_us=self._drained_us)
        self._caught_up = self._caught_up or age_s <= REPLAY_S
        if unit.is_key:
            self._key_wish.met()
        route = self._intent.route(unit, now=now)
        self._tally.count("frames_in" if self._caught_up else "replayed")
        if route is None or (route is Route.COPY and not self._caught_up):
            self._leave_out()
            return
        decodes = route is not Route.COPY or self._pipeline.recodes(unit.codec)
        await self._probation.note(decodes, now=now)
        shot = FrameTask(unit, route, arrived=now - age_s, is_replay=not self._caught_up)
        shot.stamps.append((Checkpoint.FETCHED, now_us))
        while not self._pipeline.has_room:  # noqa: ASYNC110 - a burst; each frame would set an event
            await asyncio.sleep(_ROOM_S)
        self._pipeline.offer(shot)

    def _leave_out(self) -> None:
        """Copying can begin only at a key frame young enough to be shown."""
        if self._caught_up:
            self._tally.drop("no_key_frame")
        else:
            self._intent.restart()
        self._key_wish.want("copying begins at a key frame")

    async def _publish(self, rendition: str) -> None:
        try:
            await self._renditions.run(rendition)
        except Fenced as error:
            raise SessionEnded(SessionOutcome.LOST, str(error)) from error
        except StreamGone as error:
            raise SessionEnded(SessionOutcome.ENDED, str(error)) from error

    async def _renew(self) -> None:
        while True:
            try:
                held = await self._jobs.renew(self.job)
            except REDIS_DOWN:
                held = True  # Nobody can have taken it, and the epoch guards the log.
            if not held:
                raise SessionEnded(SessionOutcome.LOST, "the lease is not ours any more")
            await asyncio.sleep(RENEW_S)

    async def _listen(self) -> None:
        while True:
            try:
                messages = await self._mailbox.read(block_ms=_BLOCK_MS)
            except REDIS_DOWN:
                await asyncio.sleep(RETRY_S)
                continue
            for message in messages:
                if isinstance(message, control.RecordChanged):
                    await self._look()
                elif isinstance(message, control.KeyFrameRequest):
                    self._on_key_request(message)

    def _on_key_request(self, message: control.KeyFrameRequest) -> None:
        name = self.job.rendition
        copies = (name, keys.variant(name, self._source_codec))
        if self._intent.current is Route.COPY and message.rendition in copies:
            self._key_wish.want("a viewer of the copied rendition needs it")
        else:
            self._pipeline.ask_key_frame(message.rendition)

    async def _watch(self) -> None:
        """Reads the record now and then: a message may be missed, and load changes."""
        while True:
            with contextlib.suppress(*REDIS_DOWN):
                await self._age.measure(self._client, self.job.stream)
            await self._look()
            await asyncio.sleep(_WATCH_S)

    async def _look(self) -> None:
        try:
            record = await self._registry.get(self.job.stream)
            rendition = await self._rendition_registry.get(self.job.stream, self.job.rendition)
        except StreamGone as error:
            raise SessionEnded(SessionOutcome.ENDED, str(error)) from error
        except (*REDIS_DOWN, BadMessage):
            return
        if {record.epoch, rendition.source_epoch} != {self.job.source_epoch}:
            raise SessionEnded(SessionOutcome.ENDED, "the stream has a new publisher")
        if rendition.job and rendition.job != self.job.entry:
            raise SessionEnded(SessionOutcome.LOST, "the rendition has another job")
        if (rendition.codec, rendition.factor) != self._fixed:
            # Whoever takes it anew says in the record in what it encodes.
            raise SessionEnded(SessionOutcome.RELEASED, "another codec or size is wanted")
        self._follow(record, rendition)
        await self._probation.forgive(rendition, now=time.monotonic())
        if self._intent.needs_key_frame and self._awake.is_set():
            self._key_wish.want("the stream changes between enhanced and copied")

    def _follow(self, record: StreamRecord, rendition: RenditionRecord) -> None:
        """Takes what the records say, and what was measured."""
        self._source_codec, enhance = record.codec, self._pipeline.enhance
        enhance.strength = self._strength(rendition)
        self._pipeline.set_kbps(rendition.kbps)
        if self._intent.follow(rendition):
            enhance.use_model(self._intent.model)
        self._intent.decoded(*enhance.size)
        self._intent.decoded(record.width, record.height)
        why = self._probation.bar(rendition, now_us=self._redis_us())
        self._intent.barred = why or self._pipeline.fault
        standing = self._seat.standing()
        self._intent.judge(
            fault="" if enhance.model_in_use else enhance.fault,
            full_ms=standing.full_ms,
            least_ms=standing.least_ms,
            now=time.monotonic(),
        )
        self._attend(rendition)

    def _attend(self, record: RenditionRecord) -> None:
        """Copying costs nearly nothing and goes on; the net is for those who watch."""
        now_us = self._redis_us()
        self._seat.watch(bool(record.watched_logs(now_us=now_us)))
        wanted = self._demand.follow(
            record,
            source_codec=self._source_codec,
            now_us=now_us,
            may_decode=not self._intent.barred,
            now=time.monotonic(),
        )
        if wanted or self._intent.current is Route.COPY:
            self._awake.set()
        else:
            self._awake.clear()
            self._prepare()

    def _redis_us(self) -> int:
        return self._age.redis_us(now_us=clock.now_us())

    def _prepare(self) -> bool:
        """The nets for the first viewer; True once they are ready."""
        intent = self._intent
        if not intent.width or is_too_large(intent.width, intent.height):
            return False
        return self._pipeline.enhance.prepare(intent.width, intent.height)

    def _strength(self, record: RenditionRecord) -> float:
        return record.strength if record.strength >= 0 else self._config.strength

    def _say(self, action: str, text: str) -> None:
        self._log.info("%s", text, extra={"action": action})
