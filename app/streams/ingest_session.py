"""Writes one publisher's stream to the source log, and keeps its record in Redis."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from redis.exceptions import RedisError

from app.streams.ingest_queue import AUDIO_WAIT_S, IngestQueue, starts_source, wakes_writer
from app.streams.ingest_state import INGEST, Event, State
from app.streams.layer_feeds import LayerFeeds
from app.streams.meters import RateMeter
from app.streams.record_keeper import RecordKeeper
from app.streams.stream_limits import NO_LIMITS, LimitWatch
from app.streams.stream_timeline import StreamTimeline
from media.access_unit import AccessUnit, Checkpoint, Kind
from wire import keys
from wire.batch import Batch
from wire.clock import now_us
from wire.connection import REDIS_DOWN, RETRY_S, Redis
from wire.control import EndStream, KeyFrameRequest, LayerWatched, to_publisher
from wire.errors import Fenced, LogFull, StreamBusy, StreamGone
from wire.log import LogWriter
from wire.state_machine import StateMachine
from wire.stream_logger import StreamLogger, session_name
from wire.supervisor import keep_going
from wire.unit_spans import tell_ingest

log = logging.getLogger(__name__)

KEEP_S = 0.5
"""Interval at which the record is renewed and the job is checked."""

MAX_GOP_S = 8.0
"""Maximum age of the last source key frame before another one is asked for. It bounds how much a
worker must replay, and fits the log's time bound."""


AWAY = "The publisher is away at the moment; its viewers wait for it."

Follower = Callable[[AccessUnit, int], None]
"""A callback for each unit, with the publisher's epoch; runs on the event loop, must not block."""


class IngestSession:
    """A publisher's session, from the accepted offer to the end.

    ``run`` is its one task; others may call ``end``.

    ``epoch`` is the publisher's; ``on_key_frame_needed`` asks it for a key frame.
    """

    limits = NO_LIMITS
    """Limits of the key with which it is published."""

    def __init__(
        self,
        client: Redis,
        stream: str,
        epoch: int,
        *,
        has_audio: bool,
        on_key_frame_needed: Callable[[], None],
        grace_s: float = 10.0,
    ) -> None:
        """Sets up the session; it ends after ``grace_s`` without a connection."""
        self._limit_watch = LimitWatch()
        self.stream = stream
        self.epoch = epoch
        self.has_audio = has_audio
        self.started_us = now_us()
        self.end_reason = ""
        self.units_in = 0
        self._log = StreamLogger(log, stream=stream, session=session_name(epoch))
        self._client = client
        self._records = RecordKeeper(client, stream, epoch)
        self._mailbox = to_publisher(client, stream)
        self._on_key_frame_needed = on_key_frame_needed
        self._grace_s = grace_s
        self._grace: asyncio.TimerHandle | None = None
        self._life = StateMachine(INGEST, owner=f"stream {stream}")
        self._time_line = StreamTimeline()
        self._followers: set[Follower] = set()
        self._backlog = IngestQueue()
        self.layers = LayerFeeds(client, stream, epoch)
        "Simulcast layers, which are renditions of their own."
        self._meter = RateMeter()
        self._last_key_at = time.monotonic()
        self._wake = asyncio.Event()
        self._nudge = asyncio.Event()
        self._ended = asyncio.Event()
        self._codec = ""
        self._size, self._reason = (0, 0), ""
        self._restarts = 0
        "Losses of the record after which the last group was written again."

    @property
    def state(self) -> State:
        """The session's state."""
        return self._life.state

    @property
    def bad_messages(self) -> int:
        """The number of messages to the session that could not be read."""
        return self._mailbox.bad_messages

    @property
    def is_live(self) -> bool:
        """True while pictures arrive, from the first key frame on."""
        return self.state is State.LIVE

    @property
    def dropped(self) -> dict[str, int]:
        """The number of units that did not reach the log, by reason."""
        found = dict(self._backlog.dropped)
        return found | ({"layers": self.layers.dropped} if self.layers.dropped else {})

    def take(self, unit: AccessUnit) -> None:
        """Takes one unit from the publisher, on the event loop; never waits."""
        now = time.monotonic()
        # Log, followers and meters all see the stream's one time line, whichever connection brings
        # it.
        unit = self._time_line.place(unit)
        if unit.kind is Kind.VIDEO:
            self.units_in += 1
            self.layers.source = unit
            self._meter.add(len(unit.payload), now=now)
            if starts_source(unit):
                self._take_key_frame(unit, now)
            # Every picture may ask, since the connection spaces what it passes on to the publisher.
            elif not self.is_live or now - self._last_key_at > MAX_GOP_S:
                self.request_key_frame()
        if self._backlog.push(unit):
            self.request_key_frame()
        # A copy, because a follower may leave while it is called.
        for follower in tuple(self._followers):
            follower(unit, self.epoch)
        if wakes_writer(unit):
            self._wake.set()
        else:
            # Sound shares the entry of the next picture. The timer wakes the writer where none
            # comes.
            asyncio.get_running_loop().call_later(AUDIO_WAIT_S, self._wake.set)

    def take_layer(self, rendition: str, unit: AccessUnit) -> None:
        """Takes one picture of a simulcast layer, also of the one that is the source."""
        self.layers.take(rendition, unit)

    def tell(self, reason: str) -> None:
        """Sets the sentence that tells viewers why no picture comes; empty if one does."""
        self._reason = reason
        self._nudge.set()

    def _take_key_frame(self, unit: AccessUnit, now: float) -> None:
        self._last_key_at = now
        self._go(Event.KEY)
        seen = (unit.codec.name.lower(), (unit.width, unit.height))
        # The record is written at once when it changes, or a viewer who joins would be answered by
        # the old codec for half a second.
        if seen != (self._codec, self._size):
            self._codec, self._size = seen
            self._nudge.set()

    def follow(self, follower: Follower) -> list[AccessUnit]:
        """Adds a follower of all further units; returns the units since the last key frame."""
        self._followers.add(follower)
        return self._backlog.group()

    def unfollow(self, follower: Follower) -> None:
        """Removes a follower."""
        self._followers.discard(follower)

    def replace_connection(
        self, *, has_audio: bool, on_key_frame_needed: Callable[[], None]
    ) -> None:
        """Takes the stream from another connection; the one before brings nothing more."""
        self._go(Event.REPLACED)
        self.has_audio = has_audio
        self._on_key_frame_needed = on_key_frame_needed
        self._time_line.begin()
        self._backlog.lose("replaced")  # nothing of the new connection can be decoded without

    def lose_connection(self, reason: str) -> None:
        """Notes the loss of the connection. A stream that was live waits for another one."""
        self._go(Event.LOST, reason)

    def _go(self, event: Event, reason: str = "") -> None:
        before, state = self.state, self._life.apply(event)
        if state is State.ENDED:
            self._end(reason)
        elif state is not before:
            self._log.info(
                "%s %s",
                state.value,
                f"({reason})" * bool(reason),
                extra={"action": state.value},
            )
            self.tell(AWAY if state is State.AWAY else "")
            self._nudge.set()
        # A connection that is lost while the stream is away already does not begin the grace anew.
        # A new connection that is still without a key frame does.
        if self._grace is not None and (state is not State.AWAY or event is not Event.LOST):
            self._grace.cancel()
            self._grace = None
        if state is State.AWAY and self._grace is None:
            late = f"the publisher did not come back within {self._grace_s:g} s"
            loop = asyncio.get_running_loop()
            self._grace = loop.call_later(self._grace_s, self.end, late)

    def request_key_frame(self) -> None:
        """Asks the publisher for a key frame. Its connection paces what all ask for."""
        self._on_key_frame_needed()

    def end(self, reason: str) -> None:
        """Ends the session; the first reason counts."""
        self._go(Event.END, reason)

    def _end(self, reason: str) -> None:
        if not self._ended.is_set():
            self.end_reason = reason
            self._ended.set()

    async def run(self) -> None:
        """Works until ``end``; then removes the record, the job and the logs."""
        writer = LogWriter(
            self._client,
            stream=self.stream,
            rendition=keys.SOURCE,
            epoch=self.epoch,
        )
        try:
            async with asyncio.TaskGroup() as group:
                works = {
                    "write": lambda: self._write(writer),
                    "keep": self._keep,
                    "listen": self._listen,
                    "layers": self.layers.write,
                }
                work = [
                    group.create_task(
                        keep_going(name, make, failed=self._unsure, logger=self._log),
                        name=f"{name} {self.stream}",
                    )
                    for name, make in works.items()
                ]
                await self._ended.wait()
                for task in work:
                    task.cancel()
        finally:
            # Also where the task is cancelled: readers elsewhere would wait until the record
            # expires.
            await self._clean_up()

    def _unsure(self) -> None:
        """Goes on at a key frame after a task failed and its units were lost."""
        self._backlog.lose("failed")
        self._wake.set()
        self.request_key_frame()

    async def _clean_up(self) -> None:
        try:
            # Redis may be away for long, and then the record expires by itself.
            async with asyncio.timeout(2.0):
                await self._records.end()
        except (*REDIS_DOWN, RedisError) as error:
            self._log.warning("its record will expire: %s", error, extra={"action": "record_kept"})

    async def _write(self, writer: LogWriter) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while units := self._backlog.pop():
                at = now_us()
                batch = Batch(self.epoch, tuple(u.stamped(Checkpoint.LOGGED, at) for u in units))
                try:
                    await writer.append(batch, now_ms=at // 1000)
                    tell_ingest(self.stream, batch.units)
                except StreamGone:
                    # Redis lost its data. The keeper makes the record again, and the new log begins
                    # with the last group, without a key frame of the publisher.
                    self._backlog.rewind()
                    self._nudge.set()
                    await asyncio.sleep(RETRY_S)
                except Fenced:
                    self.end("another server took the stream over")
                except LogFull:
                    self._backlog.lose("log_full", also=len(units))
                    self.request_key_frame()
                except REDIS_DOWN:
                    # Whether they were written is not known, since only the answer may be lost.
                    # Readers pass over units that stand in the log twice.
                    self._backlog.put_back(units)
                    await asyncio.sleep(RETRY_S)

    async def _keep(self) -> None:
        while True:
            try:
                await self._keep_once()
            except StreamGone:
                self._nudge.set()  # Redis restarted between two of our commands
            except StreamBusy:
                self.end("another publisher took the stream over")
            except REDIS_DOWN:
                self._log.warning("Redis is away", extra={"action": "redis_down"})
            try:
                async with asyncio.timeout(KEEP_S):
                    await self._nudge.wait()
                    self._nudge.clear()
            except TimeoutError:
                continue

    async def _keep_once(self) -> None:
        try:
            record = await self._records.keep(has_source=bool(self._codec), **self._fields())
        finally:
            # Also where keeping failed halfway: the log is lost with the record, whatever came
            # after.
            if self._restarts != self._records.restarts:
                self._restarts = self._records.restarts
                self._write_again()
        if record.ending:
            self.end("an operator ended the stream")
        self._check_limits()
        await self.layers.judge(self._records.lead(keys.ENHANCED))

    def _check_limits(self) -> None:
        """Ends a stream that is above what it is published with allows."""
        now = time.monotonic()
        kbps = self._meter.kbps(now=now)
        if fault := self._limit_watch.fault(self.limits, size=self._size, kbps=kbps, now=now):
            self.end(fault)

    def _write_again(self) -> None:
        """Writes the last group again after the log was lost with the record."""
        if not self._backlog.rewind():
            self.request_key_frame()
        self._wake.set()

    def _fields(self) -> dict[str, Any]:
        now = time.monotonic()
        return {
            "state": self.state.value,
            "codec": self._codec,
            "width": self._size[0],
            "height": self._size[1],
            "fps": round(self._meter.fps(now=now), 2),
            "kbps": round(self._meter.kbps(now=now), 1),
            "audio": self.has_audio,
            "reason": self._reason,
            "layers": self.layers.listed(),
            "started_us": self.started_us,
            "key": self.limits.key,
            "max_viewers": self.limits.viewers,
        }

    async def _listen(self) -> None:
        """Carries out the messages of other processes to the publisher."""
        while True:
            try:
                messages = await self._mailbox.read(block_ms=1000)
            except REDIS_DOWN:
                await asyncio.sleep(RETRY_S)
                continue
            for message in messages:
                if isinstance(message, KeyFrameRequest):
                    self._ask_for(message.rendition)
                elif isinstance(message, LayerWatched):
                    self.layers.watch(message.rendition)
                elif isinstance(message, EndStream):
                    self.end("an operator ended the stream")
                else:
                    self._nudge.set()  # the renditions are others now

    def _ask_for(self, rendition: str) -> None:
        """Asks for a key frame of the source, or of a layer."""
        layer = self.layers.get(rendition)
        if layer is not None:
            layer.request_key_frame()
        else:
            self.request_key_frame()
