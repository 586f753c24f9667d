"""The rendition readers of this node: one for each rendition that a consumer here needs."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable

from app.errors import RedisAway
from app.streams.ingest_session import IngestSession
from app.streams.meters import Delivered
from app.streams.rendition_reader import RenditionReader, UnitFeed
from app.task_set import TaskSet
from wire import keys
from wire.connection import Redis
from wire.stream_record import StreamRecord


@dataclasses.dataclass(frozen=True, slots=True)
class ReaderTimes:
    """Time-outs of readers, in seconds."""

    linger_s: float = 3.0
    "A reader that no consumer needs is kept so long: the next viewer then joins at once."
    over_s: float = 1.5
    "A record may be missing so long: after Redis lost it, its node makes it again."
    check_s: float = 0.5
    "Seconds between checks of both."


class RenditionReaders:
    """Begins a reader when it is first needed, and ends it when no consumer has needed it for a
    while, or when its stream is over.

    ``record`` reads a stream's record or raises RedisAway, ``ingest`` gives the ingest session that
    this node holds. ``observers`` are called with every video unit that a reader delivers live.
    """

    def __init__(
        self,
        client: Redis,
        *,
        record: Callable[[str], Awaitable[StreamRecord | None]],
        ingest: Callable[[str], IngestSession | None],
        times: ReaderTimes = ReaderTimes(),
    ) -> None:
        self._client = client
        self._record = record
        self._ingest = ingest
        self._times = times
        self._tasks = TaskSet()
        self._readers: dict[tuple[str, str, int], RenditionReader] = {}
        "Keyed by stream, rendition and publisher's epoch: a new publisher has viewers of its own."
        self.observers: list[Callable[[Delivered], None]] = []
        self._replays: list[RenditionReader] = []

    def get(self, record: StreamRecord, rendition: str) -> RenditionReader:
        """Returns the reader of a rendition; it runs from now on."""
        stream = record.id
        key = (stream, rendition, record.epoch)
        if key not in self._readers:
            reader = RenditionReader(
                self._client,
                stream,
                rendition,
                session=record.epoch,
                feed=self._feed(record, rendition),
            )
            reader.observe = self._observed
            self._readers[key] = reader
            self._tasks.spawn(self._run(reader), f"reader {stream} {rendition}")
        return self._readers[key]

    def _observed(self, delivered: Delivered) -> None:
        for observe in self.observers:
            observe(delivered)

    def replay(self, record: StreamRecord, rendition: str) -> RenditionReader:
        """Returns a reader of its own that begins with all that the log still has."""
        reader = RenditionReader(
            self._client, record.id, rendition, session=record.epoch, from_start=True
        )
        self._replays.append(reader)
        self._tasks.spawn(self._run(reader), f"replay {record.id} {rendition}")
        return reader

    def _feed(self, record: StreamRecord, rendition: str) -> UnitFeed | None:
        """Returns what brings the source or a layer where this node holds the publisher."""
        own = self._ingest(record.id)
        if own is None or own.epoch != record.epoch:
            return None
        return own if rendition == keys.SOURCE else own.layers.get(rendition)

    def newest(self, stream: str, rendition: str) -> RenditionReader | None:
        """Returns the reader of the newest publisher's epoch, while there is one."""
        found = [
            r for r in self._readers.values() if (r.stream, r.rendition) == (stream, rendition)
        ]
        return max(found, key=lambda reader: reader.session, default=None)

    def all(self) -> list[RenditionReader]:
        """Returns all that run, but for replays."""
        return list(self._readers.values())

    async def close(self) -> None:
        """Ends all readers."""
        await self._tasks.cancel()
        # One whose task was cancelled before its first step has not ended.
        for reader in (*self.all(), *self._replays):
            reader.end()
        self._readers.clear()
        self._replays.clear()

    async def _run(self, reader: RenditionReader) -> None:
        name = f"run {reader.stream} {reader.rendition} {reader.session}"
        # A task of its own, so that this one can end it and still tell all consumers.
        work = asyncio.get_running_loop().create_task(reader.run(), name=name)
        try:
            await self._until_done_with(reader, work)
            if work.done():
                work.result()  # it never ends by itself: show what it died of
        finally:
            # Who joins from now on gets another one.
            if reader in self._replays:
                self._replays.remove(reader)
            else:
                del self._readers[reader.stream, reader.rendition, reader.session]
            reader.end()
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    async def _until_done_with(self, reader: RenditionReader, work: asyncio.Task[None]) -> None:
        """Returns when the reader is not needed any more, or its consumers wait in vain."""
        times = self._times
        idle = over = 0.0
        while idle < times.linger_s and over < times.over_s and not work.done():
            await asyncio.wait([work], timeout=times.check_s)
            # A reader without consumers ends by its own clock and asks Redis nothing.
            if reader.is_needed:
                idle, step = 0.0, await self._over_s(reader)
                over = over + step if step else 0.0
            else:
                idle, over = idle + times.check_s, 0.0

    async def _over_s(self, reader: RenditionReader) -> float:
        """Returns the seconds by which the stream comes nearer to its end: 0 while it lives, the
        whole time-out where another publisher has it.
        """
        own = self._ingest(reader.stream)
        # The ingest session feeds this reader from memory, so it is not over while the session
        # lives, whatever Redis says.
        is_own = own is not None and own.epoch == reader.session
        if is_own and (reader.rendition == keys.SOURCE or keys.is_layer(reader.rendition)):
            return 0.0
        try:
            record = await self._record(reader.stream)
        except RedisAway:
            return 0.0
        if record is None and is_own:
            return 0.0  # Redis lost it, and this node makes it again
        if record is None or not _has(record, reader.rendition):
            return self._times.check_s
        return self._times.over_s if record.epoch != reader.session else 0.0


def _has(record: StreamRecord, log_name: str) -> bool:
    """False for a log of a rendition that was removed."""
    name, _ = keys.rendition_of(log_name)
    # A layer may pause and come back, so it lives as long as its stream.
    return keys.is_layer(name) or name in (keys.SOURCE, keys.ENHANCED, *record.renditions)
