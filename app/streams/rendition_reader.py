"""The tail reader of one log: reads each unit once, packetises it once, hands it to all viewers.

As long as it runs, an enhanced rendition counts as watched.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from app.delivery.gop_cache import GopCache
from app.rtp.send_queue import PacketizedFrame
from app.streams.ingest_session import IngestSession
from app.streams.meters import LatencyMeter, RateMeter
from app.streams.throttle import Throttle
from app.webrtc.payload_formats import packetize
from media.access_unit import AccessUnit, Checkpoint, Flags, Kind
from wire import keys
from wire.batch import is_repeated
from wire.clock import now_us
from wire.connection import REDIS_DOWN, RETRY_S, Redis
from wire.control import KeyFrameRequest, RecordChanged, to_lead, to_publisher
from wire.errors import StreamGone
from wire.log import LogReader
from wire.stream_logger import StreamLogger
from wire.streams import WATCH_AGAIN_S, StreamRegistry
from wire.supervisor import keep_going

log = logging.getLogger(__name__)

Listener = Callable[[str, PacketizedFrame], None]
"""Called with the rendition's name and the unit, on the event loop; must not block."""


class RenditionReader:
    """Follows one rendition while anybody listens. ``run`` is its one task.

    It reads the rendition's log, or is fed by the ``publication`` where this app holds the source:
    viewers here then get the source also while Redis is away.
    """

    def __init__(
        self,
        client: Redis,
        stream: str,
        rendition: str,
        *,
        session: int = 0,
        publication: IngestSession | None = None,
    ) -> None:
        self.stream = stream
        self.rendition = rendition
        self.session = session
        "The publisher's; what was logged before it (by a smaller epoch) is passed over."
        self.latency = LatencyMeter()
        self.meter = RateMeter()
        self.units = 0
        self.skipped = 0
        "Units not handed on because one before them was missing."
        self.repeated = 0
        "Units that stood in the log twice (Redis lost an answer or its data), or of a late writer."
        self.codec = ""
        self.size = (0, 0)
        self._client = client
        self._publication = publication
        self._reader = LogReader(client, stream=stream, rendition=rendition)
        self._is_placed = False
        self._listeners: set[Listener] = set()
        self._replay = GopCache()
        self._next_sequence: int | None = None
        self._epoch = 0
        self._seen: dict[Kind, int] = {}
        "Sequence number of the last unit of each kind, in this epoch."
        self._began_us = now_us()
        self._broken = False
        self._picture_id = 0
        self._key_throttle = Throttle(0.5)
        self._key_wanted = asyncio.Event()
        self.observe: Callable[[float], None] | None = None

    def listen(self, listener: Listener) -> None:
        """Adds a listener; it gets what is read from now on."""
        self._listeners.add(listener)

    def leave(self, listener: Listener) -> None:
        """Removes a listener."""
        self._listeners.discard(listener)

    @property
    def stale_units(self) -> int:
        """Units of the log that an earlier writer wrote too late."""
        return self._reader.stale_units

    @property
    def bad_entries(self) -> int:
        """Entries of the log that could not be read."""
        return self._reader.bad_entries

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._listeners)

    def replay(self) -> list[PacketizedFrame]:
        """What a joining viewer gets at once; empty if it must wait for a key frame."""
        return self._replay.replay()

    @property
    def has_group(self) -> bool:
        """True while ``group`` is not empty."""
        return self._replay.has_group

    def group(self) -> list[PacketizedFrame]:
        """The units since the last key frame as they came; empty if one must be asked for."""
        return self._replay.group()

    def request_key_frame(self) -> None:
        """Asks whoever makes this rendition for a key frame, at most twice a second."""
        if self._publication is not None:
            self._publication.request_key_frame()
        elif self._key_throttle.allow(now=time.monotonic()):
            self._key_wanted.set()

    async def run(self) -> None:
        """Reads until cancelled; Redis may come and go meanwhile."""
        if self._publication is not None:
            await self._follow(self._publication)
        async with asyncio.TaskGroup() as group:
            works = {"tail": self._read, "ask": self._ask}
            if self.rendition != keys.SOURCE:
                works["want"] = self._want
            for name, work in works.items():
                name = f"{name} {self.stream} {self.rendition}"
                group.create_task(keep_going(name, work), name=name)

    async def _follow(self, publication: IngestSession) -> None:
        """Until cancelled."""
        try:
            for unit in publication.follow(self._feed):
                self._feed(unit, publication.session)
            await asyncio.Event().wait()
        finally:
            publication.unfollow(self._feed)

    def _feed(self, unit: AccessUnit, epoch: int) -> None:
        self._take(unit, epoch, now_us())

    async def _read(self) -> None:
        reader = self._reader
        while True:
            try:
                if not self._is_placed:
                    if not await reader.seek_last_key_frame():
                        self.request_key_frame()
                    self._is_placed = True
                entries = await reader.read(block_ms=1000)
            except REDIS_DOWN:
                await asyncio.sleep(RETRY_S)
                continue
            at = now_us()
            for entry in entries:
                if entry.batch.epoch < self.session:
                    continue
                for unit in entry.batch.units:
                    self._take(unit, entry.batch.epoch, at)

    def _take(self, unit: AccessUnit, epoch: int, at_us: int) -> None:
        if epoch != self._epoch:
            self._seen.clear()
        if epoch < self._epoch or is_repeated(unit.sequence, self._seen.get(unit.kind)):
            self.repeated += 1
            return
        self._seen[unit.kind] = unit.sequence
        if unit.kind is Kind.VIDEO and not self._take_video_facts(unit, epoch, at_us):
            return
        # Receivers take a picture to follow the one whose ID is one less; audio must not count.
        self._picture_id += unit.kind is Kind.VIDEO
        outgoing = PacketizedFrame(
            payloads=tuple(packetize(unit.codec, unit.payload, picture_id=self._picture_id)),
            payload_codec=unit.codec,
            pts=unit.pts,
            clock_rate=unit.clock_rate,
            capture_us=unit.capture_us,
            is_video=unit.kind is Kind.VIDEO,
            is_key=unit.is_key,
        )
        if outgoing.is_video:
            self._replay.add(outgoing)
        for listener in tuple(self._listeners):
            listener(self.rendition, outgoing)

    def _take_video_facts(self, unit: AccessUnit, epoch: int, at_us: int) -> bool:
        """Counts the unit; False if a decoder cannot use it because one before it is missing."""
        self.units += 1
        self.codec = unit.codec.name.lower()
        if unit.width:
            self.size = (unit.width, unit.height)
        self.meter.add(len(unit.payload), now=time.monotonic())
        # What was published before we read is a replay: its waiting is no latency.
        is_live = (unit.stamp(Checkpoint.PUBLISHED) or unit.arrival_us) >= self._began_us
        delivered = unit.stamped(Checkpoint.DELIVERED, at_us)
        total_us = self.latency.add(delivered) if is_live else None
        if total_us is not None and self.observe is not None:
            self.observe(total_us / 1e6)
        expected = self._next_sequence
        self._next_sequence = unit.sequence + 1
        lost = unit.flags & Flags.DISCONTINUITY or (
            epoch == self._epoch and expected is not None and unit.sequence != expected
        )
        self._epoch = epoch
        if unit.is_key:
            self._broken = False
        elif lost:
            self._broken = True
            self._replay.clear()
        if self._broken:
            self.skipped += 1
            self.request_key_frame()
        return not self._broken

    async def _want(self) -> None:
        """Says that somebody wants the rendition, since no worker makes it otherwise."""
        registry = StreamRegistry(self._client)
        while True:
            again_s = WATCH_AGAIN_S
            try:
                if await registry.watch(self.stream, self.session, self.rendition):
                    await to_lead(self._client, self.stream).send(RecordChanged())
            except (StreamGone, *REDIS_DOWN):
                again_s = RETRY_S
            await asyncio.sleep(again_s)

    async def _ask(self) -> None:
        make = to_publisher if self.rendition == keys.SOURCE else to_lead
        mailbox = make(self._client, self.stream)
        while True:
            await self._key_wanted.wait()
            self._key_wanted.clear()
            try:
                await mailbox.send(KeyFrameRequest(rendition=self.rendition, reason="viewer"))
            except REDIS_DOWN:
                StreamLogger(log, stream=self.stream).warning(
                    "Redis is away; no key frame asked for", extra={"action": "redis_down"}
                )
