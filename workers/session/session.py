"""One stream and its renditions here: its source is read and decoded once for all of them.

Tasks: read the source log, listen to control messages, read the records, ask for key frames, leave
a small picture now and then. Each rendition has a lane of its own (``lane.py``); lanes come and go
while the session runs. The session reads nothing while no lane takes units.
"""

from __future__ import annotations

import asyncio
import logging

from media.access_unit import AccessUnit
from wire import control
from wire.clock_offset import ClockOffset
from wire.connection import REDIS_DOWN, RETRY_S
from wire.errors import BadMessage, StreamGone
from wire.jobs import Job
from wire.site import Records
from wire.stream_logger import StreamLogger, session_name
from wire.supervisor import keep_going
from workers.media.source_frame import Taker
from workers.session.lane import JOIN_S, RenditionLane
from workers.session.lane_parts import OtherLanes, SourceFacts, WorkerParts
from workers.session.outcome import SessionOutcome
from workers.source.source_follower import BLOCK_MS, SourceFollower
from workers.source.thumbnail_maker import ThumbnailMaker

log = logging.getLogger(__name__)

_WATCH_S = 0.5
"""Interval at which the records are read: a message may be missed, and load changes."""


class StreamSession:
    """Reads and decodes one stream of one publisher for its lanes; ``run`` once."""

    def __init__(self, parts: WorkerParts, job: Job, clock_offset: ClockOffset) -> None:
        """``job`` is that of the first rendition."""
        self.stream = job.stream
        self._parts = parts
        self._log = StreamLogger(log, stream=job.stream, session=session_name(job.source_epoch))
        site = parts.site.stream(job.stream)
        self._mailbox = site.mail()
        self._follower = SourceFollower(
            site, job.stream, self, clock_offset=clock_offset, failed=self._on_failure
        )
        self._thumbnails = ThumbnailMaker(site, self._follower, job.stream)
        self._lanes: dict[str, RenditionLane] = {}
        self._closed = asyncio.Event()

    @property
    def lanes(self) -> list[RenditionLane]:
        """The renditions that are made here."""
        return list(self._lanes.values())

    @property
    def decode_cpu_s(self) -> float:
        """Processor time that decoding its source has used, in seconds."""
        return self._follower.decoder.cpu_s

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
            bad_entries=self._follower.reader.bad_entries,
            stale_units=self._follower.reader.stale_units,
            bad_messages=self._mailbox.bad_messages,
            decoded=self._follower.decoder.decoded,
            fault=self._follower.decoder.fault,
            remark=self._follower.decoder.remark,
        )

    def want_key_frame(self, why: str) -> None:
        """Asks the publisher for a key frame."""
        self._follower.want_key_frame(why)

    def lane_changed(self) -> None:
        """Starts or stops reading after a change: it reads while a lane takes units."""
        self._follower.set_awake(any(lane.is_taking for lane in self._lanes.values()))

    def redis_us(self) -> int:
        """Returns the time of Redis in Unix us."""
        return self._follower.redis_us()

    # Its own work.

    async def run(self) -> None:
        """Reads and decodes until the last lane is gone."""
        works = {
            "read": self._follower.read,
            "listen": self._listen,
            "watch": self._watch,
            "ask": self._follower.ask,
            "thumbnail": self._thumbnails.run,
        }
        decoder = self._follower.decoder
        decoder.start()
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
            decoder.close()
            if not await asyncio.to_thread(decoder.join, JOIN_S):
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

    # As a taker of units.

    async def take(self, unit: AccessUnit, *, is_replay: bool, now: float) -> tuple[Taker, ...]:
        """Returns which lanes take a unit of the source, and how."""
        takers: list[Taker] = []
        for lane in self.lanes:
            if lane.is_taking:
                taker = await lane.take(unit, is_replay=is_replay, now=now)
                if taker is not None:
                    takers.append(taker)
        return tuple(takers)

    def repeat(self) -> None:
        """Counts a unit that stood in the log again."""
        for lane in self.lanes:
            lane.counters.drop("repeated")

    async def _listen(self) -> None:
        while True:
            try:
                messages = await self._mailbox.read(block_ms=BLOCK_MS)
            except REDIS_DOWN:
                await asyncio.sleep(RETRY_S)
                continue
            for message in messages:
                if isinstance(message, control.RecordChanged):
                    await self._read_records()
                elif isinstance(message, control.KeyFrameRequest):
                    for lane in self.lanes:
                        lane.on_key_frame_request(message)
                elif isinstance(message, control.MapRequest):
                    for lane in self.lanes:
                        lane.on_map_request(message)

    async def _watch(self) -> None:
        while True:
            await self._follower.compare_clocks()
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
