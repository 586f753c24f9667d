"""Publisher of one log of a rendition: it appends the units that an encoder made."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

from media.access_unit import AccessUnit, Checkpoint
from wire import clock
from wire.batch import Batch
from wire.connection import REDIS_DOWN, RETRY_S
from wire.site import SiteLogWriter
from workers.runtime.frame_counters import FrameCounters
from workers.runtime.meter import Meter

LIMIT = 64
"""Units that may wait for Redis: two seconds at 30 frames a second; older ones would only delay
what is new."""

LIMIT_BYTES = 16 * 2**20
"""Bytes of payload that may wait: 64 units of 256 kB. Beyond either limit all go, and a key frame
is made."""


class LogPublisher:
    """Queue of units for one log: ``put`` from the loop, ``run`` appends.

    ``lost`` is called when units did not arrive.
    """

    def __init__(
        self, writer: SiteLogWriter, counters: FrameCounters, *, lost: Callable[[], None]
    ) -> None:
        self._writer = writer
        self._counters = counters
        self._lost = lost
        self._meter = Meter()
        self._units: deque[tuple[AccessUnit, bool] | None] = deque()
        "Units that wait, each with its ``counted``; None: the log is to be emptied at this point."
        self._bytes = 0
        self._filled = asyncio.Event()
        self.codec = ""
        "Codec of the last unit appended; empty before the first."
        self.size = (0, 0)
        self.frames = 0
        self.key_frames = 0

    def put(self, unit: AccessUnit, *, counted: bool = True) -> None:
        """Appends the unit soon. ``counted``: no other log counts the same picture."""
        self._bytes += len(unit.payload)
        if len(self._units) >= LIMIT or self._bytes > LIMIT_BYTES:
            # All go, not the oldest: units refer to those before them, so of a queue with a gap
            # nothing could be decoded until the next key frame.
            self._bytes = len(unit.payload)
            self._lose(sum(waiting is not None and waiting[1] for waiting in self._units))
            is_emptied = None in self._units
            self._units.clear()
            # The order to empty the log stays, or viewers would be greeted with pictures of before.
            if is_emptied:
                self._units.append(None)
        self._units.append((unit, counted))
        self._filled.set()

    def clear(self) -> None:
        """Empties the log, after what was put before."""
        # Two orders in a row are one; while Redis is away they would pile up.
        if not self._units or self._units[-1] is not None:
            self._units.append(None)
        self._filled.set()

    def rates(self) -> tuple[float, float]:
        """Returns (frames per second, kbit/s) put out over the last seconds."""
        return self._meter.rates(now=time.monotonic())

    async def run(self) -> None:
        """Appends until cancelled. Raises Fenced or StreamGone; run again, it goes on behind what
        failed.
        """
        while True:
            while self._units:
                waiting = self._units.popleft()
                await (self._clear() if waiting is None else self._append(*waiting))
            # No unit can come between the test above and this line: nothing here gives way to the
            # loop, and ``put`` is called from it.
            self._filled.clear()
            await self._filled.wait()

    async def _clear(self) -> None:
        try:
            await self._writer.clear()
        except REDIS_DOWN:
            self._units.appendleft(None)
            await asyncio.sleep(RETRY_S)

    async def _append(self, unit: AccessUnit, counted: bool) -> None:
        self._bytes -= len(unit.payload)
        now_us = clock.now_us()
        batch = Batch(epoch=self._writer.epoch, units=(unit.stamped(Checkpoint.PUBLISHED, now_us),))
        try:
            await self._writer.append(batch, now_ms=now_us // 1000)
        except REDIS_DOWN:
            # It is not appended again: whether Redis took it before the connection broke is not
            # known, and by the time that it is back the unit would be late.
            self._lose(int(counted))
            await asyncio.sleep(RETRY_S)
            return
        self._note(unit)
        if counted:
            self._counters.count("frames_out")
            if unit.is_key:
                self._counters.count("key_frames")

    def _note(self, unit: AccessUnit) -> None:
        self.codec, self.size = unit.codec.name.lower(), (unit.width, unit.height)
        self.frames += 1
        self.key_frames += unit.is_key
        self._meter.add(len(unit.payload), now=time.monotonic())

    def _lose(self, number: int) -> None:
        if number:
            self._counters.drop("redis", number)
        self._lost()
