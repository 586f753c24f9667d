"""The streams of all nodes, as their records say, and what an operator may do with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from app.errors import (
    RedisAway,
    RenditionFixed,
    RenditionNotFound,
    RenditionsFull,
    StreamNotFound,
)
from app.streams.ingest_session import IngestSession
from wire import keys
from wire.connection import REDIS_DOWN, Redis
from wire.control import EndStream, RecordChanged, to_lead, to_publisher
from wire.errors import BadMessage, StreamBusy, StreamGone, TooManyRenditions
from wire.jobs import JobQueue
from wire.rendition_record import PARDON, RenditionRecord, RenditionRegistry, RenditionSpec
from wire.stream_record import StreamRecord, StreamRegistry


class StreamDirectory:
    """Reads records and writes an operator's changes into them.

    ``ingest`` gives the ingest session of a stream that this node holds.
    """

    def __init__(self, client: Redis, *, ingest: Callable[[str], IngestSession | None]) -> None:
        self._client = client
        self._registry = StreamRegistry(client)
        self._renditions = RenditionRegistry(client)
        self._jobs = JobQueue(client)
        self._ingest = ingest

    async def record(self, stream: str) -> StreamRecord | None:
        """Returns a stream's record, None if it is not live. Raises RedisAway."""
        try:
            return await self._registry.get(stream)
        except (StreamGone, BadMessage):
            return None  # a record that nobody can read is as good as none
        except REDIS_DOWN as error:
            raise RedisAway from error

    async def records(self) -> list[StreamRecord]:
        """Returns all records. Raises RedisAway."""
        try:
            return await self._registry.list()
        except REDIS_DOWN as error:
            raise RedisAway from error

    async def renditions(self, record: StreamRecord) -> dict[str, RenditionRecord]:
        """Returns the records of a stream's enhanced renditions by name. Raises RedisAway."""
        return (await self.all_renditions([record]))[record.id]

    async def all_renditions(
        self, records: Sequence[StreamRecord]
    ) -> dict[str, dict[str, RenditionRecord]]:
        """Returns the records of the enhanced renditions of these streams, by stream and name.

        Raises RedisAway.
        """
        asked = [(each.id, name) for each in records for name in each.renditions]
        found: dict[str, dict[str, RenditionRecord]] = {each.id: {} for each in records}
        epochs = {each.id: each.epoch for each in records}
        try:
            listed = await self._renditions.list_all(asked)
        except REDIS_DOWN as error:
            raise RedisAway from error
        for each in listed:
            # Records of an earlier publisher's session stand until they expire, and are not this
            # stream's.
            if each.source_epoch == epochs.get(each.stream):
                found[each.stream][each.name] = each
        return found

    async def default_spec(self, stream: str) -> RenditionSpec:
        """Returns the default rendition's specification, that of a new one where there is none.

        Raises RedisAway.
        """
        try:
            return (await self._renditions.get(stream, keys.ENHANCED)).spec
        except (StreamGone, BadMessage):
            return RenditionSpec()
        except REDIS_DOWN as error:
            raise RedisAway from error

    async def put_rendition(self, stream: str, name: str, spec: RenditionSpec) -> None:
        """Adds an enhanced rendition, or gives the one that is there another specification.

        Raises StreamNotFound, RenditionsFull, RedisAway.
        """
        record = await self.live(stream)
        try:
            # An operator who specifies it anew pardons the strikes, as one who switches it on does.
            if not await self._renditions.ensure(stream, name, record.epoch, spec):
                config = msgspec.structs.asdict(spec) | PARDON
                await self._renditions.set_config(stream, name, record.epoch, **config)
            await self._tell(stream)
        except TooManyRenditions as error:
            raise RenditionsFull(str(error)) from error
        except StreamGone as error:
            raise StreamNotFound(f"{stream} is not live.") from error
        except REDIS_DOWN as error:
            raise RedisAway from error

    async def need_rendition(self, record: StreamRecord, name: str, spec: RenditionSpec) -> None:
        """Adds an enhanced rendition unless it is there; what an operator specified stays.

        Raises RenditionsFull, RedisAway.
        """
        if name in record.renditions:
            return
        try:
            if await self._renditions.ensure(record.id, name, record.epoch, spec):
                await self._tell(record.id)
        except TooManyRenditions as error:
            raise RenditionsFull(str(error)) from error
        except StreamGone:
            return  # its viewers find out by themselves
        except REDIS_DOWN as error:
            raise RedisAway from error

    async def remove_rendition(self, stream: str, name: str) -> None:
        """Removes an enhanced rendition with its logs; its viewers are disconnected.

        Raises StreamNotFound, RenditionNotFound, RenditionFixed, RedisAway.
        """
        if name in (keys.SOURCE, keys.ENHANCED):
            raise RenditionFixed
        record = await self.live(stream)
        if name not in record.renditions:
            raise RenditionNotFound.among(stream, name, record.renditions)
        try:
            # The record goes first: a worker that claims a job which no record names finishes it.
            job = await self._renditions.remove(stream, name, record.epoch)
            if job:
                await self._jobs.finish(job)
            await self._tell(stream)
        except StreamGone as error:
            raise RenditionNotFound.among(stream, name, record.renditions) from error
        except REDIS_DOWN as error:
            raise RedisAway from error

    async def live(self, stream: str) -> StreamRecord:
        """Returns a stream's record. Raises StreamNotFound if it is not live, RedisAway."""
        record = await self.record(stream)
        if record is None:
            raise StreamNotFound(f"{stream} is not live.")
        return record

    async def _tell(self, stream: str) -> None:
        """Has the stream's node and its leads read the records now."""
        for mailbox in (to_publisher(self._client, stream), to_lead(self._client, stream)):
            await mailbox.send(RecordChanged())

    async def is_kept(self, stream: str) -> bool:
        """Returns False for a record whose node died: its log would show what is over.

        Raises RedisAway.
        """
        # Our own session is alive, also while Redis is away.
        if self._ingest(stream) is not None:
            return True
        try:
            return await self._registry.is_kept(stream)
        except REDIS_DOWN as error:
            raise RedisAway from error

    async def change(
        self,
        stream: str,
        *,
        enhance: bool | None,
        model: str | None,
        strength: float | None = None,
        team: Mapping[str, str] | None = None,
    ) -> None:
        """Switches enhancement, chooses the net or the strength of its style, or sets fields about
        the helpers.

        Raises StreamNotFound, RedisAway.
        """
        record = await self.live(stream)
        config: dict[str, Any] = {}
        if enhance is not None:
            config["enhance"] = enhance
        if enhance:
            config |= PARDON  # who asks for it pardons it
        if model is not None:
            config["model"] = model
        if strength is not None:
            config["strength"] = strength
        config |= team or {}
        try:
            if config:
                await self._renditions.set_config(stream, keys.ENHANCED, record.epoch, **config)
            await to_lead(self._client, stream).send(RecordChanged())
        except (StreamGone, StreamBusy) as error:
            raise StreamNotFound(f"{stream} is not live.") from error
        except REDIS_DOWN as error:
            raise RedisAway from error

    async def set_original(self, stream: str, is_original: bool) -> None:
        """Sets whether the broadcaster wants the original to be shown.

        Raises StreamNotFound, RedisAway.
        """
        record = await self.live(stream)
        try:
            await self._registry.set_config(stream, record.epoch, original=is_original)
            await self._tell(stream)
        except (StreamGone, StreamBusy) as error:
            raise StreamNotFound(f"{stream} is not live.") from error
        except REDIS_DOWN as error:
            raise RedisAway from error

    async def end(self, stream: str) -> None:
        """Ends a stream for an operator. Raises StreamNotFound, RedisAway."""
        own = self._ingest(stream)
        if own is not None:
            own.end("an operator ended the stream")
            return
        record = await self.live(stream)
        try:
            # Its node reads the record if it misses the message; if it is gone, so is the record.
            await self._registry.set_config(stream, record.epoch, ending=True)
            await to_publisher(self._client, stream).send(EndStream())
        except (StreamGone, StreamBusy) as error:
            raise StreamNotFound(f"{stream} is not live.") from error
        except REDIS_DOWN as error:
            raise RedisAway from error
