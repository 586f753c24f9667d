"""Reads a rendition of a stream and pushes it until the end; begins anew after each failure."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import signal
import time

from app.streams.rendition_reader import RenditionReader
from app.streams.stream_directory import StreamDirectory
from cli.errors import NotPushed
from cli.publisher.codecs import VIDEO
from cli.pusher.output import Output
from cli.pusher.push_queue import PushQueue
from cli.pusher.target import Target
from media.access_unit import AccessUnit, Kind
from wire import keys, stop_signals
from wire.connection import Redis, connect
from wire.settings import Settings
from wire.stream_record import StreamRecord

log = logging.getLogger(__name__)

FIRST_WAIT_S, MAX_WAIT_S = 1.0, 30.0
"""Wait before the next try; doubles with each failure, and is short again after a minute."""

CALM_S = 60.0

LIVE_POLL_S = 1.0
"""Time between two looks for a stream that is not live."""


@dataclasses.dataclass(slots=True)
class PushCounters:
    """Counts of units and connections."""

    written: int = 0
    dropped: int = 0
    "Units that were left out, since the target was too slow or away."
    connections: int = 0
    failures: int = 0


class _Tracks:
    """Takes the units of some kinds from one reader."""

    is_needed = True

    def __init__(self, queue: PushQueue, reader: RenditionReader, kinds: frozenset[Kind]) -> None:
        self._queue = queue
        self._reader = reader
        self._kinds = kinds

    def take(self, unit: AccessUnit) -> None:
        if unit.kind in self._kinds and self._queue.put(unit):
            self._reader.request_key_frame()

    def on_gap(self) -> None:
        if Kind.VIDEO in self._kinds:
            self._queue.await_key()

    def on_end(self) -> None:
        pass


class PushSession:
    """One stream to one target."""

    def __init__(self, client: Redis, stream: str, rendition: str, target: Target) -> None:
        self._client = client
        self._stream = stream
        self._rendition = rendition
        self._target = target
        self._directory = StreamDirectory(client, ingest=lambda _: None)
        self._queue = PushQueue()
        self._has_audio = False
        self.counters = PushCounters()

    async def run(self, stop: asyncio.Event) -> None:
        """Pushes until ``stop``; waits while the stream is not live. Raises NotPushed where the
        first connection fails.
        """
        async with asyncio.TaskGroup() as group:
            writing = group.create_task(asyncio.to_thread(self._write), name="push-write")
            reading = group.create_task(self._read(), name="push-read")
            stopping = group.create_task(stop.wait(), name="push-stop")
            await asyncio.wait({writing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            self._queue.close()
            reading.cancel()
            stopping.cancel()

    async def _read(self) -> None:
        while True:
            record = await self._directory.record(self._stream)
            if record is None or record.state != "live":
                await asyncio.sleep(LIVE_POLL_S)
                continue
            await self._follow(record)

    async def _follow(self, record: StreamRecord) -> None:
        """Reads under one publisher's epoch, sound from the source."""
        self._has_audio = record.audio
        logs = dict.fromkeys((self.log, keys.SOURCE))
        async with asyncio.TaskGroup() as group:
            tasks = []
            for log_name in logs:
                reader = RenditionReader(self._client, record.id, log_name, session=record.epoch)
                consumer = _Tracks(self._queue, reader, self._kinds(log_name, record))
                reader.attach(consumer)
                tasks.append(group.create_task(reader.run(), name=f"read {log_name}"))
            while await self._is_same(record):  # noqa: ASYNC110 - Redis tells nobody
                await asyncio.sleep(LIVE_POLL_S)
            for task in tasks:
                task.cancel()

    async def _is_same(self, record: StreamRecord) -> bool:
        now = await self._directory.record(record.id)
        return now is not None and now.epoch == record.epoch

    @property
    def log(self) -> str:
        """The log that video is read from."""
        if self._rendition == keys.SOURCE:
            return keys.SOURCE
        # The usual log may hold a copy of a source in another codec; this one is always H.264.
        return keys.variant(keys.rendition_of(self._rendition)[0], VIDEO.name)

    def _kinds(self, log_name: str, record: StreamRecord) -> frozenset[Kind]:
        kinds = set()
        if log_name == self.log:
            kinds.add(Kind.VIDEO)
        if log_name == keys.SOURCE and record.audio:
            kinds.add(Kind.AUDIO)
        return frozenset(kinds)

    def _write(self) -> None:
        """Runs in a thread of its own, since FFmpeg waits for the target."""
        wait_s = FIRST_WAIT_S
        while not self._queue.is_closed:
            began = time.monotonic()
            try:
                self._push_once()
            except NotPushed as error:
                if not self.counters.connections:
                    raise
                self.counters.failures += 1
                # Short again after a connection that lasted: the target was away for a moment.
                wait_s = FIRST_WAIT_S if time.monotonic() - began > CALM_S else wait_s
                log.warning("%s Again in %.0f s.", error, wait_s, extra={"action": "push_failed"})
                self._queue.wait_closed(wait_s)
                wait_s = min(2 * wait_s, MAX_WAIT_S)

    def _push_once(self) -> None:
        """Pushes by one connection until the queue is closed. Raises NotPushed."""
        self._queue.restart()
        unit = self._queue.get()
        while unit is not None and unit.kind is not Kind.VIDEO:
            unit = self._queue.get()  # what is heard before the first picture is left out
        if unit is None:
            return
        output = Output(self._target, unit, has_audio=self._has_audio)
        self.counters.connections += 1
        log.info("pushes to %s", self._target.shown, extra={"action": "push_began"})
        try:
            while unit is not None:
                output.write(unit)
                self.counters.written += 1
                unit = self._queue.get()
        finally:
            self.counters.dropped = self._queue.dropped
            output.close()


def run(settings: Settings, stream: str, rendition: str, target: Target) -> PushCounters:
    """Pushes until SIGINT or SIGTERM. Raises NotPushed where the first connection fails."""

    async def main() -> PushCounters:
        stop = asyncio.Event()
        client = connect(settings.redis_url, prefix=settings.redis_prefix)
        session = PushSession(client, stream, rendition, target)
        request = stop_signals.StopRequest(stop)
        try:
            with stop_signals.heard((signal.SIGINT, signal.SIGTERM), request.repeat_to_end):
                await session.run(stop)
        except* NotPushed as errors:
            raise errors.exceptions[0] from None
        finally:
            await client.aclose()
        return session.counters

    return asyncio.run(main())
