"""The recordings of this node: what it records, for whom, and for how long files are kept.

The publisher's node records, fed from memory, so also while Redis is away. Where a node dies,
another one goes on with what the log still has. Leases in Redis (``wire/recording_board.py``) see
to it that one node records a rendition.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import dataclasses
import logging
import os
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from app.bounded_threads import BoundedThreads
from app.errors import RedisAway
from app.recording.catalogue import Catalogue
from app.recording.folder import Folder
from app.recording.recorder import Recorder
from app.recording.recording_events import RecordingEvents
from app.recording.recording_lists import RecordingLists
from app.recording.recording_writer import FinishedFile, RecordingWriter, Subject
from app.recording.repair import repair
from app.recording.retention import Kept, RetentionRule
from app.recording.tidy_faults import TidyFaults
from app.streams.ingest_session import IngestSession
from app.streams.ingest_state import State as IngestState
from app.streams.readers import RenditionReaders
from app.streams.stream_directory import StreamDirectory
from app.task_set import TaskSet
from wire import keys
from wire.connection import REDIS_DOWN, Redis
from wire.recording_board import (
    RENEW_S,
    RecordingBoard,
    RecordingEntry,
    RecordMode,
    renditions_of,
)
from wire.stream_record import StreamRecord
from wire.supervisor import keep_going

log = logging.getLogger(__name__)

ResultT = TypeVar("ResultT")

Choices = Callable[[str], RecordMode | None]

TAKE_OVER_S = 0.25
"""Seconds between searches for recordings whose node died."""

TIDY_S = 60.0
"""Seconds between searches for files that are too old or too many, or that nobody ended."""

_REMOVAL_ROUNDS = 3
"""Searches in one run for files that can go in place of those that cannot."""

THREADS = 4
"""Threads that write and tidy files. A disk that is slow is slow for all of them."""

READ_THREADS = 2
"""Threads that look after a file that is asked for."""

MAX_READS_WAITING = 256
"""Such looks that wait; on a disk that answers each is over in less than a millisecond."""


@dataclasses.dataclass(frozen=True, slots=True)
class RecordingOptions:
    """Settings of recordings."""

    folder: Path
    mode: RecordMode = "off"
    "The choice for streams for which nobody chose."
    retention: RetentionRule = RetentionRule()


@dataclasses.dataclass(frozen=True, slots=True)
class RecorderSources:
    """The places where a recorder finds streams, their units and their viewers."""

    ingests: Callable[[], list[IngestSession]]
    readers: RenditionReaders
    directory: StreamDirectory
    viewers: Callable[[str], dict[str, int]]
    chosen: Choices
    "Tells the choice for a stream; None: nobody chose."


@dataclasses.dataclass(slots=True, eq=False)
class _Own:
    """A recording of this node."""

    recorder: Recorder
    fence: int
    "0 while Redis did not say whose it is."
    is_replay: bool = False
    "It was taken over, and is read from the log."


class Recorders:
    """All recordings of one node. ``run`` is its one task; ``close`` ends all files."""

    def __init__(
        self,
        client: Redis,
        options: RecordingOptions,
        *,
        node: str,
        sources: RecorderSources,
        events: RecordingEvents,
    ) -> None:
        self.mode = options.mode
        self.folder = Folder(options.folder)
        self.catalogue = Catalogue(self.folder)
        self.lists = RecordingLists(self.catalogue)
        self.finished = 0
        "Files that are whole."
        self.removed = 0
        "Files that went by age or size."
        self.faults = TidyFaults()
        self._retention = options.retention
        self._node = node
        self._sources = sources
        self._events = events
        self._board = RecordingBoard(client)
        self._tasks = TaskSet()
        self._own: dict[tuple[str, str], _Own] = {}
        self._threads = concurrent.futures.ThreadPoolExecutor(THREADS, "recording")
        self._reads = BoundedThreads(READ_THREADS, "recording-reads", most=MAX_READS_WAITING)

    def all(self) -> list[Recorder]:
        """Returns the recordings that are under way here."""
        return [own.recorder for own in self._own.values()]

    async def run(self) -> None:
        """Begins and ends recordings until cancelled."""
        async with asyncio.TaskGroup() as group:
            works = {
                "recording-claims": partial(_repeat, self._claim, RENEW_S),
                "recording-take-over": partial(_repeat, self._take_over, TAKE_OVER_S),
                "recording-tidy": partial(_repeat, self._tidy, TIDY_S),
            }
            for name, work in works.items():
                group.create_task(keep_going(name, work, logger=log), name=name)

    async def close(self, timeout_s: float) -> None:
        """Ends all recordings and their files; gives the disk ``timeout_s``."""
        for own in self._own.values():
            own.recorder.stop()
        await self._tasks.finish(timeout_s)
        await self._tasks.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._reads.close()
        self.lists.close()

    def is_recording(self, stream: str, rendition: str) -> bool:
        """True while this node records a rendition."""
        return (stream, rendition) in self._own

    @property
    def refused(self) -> dict[str, int]:
        """Requests that were refused, by the limit; for /metrics."""
        return {"recording_lists": self.lists.refused, "recording_files": self._reads.refused}

    async def status(self, stream: str, name: str) -> os.stat_result | None:
        """Returns the status of a file for who asks for it. Raises Busy."""
        return await self._reads.do((stream, name), partial(self.folder.status, stream, name))

    async def remove(self, stream: str, name: str) -> bool:
        """Removes a recording; False if it is being written, or not there."""
        try:
            return await self._on_thread(partial(self.folder.remove, stream, name))
        finally:
            self.lists.forget()

    async def _on_thread(self, work: Callable[[], ResultT]) -> ResultT:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def _claim(self) -> None:
        """Begins what is to be recorded of the streams published here, and ends the rest."""
        wanted = {
            (ingest.stream, rendition): ingest
            for ingest in self._sources.ingests()
            if ingest.state in (IngestState.LIVE, IngestState.AWAY)
            for rendition in renditions_of(self._sources.chosen(ingest.stream), self.mode)
        }
        for key, own in self._own.items():
            ingest = wanted.get(key)
            if ingest is not None and ingest.epoch == own.recorder.subject.epoch:
                own.recorder.has_audio = ingest.has_audio
                own.recorder.viewers = sum(self._sources.viewers(ingest.stream).values())
            elif not own.is_replay:
                own.recorder.stop()
        for (stream, rendition), ingest in wanted.items():
            if (stream, rendition) not in self._own:
                await self._begin(ingest, rendition)
        await self._renew()

    async def _begin(self, ingest: IngestSession, rendition: str) -> None:
        fence = after_us = 0
        try:
            claim = await self._board.claim(
                ingest.stream, rendition, epoch=ingest.epoch, node=self._node
            )
            if claim is None:
                return  # another node has it, and keeps it
            fence, after_us = claim.fence, claim.durable_us
        except REDIS_DOWN:
            # Nobody else can have it: this node alone has the publisher's units.
            if rendition != keys.SOURCE:
                return
        subject = Subject(
            ingest.stream, rendition, ingest.epoch, ingest.has_audio, self._node, after_us
        )
        record = StreamRecord(id=ingest.stream, epoch=ingest.epoch)
        readers = self._sources.readers
        own = self._start(subject, fence, is_replay=False)
        own.recorder.attach(readers.get(record, rendition), readers.get(record, keys.SOURCE))

    def _start(self, subject: Subject, fence: int, *, is_replay: bool) -> _Own:
        writer = RecordingWriter(self.folder, subject)
        own = _Own(Recorder(subject, writer, self, self._threads), fence, is_replay)
        self._own[subject.stream, subject.rendition] = own
        self._tasks.spawn(self._run(own), f"record {subject.stream} {subject.rendition}")
        return own

    async def _run(self, own: _Own) -> None:
        subject = own.recorder.subject
        try:
            await own.recorder.run()
        finally:
            del self._own[subject.stream, subject.rendition]
            self.lists.forget()
        if own.fence:
            with contextlib.suppress(*REDIS_DOWN):  # else it lapses
                await self._board.release(subject.stream, subject.rendition, own.fence)

    async def _renew(self) -> None:
        held = [own for own in self._own.values() if own.fence]
        try:
            answers = await self._board.renew([_entry(own) for own in held])
            lost = [own for own, is_ours in zip(held, answers, strict=True) if not is_ours]
            for own in [*lost, *(each for each in self._own.values() if not each.fence)]:
                await self._claim_again(own)
        except REDIS_DOWN:
            return  # what is fed from memory goes on, and what is not gets nothing

    async def _claim_again(self, own: _Own) -> None:
        """Takes a lease that Redis lost; ends a recording that another node has by now."""
        subject = own.recorder.subject
        claim = await self._board.claim(
            subject.stream, subject.rendition, epoch=subject.epoch, node=self._node
        )
        if claim is None:
            own.recorder.stop()
        else:
            own.fence = claim.fence

    async def _take_over(self) -> None:
        """Goes on with recordings whose node died, and ends those that nobody needs any more."""
        try:
            for own in [each for each in self._own.values() if each.is_replay]:
                await self._check_replay(own)
            for entry in await self._board.read():
                if entry.is_lapsed and (entry.stream, entry.rendition) not in self._own:
                    await self._replay(entry)
        except (RedisAway, *REDIS_DOWN):
            return

    async def _check_replay(self, own: _Own) -> None:
        subject = own.recorder.subject
        record = await self._sources.directory.record(subject.stream)
        if record is None or record.epoch != subject.epoch:
            return  # its reader ends by itself, behind what the log has
        chosen = self._sources.chosen(subject.stream)
        if subject.rendition not in renditions_of(chosen, self.mode):
            own.recorder.stop()

    async def _replay(self, entry: RecordingEntry) -> None:
        record = await self._sources.directory.record(entry.stream)
        if record is not None and record.epoch > entry.epoch:
            return  # the log of that publisher is gone
        claim = await self._board.claim(
            entry.stream, entry.rendition, epoch=entry.epoch, node=self._node
        )
        if claim is None:
            return
        has_audio = record.audio if record is not None else True
        subject = Subject(
            entry.stream, entry.rendition, entry.epoch, has_audio, self._node, claim.durable_us
        )
        own = self._start(subject, claim.fence, is_replay=True)
        live = record or StreamRecord(id=entry.stream, epoch=entry.epoch)
        replay = self._sources.readers.replay
        reader = replay(live, entry.rendition)
        is_source = entry.rendition == keys.SOURCE
        own.recorder.attach(reader, reader if is_source else replay(live, keys.SOURCE))
        log.info(
            "%s of %s is recorded here from now on: %s does not answer",
            entry.rendition,
            entry.stream,
            entry.node,
            extra={"action": "recording_taken_over"},
        )

    async def _tidy(self) -> None:
        """Ends files of writers that died, and removes what is not to be kept."""
        self.removed += await self._on_thread(self._tidy_files)
        self.lists.forget()

    def _tidy_files(self) -> int:
        if not self.folder.root.exists():
            return 0
        try:
            with self.folder.only_one() as is_alone:
                if not is_alone:
                    return 0
                repair(self.folder, self.faults)
                return self._remove_surplus()
        except OSError as error:
            self.faults.note(str(self.folder.root), "tidied", error)
            return 0

    def _remove_surplus(self) -> int:
        """Returns the number of files that went. One that cannot go leaves its place to others."""
        kept, removed = self.folder.kept(), 0
        for _ in range(_REMOVAL_ROUNDS):
            gone = self._retention.surplus(kept, now_us=int(time.time() * 1e6))
            stuck: list[Kept] = []
            for each in gone:
                try:
                    removed += self.folder.remove(each.stream, each.name)
                except OSError as error:
                    self.faults.note(f"{each.stream}/{each.name}", "removed", error)
                    stuck.append(dataclasses.replace(each, is_fixed=True))
            if not stuck:
                break
            kept = [*set(kept).difference(gone), *stuck]
        return removed

    def recording_ready(self, subject: Subject, file: FinishedFile) -> None:
        """Notes a recording that is whole."""
        self.finished += 1
        self.lists.forget()
        self._events.recording_ready(subject, file)

    def recording_failed(self, subject: Subject, reason: str) -> None:
        """Notes that the disk takes no more."""
        self._events.recording_failed(subject, reason)


async def _repeat(step: Callable[[], Awaitable[None]], period_s: float) -> None:
    while True:
        await step()
        await asyncio.sleep(period_s)


def _entry(own: _Own) -> RecordingEntry:
    recorder, subject = own.recorder, own.recorder.subject
    return RecordingEntry(
        stream=subject.stream,
        rendition=subject.rendition,
        fence=own.fence,
        node=subject.node,
        epoch=subject.epoch,
        age_ms=0,
        durable_us=recorder.durable_us,
        state=recorder.state.value,
        bytes=recorder.bytes,
        reason=recorder.reason,
    )
