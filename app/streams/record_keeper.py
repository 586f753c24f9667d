"""The records and jobs of one publisher's stream: kept alive, repaired, made again, ended."""

from __future__ import annotations

import logging
from typing import Any

from wire import keys
from wire.connection import Redis
from wire.errors import BadMessage, StreamGone
from wire.jobs import JobQueue
from wire.rendition_record import RenditionRecord, RenditionRegistry, RenditionSpec
from wire.stream_logger import StreamLogger
from wire.stream_record import StreamRecord, StreamRegistry

log = logging.getLogger(__name__)


class RecordKeeper:
    """Keeps a stream's record and those of its renditions while its publisher is here.

    What others wrote into them is remembered: where Redis lost its data, the records are brought
    back with the specifications of all renditions, and with their leads' last epochs.
    """

    def __init__(self, client: Redis, stream: str, epoch: int) -> None:
        """Keeps nothing yet; ``epoch`` is the publisher's."""
        self._stream = stream
        self._epoch = epoch
        self._streams = StreamRegistry(client)
        self._renditions = RenditionRegistry(client)
        self._jobs = JobQueue(client)
        self._log = StreamLogger(log, stream=stream)
        self._known: dict[str, RenditionRecord] = {}
        "Records by name, as read last."
        self._is_original = False
        "The broadcaster wants the original, as read last."
        self._missing: set[str] = set()
        "Names of those that Redis lost and that are not brought back yet."
        self.restarts = 0
        "Times that the record was lost and made again."

    async def keep(self, *, has_source: bool, **fields: Any) -> StreamRecord:
        """Keeps all records alive, sets ``fields`` of the stream's, and mends what is missing. Call
        it about twice a second; jobs are made once there is a source. Returns the stream's record.

        Raises StreamBusy where another publisher took the stream over, and StreamGone where Redis
        lost its data between two commands: then call it again at once.
        """
        record = await self._keep_stream(fields)
        # Every stream has the default rendition, also one whose record was made a moment ago.
        if keys.ENHANCED not in record.renditions:
            self._missing.add(keys.ENHANCED)
        names = dict.fromkeys((*record.renditions, *self._missing))
        for name in sorted(self._missing):
            await self._bring_back(name, is_repair=False)
            # Only once it is back: if Redis goes away between two, the rest is brought back next
            # time.
            self._missing.discard(name)
        for name in names:
            await self._keep_rendition(name, has_job=has_source)
        for name in self._known.keys() - names.keys():
            await self._forget(name)
        return record

    def lead(self, name: str) -> str:
        """Returns the worker that makes a rendition, as read last; "" where none does."""
        known = self._known.get(name)
        return known.lead if known else ""

    async def end(self) -> None:
        """Removes all records, logs and jobs of the stream, if it is still this publisher's."""
        for known in self._known.values():
            if known.job:
                await self._jobs.finish(known.job)
        await self._streams.end(self._stream, self._epoch, {keys.ENHANCED, *self._known})

    async def _keep_stream(self, fields: dict[str, Any]) -> StreamRecord:
        stream, epoch = self._stream, self._epoch
        try:
            await self._streams.touch(stream, epoch, renditions=self._known, **fields)
            return self._noted(await self._streams.get(stream))
        except BadMessage as error:
            self._log.warning("%s", error, extra={"action": "bad_record"})
            # A record that cannot be read is removed with the source log, and made again. The
            # records and logs of the renditions stay.
            await self._streams.end(stream, epoch, ())
        except StreamGone:
            self._log.info("record lost by Redis, made again", extra={"action": "record_lost"})
        await self._streams.create(stream, epoch=epoch, original=self._is_original, **fields)
        self.restarts += 1
        self._missing |= self._known.keys()
        return await self._streams.get(stream)

    def _noted(self, record: StreamRecord) -> StreamRecord:
        self._is_original = record.original
        return record

    async def _keep_rendition(self, name: str, *, has_job: bool) -> None:
        fault = ""
        try:
            record = await self._renditions.get(self._stream, name)
        except (StreamGone, BadMessage) as error:
            fault, record = str(error), None
        # The record of an earlier publisher's session may be left over. Its lead must not write for
        # us.
        if record is None or record.source_epoch != self._epoch:
            await self._renditions.discard(self._stream, name)
            try:
                await self._bring_back(name, is_repair=True)
                record = await self._renditions.get(self._stream, name)
            except StreamGone:
                words = "rendition %s is not made again: the stream's record does not name it"
                self._log.info(words, name, extra={"action": "rendition_removed"})
                return
            except BadMessage:
                return  # it is looked at again next time
            if fault:
                self._log.warning("%s; made again", fault, extra={"action": "bad_record"})
        self._known[name] = record
        if has_job and not (record.job and await self._jobs.exists(record.job)):
            await self._enqueue(record)

    async def _bring_back(self, name: str, *, is_repair: bool) -> None:
        known = self._known.get(name)
        await self._renditions.ensure(
            self._stream,
            name,
            self._epoch,
            known.spec if known else RenditionSpec(),
            # With a smaller epoch than before, a lead that is still at work could not be fenced.
            epoch=known.epoch if known else 0,
            is_repair=is_repair,
        )

    async def _enqueue(self, record: RenditionRecord) -> None:
        """Makes the rendition's job, and only one, whichever answers of Redis get lost."""
        # Jobs and records lie on different slots of a cluster, so no one script makes both. The
        # record then names one entry by compare-and-set, and whoever made another finishes it.
        made = await self._jobs.enqueue(self._stream, record.name, self._epoch)
        try:
            job = await self._renditions.set_job(
                self._stream, record.name, self._epoch, before=record.job, job=made
            )
        except StreamGone:
            job = ""  # it was removed meanwhile
        if job != made:
            await self._jobs.finish(made)

    async def _forget(self, name: str) -> None:
        """Finishes the job of a removed rendition: whoever removed it may have died before that."""
        job = self._known.pop(name).job
        if job:
            await self._jobs.finish(job)
