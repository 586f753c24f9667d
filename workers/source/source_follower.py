"""The source log of one stream, read from its last key frame on and decoded.

Whoever needs it says for each unit who takes its picture: a session of the stream for its
renditions, a helper for the leads that invited it.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import time
from collections.abc import Callable
from typing import Protocol

from media.access_unit import AccessUnit, Checkpoint, Kind
from wire import clock
from wire.batch import is_repeated
from wire.clock_offset import ClockOffset
from wire.connection import REDIS_DOWN, RETRY_S
from wire.site import SiteStream
from workers.media.frame_task import FrameTask
from workers.media.picture import Picture
from workers.media.route import Route
from workers.media.source_frame import SourceFrame, Taker
from workers.runtime.loop_callback import on_loop
from workers.source.key_frame_requester import KeyFrameRequester
from workers.source.source_decoder import SourceDecoder

__all__ = ["BLOCK_MS", "REPLAY_S", "SourceFollower", "UnitTaker"]

BLOCK_MS = 1000
"""Time that a read of a log or a mailbox waits in Redis, in ms; then the loop looks around."""

REPLAY_S = 0.3
"""Frames older than this are only decoded while a session catches up with the log; a lane rests for
as long before it may begin anew, so that no unit comes out twice."""

_MAX_PAGE_ENTRIES = 64
"""Entries of one read: two seconds at 30 frames a second, so a take-over needs a few reads."""

_SPACE_S = 0.005
"""Interval at which a full decoder is asked for space. Only a burst fills it, and a word from its
thread about each frame would wake the loop once more for every frame."""


class UnitTaker(Protocol):
    """Takes the units of a source, on the loop."""

    async def take(self, unit: AccessUnit, *, is_replay: bool, now: float) -> tuple[Taker, ...]:
        """Returns who takes the unit, nobody to leave it out. ``is_replay`` is True while units are
        only decoded so that later ones can be.
        """

    def repeat(self) -> None:
        """Notes that a unit stood in the log again, and was passed over."""


class SourceFollower:
    """Reads while it is awake. Its owner runs ``read`` and ``ask`` as tasks, calls
    ``compare_clocks`` now and then, and starts and closes ``decoder``.
    """

    def __init__(
        self,
        site: SiteStream,
        name: str,
        taker: UnitTaker,
        *,
        clock_offset: ClockOffset,
        failed: Callable[[Exception], None],
    ) -> None:
        """``failed`` is called on the loop with an error of ours that ended the decoder."""
        self.reader = site.source()
        self.epoch = 0
        "The publisher's epoch of the unit that was read last."
        self._site = site
        self._taker = taker
        # A copy: the worker's has just been measured, and each session goes on by its own server,
        # which in a cluster is the one that holds the stream.
        self._clock_offset = copy.copy(clock_offset)
        self._requester = KeyFrameRequester(site)
        self._is_placed = False
        self._last_sequence: int | None = None
        self._drained_us: int | None = None
        "Time of the last read to the log's end, on our clock; None since it was placed anew."
        self._caught_up = False
        self._awake = asyncio.Event()
        self.decoder = SourceDecoder(
            name, need_key=on_loop(self.want_key_frame), failed=on_loop(failed)
        )

    def want_key_frame(self, why: str) -> None:
        """Asks the publisher for a key frame."""
        self._requester.want(why)

    def show_next(self, taker: Callable[[Picture], None]) -> None:
        """Hands the next decoded picture to ``taker`` too, on the decoder's thread."""
        self.decoder.show_next(taker)

    def set_awake(self, is_awake: bool) -> None:
        """Starts or stops reading."""
        if is_awake:
            self._awake.set()
        else:
            self._awake.clear()

    def redis_us(self) -> int:
        """Returns the time of Redis in Unix us."""
        return self._clock_offset.redis_us(now_us=clock.now_us())

    async def compare_clocks(self) -> None:
        """Compares our clock with Redis'; without effect while that is away."""
        with contextlib.suppress(*REDIS_DOWN):
            await self._clock_offset.measure(self._site.time_us)

    async def ask(self) -> None:
        """Sends requests for key frames until cancelled."""
        await self._requester.run()

    async def read(self) -> None:
        """Reads until cancelled."""
        reader = self.reader
        while True:
            # After a rest the log has moved on, and the decoder's pictures are of long ago.
            if not self._awake.is_set():
                with contextlib.suppress(*REDIS_DOWN):
                    await reader.pause()
                await self._awake.wait()
                self._is_placed = self._caught_up = False
            try:
                if not self._is_placed:
                    await self._place()
                entries = await reader.read(block_ms=BLOCK_MS, count=_MAX_PAGE_ENTRIES)
            except REDIS_DOWN:
                await asyncio.sleep(RETRY_S)
                continue
            read_us = clock.now_us()
            for entry in entries:
                self.epoch = entry.batch.epoch
                for unit in entry.batch.units:
                    if unit.kind is Kind.VIDEO:
                        await self._take_once(unit, entry.id)
            # A page that is not full was the end of the log at ``read_us``: what comes next cannot
            # be older, whatever the clocks say.
            self._drained_us = read_us if len(entries) < _MAX_PAGE_ENTRIES else None

    async def _place(self) -> None:
        """Begins at the last key frame. What came since is decoded, and the first picture that is
        not too old begins the renditions anew.
        """
        await self._clock_offset.measure(self._site.time_us)
        if not await self.reader.seek_last_key_frame():
            self.want_key_frame("the log has no key frame")
        self._is_placed, self._last_sequence = True, None
        self._drained_us = None

    async def _take_once(self, unit: AccessUnit, entry_id: str) -> None:
        """Takes a unit unless it was read before: the app writes units again whose first append was
        not answered, or was lost by Redis.
        """
        if is_repeated(unit.sequence, self._last_sequence):
            self._taker.repeat()
            return
        self._last_sequence = unit.sequence
        await self._take(unit, entry_id)

    async def _take(self, unit: AccessUnit, entry_id: str) -> None:
        now_us, now = clock.now_us(), time.monotonic()
        transit_s = self.reader.transit_s
        # Over a link the end of the log is not what was read last: units are on their way.
        since_us = self._drained_us if not transit_s else None
        age_s = self._clock_offset.age_s(unit, entry_id, now_us=now_us, since_us=since_us)
        # Once caught up it stays so: a frame that comes late afterwards is late, not a replay.
        self._caught_up = self._caught_up or age_s <= REPLAY_S
        if unit.is_key:
            self._requester.met()
        is_replay = not self._caught_up
        takers = await self._taker.take(unit, is_replay=is_replay, now=now)
        if not takers:
            return
        # The arrival is put on our monotonic clock here, once; all deadlines are by that clock.
        arrived = now - max(0.0, age_s - transit_s)
        task = FrameTask(unit, Route.WORK, arrived=arrived, is_replay=is_replay)
        task.stamps.append((Checkpoint.FETCHED, now_us))
        while not self.decoder.has_space:  # noqa: ASYNC110 - a burst; each frame would set an event
            await asyncio.sleep(_SPACE_S)
        self.decoder.offer(SourceFrame.of(task, takers))
