"""The reader of one rendition: reads each access unit once and hands it to all consumers.

A consumer is anything that wants access units: the RTP fan-out of the viewers, a recorder, a
packager. The reader knows no transport. As long as it runs, an enhanced rendition counts as
watched; nobody else renews that lease.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from typing import Protocol

from app.streams.meters import Delivered, LatencyMeter, RateMeter
from app.streams.throttle import Throttle
from media.access_unit import AccessUnit, Checkpoint, Flags, Kind
from wire import keys, tracing
from wire.batch import is_repeated
from wire.clock import now_us
from wire.connection import REDIS_DOWN, RETRY_S, Redis
from wire.control import KeyFrameRequest, LayerWatched, RecordChanged, to_lead, to_publisher
from wire.errors import StreamGone
from wire.log import LogReader
from wire.rendition_record import WATCH_RENEW_S, RenditionRegistry
from wire.stream_logger import StreamLogger
from wire.supervisor import keep_going
from wire.unit_spans import tell_delivery

log = logging.getLogger(__name__)

KEY_FRAME_REQUEST_S = 0.5
"""A key frame is asked for at most this often: making one takes a worker's round trip, and each is
several times as large as the frames between."""


class UnitConsumer(Protocol):
    """Takes the access units of one rendition. Called on the event loop; must not block."""

    @property
    def is_needed(self) -> bool:
        """False for a consumer that only keeps itself ready: the reader may end without it."""

    def take(self, unit: AccessUnit) -> None:
        """Takes one unit. Video begins at a key frame, and what follows can be decoded."""

    def on_gap(self) -> None:
        """Notes that video units are missing; the next one is a key frame."""

    def on_end(self) -> None:
        """Notes that the reader has ended: nothing follows."""


class UnitFeed(Protocol):
    """Brings the units of the source or of a layer on the node of the publisher."""

    epoch: int

    def follow(self, follower: Callable[[AccessUnit, int], None]) -> list[AccessUnit]: ...

    def unfollow(self, follower: Callable[[AccessUnit, int], None]) -> None: ...

    def request_key_frame(self) -> None: ...


class RenditionReader:
    """Follows one rendition while a consumer needs it. ``run`` is its one task.

    It reads the rendition's log, or is fed where this node holds the publisher: viewers here then
    get the source and its layers also while Redis is away. ``from_start`` reads all that the log
    has, instead of what follows its last key frame.
    """

    def __init__(
        self,
        client: Redis,
        stream: str,
        rendition: str,
        *,
        session: int = 0,
        feed: UnitFeed | None = None,
        from_start: bool = False,
    ) -> None:
        self.stream = stream
        self.rendition = rendition
        self.session = session
        "The publisher's epoch; what was logged by a smaller one is passed over."
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
        self._fed_by = feed
        self._reader = LogReader(client, stream=stream, rendition=rendition)
        self._is_placed = from_start  # a log is read from its beginning unless told otherwise
        self._consumers: list[UnitConsumer] = []
        self._awaiting_key: set[UnitConsumer] = set()
        "Consumers that joined since the last key frame."
        self._next_sequence: int | None = None
        self._epoch = 0
        self._seen: dict[Kind, int] = {}
        "Sequence number of the last unit of each kind, in this epoch."
        self._began_us = now_us()
        self._broken = False
        self._key_throttle = Throttle(KEY_FRAME_REQUEST_S)
        self._key_wanted = asyncio.Event()
        self.observe: Callable[[Delivered], None] | None = None
        "Called with every video unit that is delivered live and has both stamps of its latency."

    def attach(self, consumer: UnitConsumer) -> None:
        """Hands units to one more consumer: sound at once, video from the next key frame on."""
        self._consumers.append(consumer)
        self._awaiting_key.add(consumer)
        # Before the first unit the reader asks by itself, once it knows that the log has no key
        # frame.
        if self.units:
            self.request_key_frame()

    def detach(self, consumer: UnitConsumer) -> None:
        """Hands nothing more to the consumer; a no-op if it gets nothing already."""
        if consumer in self._consumers:
            self._consumers.remove(consumer)
        self._awaiting_key.discard(consumer)

    @property
    def is_needed(self) -> bool:
        """True while at least one consumer needs what is read."""
        return any(consumer.is_needed for consumer in self._consumers)

    @property
    def stale_units(self) -> int:
        """Units of the log that an earlier writer wrote too late."""
        return self._reader.stale_units

    @property
    def bad_entries(self) -> int:
        """Entries of the log that could not be read."""
        return self._reader.bad_entries

    def request_key_frame(self) -> None:
        """Asks whoever makes this rendition for a key frame, at most twice a second."""
        if self._fed_by is not None:
            self._fed_by.request_key_frame()
        elif self._key_throttle.allow(now=time.monotonic()):
            self._key_wanted.set()

    def end(self) -> None:
        """Tells all consumers that nothing follows, and forgets them."""
        consumers, self._consumers = self._consumers, []
        self._awaiting_key.clear()
        for consumer in consumers:
            consumer.on_end()

    async def run(self) -> None:
        """Reads until cancelled; Redis may come and go meanwhile."""
        if self._fed_by is not None:
            await self._follow(self._fed_by)
        async with asyncio.TaskGroup() as group:
            works = {"read": self._read, "key-frame-requests": self._send_requests}
            if keys.is_layer(self.rendition):
                works["watch-layer"] = self._watch_layer
            elif self.rendition != keys.SOURCE:
                works["watch-lease"] = self._renew_watch
            for name, work in works.items():
                name = f"{name} {self.stream} {self.rendition}"
                group.create_task(keep_going(name, work), name=name)

    async def _follow(self, feed: UnitFeed) -> None:
        """Takes what the publisher's node has until cancelled."""
        try:
            # The group is read and the follower added in one step of the loop, so no unit is
            # missed.
            for unit in feed.follow(self._feed):
                self._feed(unit, feed.epoch)
            await asyncio.Event().wait()
        finally:
            feed.unfollow(self._feed)

    def _feed(self, unit: AccessUnit, epoch: int) -> None:
        self._take(unit, epoch, now_us())

    async def _read(self) -> None:
        reader = self._reader
        while True:
            try:
                if not self._is_placed:
                    # Beginning at the last key frame spares the publisher or the worker a new one.
                    if not await reader.seek_last_key_frame():
                        self.request_key_frame()
                    self._is_placed = True
                entries = await reader.read(block_ms=1000)
            except REDIS_DOWN:
                await asyncio.sleep(RETRY_S)
                continue
            at = now_us()
            for entry in entries:
                # The log may still hold what an earlier publisher sent.
                if entry.batch.epoch < self.session:
                    continue
                for unit in entry.batch.units:
                    self._take(unit, entry.batch.epoch, at)

    def _take(self, unit: AccessUnit, epoch: int, at_us: int) -> None:
        # Another writer counts its units from 0 again.
        if epoch != self._epoch:
            self._seen.clear()
        if epoch < self._epoch or is_repeated(unit.sequence, self._seen.get(unit.kind)):
            self.repeated += 1
            return
        self._seen[unit.kind] = unit.sequence
        if unit.kind is Kind.VIDEO and not self._take_video_facts(unit, epoch, at_us):
            return
        for consumer in tuple(self._consumers):
            if unit.kind is not Kind.VIDEO or self._may_have(consumer, unit):
                consumer.take(unit)
        if tracing.current is not None:
            delivered = unit.stamped(Checkpoint.DELIVERED, at_us)
            tell_delivery(self.stream, self.rendition, delivered)

    def _may_have(self, consumer: UnitConsumer, unit: AccessUnit) -> bool:
        """False for a video unit that a consumer who has just joined could not decode."""
        if consumer in self._awaiting_key:
            if not unit.is_key:
                # Whoever was asked before may not have been there to hear it.
                self.request_key_frame()
                return False
            self._awaiting_key.discard(consumer)
        return True

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
            self.observe(Delivered(self.stream, self.rendition, self.session, delivered))
        expected = self._next_sequence
        self._next_sequence = unit.sequence + 1
        # Numbers of two writers cannot be compared. The second one begins with a key frame.
        lost = unit.flags & Flags.DISCONTINUITY or (
            epoch == self._epoch and expected is not None and unit.sequence != expected
        )
        self._epoch = epoch
        if unit.is_key:
            # A key frame mends whatever was missing before it.
            self._broken = False
        elif lost:
            self._broken = True
            for consumer in tuple(self._consumers):
                consumer.on_gap()
        if self._broken:
            self.skipped += 1
            self.request_key_frame()
        return not self._broken

    async def _watch_layer(self) -> None:
        """Tells the publisher's node that the layer's log is read, since it is not written else."""
        mailbox = to_publisher(self._client, self.stream)
        while True:
            with contextlib.suppress(*REDIS_DOWN):
                await mailbox.send(LayerWatched(self.rendition))
            await asyncio.sleep(WATCH_RENEW_S)

    async def _renew_watch(self) -> None:
        """Renews the rendition's watch lease, since no worker makes it otherwise."""
        registry = RenditionRegistry(self._client)
        # A lease for each variant says what is watched, so a viewer of one codec does not keep
        # another encoded.
        name, codec = keys.rendition_of(self.rendition)
        while True:
            again_s = WATCH_RENEW_S
            try:
                if await registry.renew_watch(self.stream, name, self.session, codec):
                    await to_lead(self._client, self.stream).send(RecordChanged())
            except (StreamGone, *REDIS_DOWN):
                again_s = RETRY_S
            await asyncio.sleep(again_s)

    async def _send_requests(self) -> None:
        """Sends the key-frame requests to whoever makes the rendition."""
        is_received = self.rendition == keys.SOURCE or keys.is_layer(self.rendition)
        make = to_publisher if is_received else to_lead
        mailbox = make(self._client, self.stream)
        while True:
            await self._key_wanted.wait()
            # Cleared before the request is sent: one that comes meanwhile is sent again, not lost.
            self._key_wanted.clear()
            try:
                await mailbox.send(KeyFrameRequest(rendition=self.rendition, reason="viewer"))
            except REDIS_DOWN:
                StreamLogger(log, stream=self.stream).warning(
                    "Redis is away; no key frame asked for", extra={"action": "redis_down"}
                )
