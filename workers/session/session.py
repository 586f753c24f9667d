"""One stream and its renditions here: its source is read and decoded once for all of them.

Tasks: read the source log, listen to control messages, read the records, ask for key frames. Each
rendition has a lane of its own (``lane.py``); lanes come and go while the session runs. The session
reads nothing while no lane takes units.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import logging
import time

from media.access_unit import AccessUnit, Checkpoint, Kind
from wire import clock, control
from wire.batch import is_repeated
from wire.clock_offset import ClockOffset
from wire.connection import REDIS_DOWN, RETRY_S
from wire.errors import BadMessage, StreamGone
from wire.jobs import Job
from wire.site import Records
from wire.stream_logger import StreamLogger, session_name
from wire.supervisor import keep_going
from workers.media.frame_task import FrameTask
from workers.media.route import Route
from workers.media.source_frame import SourceFrame, Taker
from workers.runtime.loop_callback import on_loop
from workers.session.key_frame_requester import KeyFrameRequester
from workers.session.lane import JOIN_S, REPLAY_S, RenditionLane
from workers.session.lane_parts import OtherLanes, SourceFacts, WorkerParts
from workers.session.outcome import SessionOutcome
from workers.session.source_decoder import SourceDecoder

log = logging.getLogger(__name__)

_BLOCK_MS = 1000
"""Time that a read of a log or a mailbox waits in Redis, in ms; then the loop looks around."""

_MAX_PAGE_ENTRIES = 64
"""Entries of one read: two seconds at 30 frames a second, so a take-over needs a few reads."""

_WATCH_S = 0.5
"""Interval at which the records are read: a message may be missed, and load changes."""

_SPACE_S = 0.005
"""Interval at which a full decoder is asked for space. Only a burst fills it, and a word from its
thread about each frame would wake the loop once more for every frame."""


class StreamSession:
    """Reads and decodes one stream of one publisher for its lanes; ``run`` once."""

    def __init__(self, parts: WorkerParts, job: Job, clock_offset: ClockOffset) -> None:
        """``job`` is that of the first rendition."""
        self.stream = job.stream
        self._parts = parts
        self._log = StreamLogger(log, stream=job.stream, session=session_name(job.source_epoch))
        # A copy: the worker's has just been measured, and each session goes on by its own server,
        # which in a cluster is the one that holds the stream.
        self._clock_offset = copy.copy(clock_offset)
        self._site = parts.site.stream(job.stream)
        self._requester = KeyFrameRequester(self._site)
        self._mailbox = self._site.mail()
        self._reader = self._site.source()
        self._is_placed = False
        self._last_sequence: int | None = None
        self._drained_us: int | None = None
        "Time of the last read to the log's end, on our clock; None since it was placed anew."
        self._caught_up = False
        self._lanes: dict[str, RenditionLane] = {}
        self._awake, self._closed = asyncio.Event(), asyncio.Event()
        self._decoder = SourceDecoder(
            job.stream,
            need_key=on_loop(self.want_key_frame),
            failed=on_loop(self._on_failure),
        )

    @property
    def lanes(self) -> list[RenditionLane]:
        """The renditions that are made here."""
        return list(self._lanes.values())

    @property
    def is_closed(self) -> bool:
        """True once it takes no further lane."""
        return self._closed.is_set()

    def add(self, job: Job, epoch: int, records: Records, others: OtherLanes) -> RenditionLane:
        """Adds the lane of a rendition whose lead was taken; the caller runs it."""
        lane = RenditionLane(self._parts, job, epoch, records, self, others)
        self._lanes[job.entry] = lane
        self._count_lanes()
        self.lane_changed()
        return lane

    def remove(self, lane: RenditionLane) -> None:
        """Forgets a lane that has ended; the session ends with its last one."""
        self._lanes.pop(lane.job.entry, None)
        self._count_lanes()
        self.lane_changed()
        if not self._lanes:
            self._closed.set()

    def _count_lanes(self) -> None:
        for lane in self.lanes:
            lane.pipeline.set_decoder_shared(len(self._lanes) > 1)

    # What lanes ask of their source.

    def facts(self) -> SourceFacts:
        """Returns what is known of the source."""
        return SourceFacts(
            bad_entries=self._reader.bad_entries,
            stale_units=self._reader.stale_units,
            bad_messages=self._mailbox.bad_messages,
            decoded=self._decoder.decoded,
            fault=self._decoder.fault,
            remark=self._decoder.remark,
        )

    def want_key_frame(self, why: str) -> None:
        """Asks the publisher for a key frame."""
        self._requester.want(why)

    def lane_changed(self) -> None:
        """Starts or stops reading after a change: it reads while a lane takes units."""
        if any(lane.is_taking for lane in self._lanes.values()):
            self._awake.set()
        else:
            self._awake.clear()

    def redis_us(self) -> int:
        """Returns the time of Redis in Unix us."""
        return self._clock_offset.redis_us(now_us=clock.now_us())

    # Its own work.

    async def run(self) -> None:
        """Reads and decodes until the last lane is gone."""
        works = {
            "read": self._read,
            "listen": self._listen,
            "watch": self._watch,
            "ask": self._requester.run,
        }
        self._decoder.start()
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(
                        keep_going(name, work, failed=self._go_on, logger=self._log),
                        name=f"{name} {self.stream}",
                    )
                    for name, work in works.items()
                ]
                # The group itself would wait for tasks that never end.
                await self._closed.wait()
                for task in tasks:
                    task.cancel()
        finally:
            self._closed.set()
            self._decoder.close()
            if not await asyncio.to_thread(self._decoder.join, JOIN_S):
                self._log.info("a thread did not end in time", extra={"action": "thread_stuck"})

    def _on_failure(self, error: Exception) -> None:
        self._end_lanes(SessionOutcome.FAILED, repr(error))

    def _end_lanes(self, outcome: SessionOutcome, why: str) -> None:
        # Closed before the lanes end: a rendition that is taken meanwhile begins a new session.
        self._closed.set()
        for lane in self.lanes:
            lane.end(outcome, why)

    def _go_on(self) -> None:
        """Lets all lanes go on at key frames after a task failed: what it held is missing."""
        for lane in self.lanes:
            lane.go_on()

    async def _read(self) -> None:
        reader = self._reader
        while True:
            # After a rest the log has moved on, and the decoder's pictures are of long ago.
            if not self._awake.is_set():
                with contextlib.suppress(*REDIS_DOWN):
                    await reader.pause()
                await self._awake.wait()
                self._is_placed = self._caught_up = False
            try:
                if not self._is_placed:
                    await self._place()
                entries = await reader.read(block_ms=_BLOCK_MS, count=_MAX_PAGE_ENTRIES)
            except REDIS_DOWN:
                await asyncio.sleep(RETRY_S)
                continue
            read_us = clock.now_us()
            for entry in entries:
                for unit in entry.batch.units:
                    if unit.kind is Kind.VIDEO:
                        await self._take_once(unit, entry.id)
            # A page that is not full was the end of the log at ``read_us``: what comes next cannot
            # be older, whatever the clocks say.
            self._drained_us = read_us if len(entries) < _MAX_PAGE_ENTRIES else None

    async def _place(self) -> None:
        """Begins at the last key frame. What came since is decoded, and the first picture that is
        not too old begins the renditions anew.
        """
        await self._clock_offset.measure(self._site.time_us)
        if not await self._reader.seek_last_key_frame():
            self.want_key_frame("the log has no key frame")
        self._is_placed, self._last_sequence = True, None
        self._drained_us = None

    async def _take_once(self, unit: AccessUnit, entry_id: str) -> None:
        """Takes a unit unless it was read before: the app writes units again whose first append was
        not answered, or was lost by Redis.
        """
        if is_repeated(unit.sequence, self._last_sequence):
            for lane in self.lanes:
                lane.counters.drop("repeated")
            return
        self._last_sequence = unit.sequence
        await self._take(unit, entry_id)

    async def _take(self, unit: AccessUnit, entry_id: str) -> None:
        now_us, now = clock.now_us(), time.monotonic()
        age_s = self._clock_offset.age_s(unit, entry_id, now_us=now_us, since_us=self._drained_us)
        # Once caught up it stays so: a frame that comes late afterwards is late, not a replay.
        self._caught_up = self._caught_up or age_s <= REPLAY_S
        if unit.is_key:
            self._requester.met()
        is_replay = not self._caught_up
        takers: list[Taker] = []
        for lane in self.lanes:
            if lane.is_taking:
                taker = await lane.take(unit, is_replay=is_replay, now=now)
                if taker is not None:
                    takers.append(taker)
        if not takers:
            return
        # The arrival is put on our monotonic clock here, once; all deadlines are by that clock.
        task = FrameTask(unit, Route.WORK, arrived=now - age_s, is_replay=is_replay)
        task.stamps.append((Checkpoint.FETCHED, now_us))
        while not self._decoder.has_space:  # noqa: ASYNC110 - a burst; each frame would set an event
            await asyncio.sleep(_SPACE_S)
        self._decoder.offer(SourceFrame.of(task, tuple(takers)))

    async def _listen(self) -> None:
        while True:
            try:
                messages = await self._mailbox.read(block_ms=_BLOCK_MS)
            except REDIS_DOWN:
                await asyncio.sleep(RETRY_S)
                continue
            for message in messages:
                if isinstance(message, control.RecordChanged):
                    await self._read_records()
                elif isinstance(message, control.KeyFrameRequest):
                    for lane in self.lanes:
                        lane.on_key_frame_request(message)

    async def _watch(self) -> None:
        while True:
            with contextlib.suppress(*REDIS_DOWN):
                await self._clock_offset.measure(self._site.time_us)
            await self._read_records()
            await asyncio.sleep(_WATCH_S)

    async def _read_records(self) -> None:
        for lane in self.lanes:
            try:
                records = await lane.view.records()
            except StreamGone as error:
                lane.end(SessionOutcome.ENDED, str(error))
            except (*REDIS_DOWN, BadMessage):
                # What was read before still holds; the app repairs a damaged record.
                continue
            else:
                await lane.apply(records)
        if any(lane.needs_key_frame for lane in self.lanes):
            self.want_key_frame("a rendition changes between enhanced and copied")
