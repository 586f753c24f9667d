"""A stream, two workers, Redis and a viewer in virtual time, with faults drawn at random.

Time line, backlog, life of the ingest session, readers, switch and catch-up are the product's own;
Redis and workers are models that keep its rules (``wire/PROTOCOL.md``): fencing, leases, replay.
"""

from __future__ import annotations

import dataclasses
import random
from typing import Any

from app.delivery.playback_session import PlaybackSession
from app.delivery.rtp_fanout import RtpFanout
from app.streams.ingest_queue import IngestQueue
from app.streams.ingest_state import INGEST, Event
from app.streams.rendition_reader import RenditionReader
from app.streams.stream_timeline import StreamTimeline
from benchmarks.faults.history import HistoryCheck, Seen, check
from benchmarks.faults.redis_model import Down, Gone, RedisModel
from benchmarks.faults.worker_model import ENHANCED_LINES, WorkerModel
from media.access_unit import AccessUnit, Flags, Kind
from media.codec import Codec
from wire import keys
from wire.connection import connect
from wire.state_machine import StateMachine

__all__ = ["ENHANCED_LINES", "World", "schedule"]

FPS = 30
TICKS = 3000
# Frames from key frame to key frame: two seconds.
GOP = 60
STEP_S = 1 / FPS
SOURCE_LINES = 270


@dataclasses.dataclass(frozen=True, slots=True)
class Fault:
    """Something that is broken for a time."""

    at_s: float
    until_s: float
    kind: str
    who: int


def schedule(random_: random.Random, seconds: float) -> list[Fault]:
    """Draws one to four faults, which may overlap."""
    found = []
    for _ in range(random_.randint(1, 4)):
        at_s = random_.uniform(1.0, seconds - 1.0)
        length = random_.choice((0.0, random_.uniform(0.0, 0.6), random_.uniform(0.0, 3.0)))
        kind = random_.choice(
            ("kill", "stop", "redis away", "redis empty", "redis full", "answer lost", "publisher")
        )
        found.append(Fault(at_s, at_s + length, kind, random_.randrange(2)))
    return sorted(found, key=lambda fault: fault.at_s)


class Screen:
    """The viewer's connection: takes what is sent and notes it."""

    needs_key = False

    def __init__(self, world: World) -> None:
        self._world = world
        self.seen: list[Seen] = []

    def can_send(self, codec: Codec) -> bool:
        """True: it decodes every codec."""
        return True

    def push(self, unit: Any) -> None:
        """Notes one unit, with a time by the sender's own rule where times do not grow."""
        pts = unit.pts
        if self.seen and pts <= self.seen[-1].rtp:
            pts = self.seen[-1].rtp + unit.clock_rate // 1000
        payload = unit.payloads[0]
        number = int(payload[-8:])
        epoch = int(payload[-24:-8])
        lines = SOURCE_LINES if epoch == 0 else ENHANCED_LINES
        self.seen.append(Seen(self._world.now_s, pts, number, lines, epoch=epoch))


class World:
    """One schedule of faults with all whom it concerns; ``run`` plays it, once."""

    def __init__(self, seed: int, *, seconds: float = 7.0) -> None:
        self._random = random.Random(seed)
        self._seconds = seconds
        self.faults = schedule(self._random, seconds - 2.0)
        self.now_s = 0.0
        self.redis = RedisModel()
        lag_s = self._random.uniform(0.01, 0.12)
        self.workers = [WorkerModel(n, self.redis, lag_s) for n in range(2)]
        self._backlog = IngestQueue()
        self._time_line = StreamTimeline()
        self._life = StateMachine(INGEST, owner="stream cam")
        self._session = 1
        self._number = 0
        self._frame = 0
        self._origin = self._random.randrange(2**31)
        self._learned_epoch = 0
        self._is_sending = True
        client = connect("unix:///nowhere")  # which nobody asks anything
        self._readers = {
            name: RenditionReader(client, "cam", name, session=self._session)
            for name in (keys.SOURCE, keys.ENHANCED)
        }
        self._at = 0
        fanouts = {
            name: RtpFanout(reader, on_end=lambda _: None) for name, reader in self._readers.items()
        }
        self.playback = PlaybackSession(
            fanouts[keys.ENHANCED],
            fanouts[keys.SOURCE],
            fallback=True,
            has_audio=False,
            clock=lambda: self.now_s,
        )
        self.screen = Screen(self)

    def run(self) -> HistoryCheck:
        """Plays the schedule, and judges what was shown."""
        self.redis.keep(self._session, 0)
        self.playback.start(self.screen)  # type: ignore[arg-type]
        for step in range(int(self._seconds / STEP_S)):
            self.now_s = step * STEP_S
            self._break()
            self._publish()
            self._write()
            for worker in self.workers:
                worker.step(self.now_s)
            self._read()
        return check(self.screen.seen)

    @property
    def is_enhanced(self) -> bool:
        """True if the viewer ends with enhanced pictures, and new ones."""
        last = self.screen.seen[-1]
        return last.height == ENHANCED_LINES and self.now_s - last.at_s < 0.3

    def _break(self) -> None:
        active = [f for f in self.faults if f.at_s <= self.now_s < f.until_s + STEP_S]
        begun = [f for f in active if self.now_s - f.at_s < STEP_S]
        for fault in begun:
            if fault.kind == "kill":
                self.workers[fault.who].kill(self.now_s)
            elif fault.kind == "redis empty":
                self.redis.empty()
            elif fault.kind == "answer lost":
                self.redis.lose_answer = True
        kinds = {f.kind for f in active}
        stopped = {f.who for f in active if f.kind == "stop"}
        for number, worker in enumerate(self.workers):
            worker.is_stopped = number in stopped
        self.redis.is_away = "redis away" in kinds
        self.redis.is_full = "redis full" in kinds
        self._follow_publisher(is_away="publisher" in kinds)

    def _follow_publisher(self, *, is_away: bool) -> None:
        if is_away and self._is_sending:
            self._life.apply(self._random.choice((Event.LOST, Event.REPLACED)))
        if not is_away and not self._is_sending:
            self._life.apply(Event.REPLACED)
            self._time_line.begin()
            self._backlog.lose("replaced")
            self._frame, self._origin = 0, self._random.randrange(2**31)
        self._is_sending = not is_away

    def _publish(self) -> None:
        if not self._is_sending:
            return
        is_key = self._frame % GOP == 0
        at_us = int(self.now_s * 1e6)
        unit = self._time_line.place(
            AccessUnit(
                kind=Kind.VIDEO,
                codec=Codec.H264,
                flags=Flags.KEY if is_key else Flags.NONE,
                sequence=self._frame,
                pts=self._origin + TICKS * self._frame,
                clock_rate=90_000,
                capture_us=at_us,
                arrival_us=at_us,
                width=480,
                height=SOURCE_LINES,
                payload=b"\0\0\0\1"
                + (b"\x65" if is_key else b"\x41")
                + b"%016d%08d" % (0, self._number),
            )
        )
        self._frame += 1
        self._number += 1
        if is_key:
            self._life.apply(Event.KEY)
        self._backlog.push(unit)
        self._readers[keys.SOURCE]._take(unit, self._session, at_us)

    def _write(self) -> None:
        try:
            if self.redis.keep(self._session, self._learned_epoch):
                self._backlog.rewind()
            self._learned_epoch = self.redis.epoch
        except Down:
            pass
        while units := self._backlog.pop():
            try:
                self.redis.append(keys.SOURCE, self._session, units)
            except Down:
                self._backlog.put_back(units)
                return
            except Gone:
                self._backlog.rewind()
                return

    def _read(self) -> None:
        if self.redis.is_away:
            return
        for number, epoch, unit in self.redis.logs[keys.ENHANCED].after(self._at):
            self._at = number
            head, tail = unit.payload[:5], unit.payload[-8:]
            payload = head + b"%016d" % epoch + tail
            self._readers[keys.ENHANCED]._take(
                dataclasses.replace(unit, payload=payload), epoch, int(self.now_s * 1e6)
            )
