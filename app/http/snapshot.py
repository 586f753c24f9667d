"""A copy of Redis' records and heartbeats for all readers, at most half a second old.

Every watch page asks once a second, and a scraper and an orchestrator beside them; each list is a
scan of the server and a heartbeat decoded for each worker, on the loop that moves packets.
"""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Callable

from pydantic import BaseModel

from app.errors import RedisAway
from app.http.node_views import NodeBeats
from app.node import AppNode
from wire import keys
from wire.app_heartbeat import AppHeartbeats
from wire.connection import REDIS_DOWN, Redis
from wire.gateway_heartbeat import GatewayBeat, GatewayHeartbeats
from wire.heartbeat import Heartbeats, WorkerBeat
from wire.recording_board import RecordingBoard, RecordingEntry
from wire.rendition_record import RenditionRecord
from wire.server_memory import ServerMemory, read_memory
from wire.stream_record import StreamRecord

MAX_AGE_S = 0.5
"""Age in seconds up to which a copy serves. Pages ask once a second, so none of them sees the same
copy twice.
"""


@dataclasses.dataclass(slots=True)
class Seen:
    """One copy of records and heartbeats; empty where Redis could not be read."""

    records: list[StreamRecord] = dataclasses.field(default_factory=list)
    beats: list[WorkerBeat] = dataclasses.field(default_factory=list)
    nodes: NodeBeats = dataclasses.field(default_factory=NodeBeats)
    renditions: dict[str, dict[str, RenditionRecord]] = dataclasses.field(default_factory=dict)
    "Records by stream and name."
    gateways: list[GatewayBeat] = dataclasses.field(default_factory=list)
    memory: ServerMemory | None = None
    recordings: list[RecordingEntry] = dataclasses.field(default_factory=list)
    _rendered: dict[str, bytes] = dataclasses.field(default_factory=dict)

    def record(self, stream: str) -> StreamRecord | None:
        """Returns the record of a stream, None if it is not there."""
        return next((each for each in self.records if each.id == stream), None)

    def enhanced(self, record: StreamRecord) -> list[RenditionRecord]:
        """Returns the records of a stream's enhanced renditions, the default one first; that with
        defaults where it is not there.
        """
        known = dict(self.renditions.get(record.id, {}))
        plain = RenditionRecord(stream=record.id, name=keys.ENHANCED, source_epoch=record.epoch)
        return [known.pop(keys.ENHANCED, plain), *known.values()]

    def json(self, name: str, make: Callable[[], BaseModel]) -> bytes:
        """Returns the JSON of a view of this copy, which is made once."""
        if name not in self._rendered:
            self._rendered[name] = make().model_dump_json(by_alias=True).encode()
        return self._rendered[name]


class Snapshot:
    """Reads Redis for all readers, once at a time. Never older than ``max_age_s``."""

    def __init__(self, client: Redis, node: AppNode, *, max_age_s: float = MAX_AGE_S) -> None:
        self._client = client
        self._node = node
        self._heartbeats = Heartbeats(client)
        self._nodes = AppHeartbeats(client)
        self._gateways = GatewayHeartbeats(client)
        self._recordings = RecordingBoard(client)
        self._max_age_s = max_age_s
        self._lock = asyncio.Lock()
        self._seen: Seen | None = None
        "None after a read that failed."
        self._begun_at = float("-inf")

    async def get(self) -> Seen:
        """Returns a copy that is young enough. Raises RedisAway to all who waited for one read."""
        asked_at = time.monotonic()
        async with self._lock:
            now = time.monotonic()
            # A read that began after this caller asked is new enough for it, whatever the age
            # limit, and also where it failed: all who waited for it share its outcome.
            if now - self._begun_at > self._max_age_s and self._begun_at < asked_at:
                # A read that breaks off must not make the copy before it look new.
                self._begun_at, self._seen = now, None
                self._seen = await self._read()
        if self._seen is None:
            raise RedisAway
        return self._seen

    def forget(self) -> None:
        """Makes the next reader read anew, since something was changed here."""
        self._begun_at = float("-inf")

    async def _read(self) -> Seen | None:
        try:
            records = await self._node.directory.records()
            beats = await self._heartbeats.list()
            nodes = NodeBeats.merged(self._node.figures.beat(), await self._nodes.list())
            renditions = await self._node.directory.all_renditions(records)
            gateways = await self._gateways.list()
            memory = await read_memory(self._client)
            recordings = await self._recordings.read()
            return Seen(records, beats, nodes, renditions, gateways, memory, recordings)
        except (*REDIS_DOWN, RedisAway):
            return None
