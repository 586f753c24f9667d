"""The batches of one log on their way from a device into Redis, in order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable

from wire.connection import REDIS_DOWN
from wire.errors import BadBatch
from wire.jobs import Job
from wire.log import LogWriter
from wire.remote import units
from wire.remote.in_order import Delivery, InOrder

log = logging.getLogger(__name__)

_HALF_TURN = 1 << 15


class Sink:
    """Writes one log for a device; ``run`` until cancelled."""

    def __init__(
        self, writer: LogWriter, job: Job, name: str, *, lost: Callable[[str], None]
    ) -> None:
        """``lost`` is called with a reason where a key frame is needed to go on."""
        self.job = job
        self.name = name
        self._writer = writer
        self._lost = lost
        self._order = InOrder(units.PATIENCE_S)
        self._joiner = units.Joiner()
        self._came = asyncio.Event()
        self._turn = 0
        self._turn_wanted = 0
        self._needs_key = False

    def put(self, serial: int, content: bytes) -> None:
        """Takes a part of a batch."""
        self._order.put(serial, content, now=time.monotonic())
        self._came.set()

    def clear(self, turn: int) -> None:
        """Empties the log, and takes no batch of an earlier turn any more."""
        if _is_later(turn, self._turn_wanted):
            self._turn_wanted = turn
            self._came.set()

    async def run(self) -> None:
        """Appends until cancelled. Raises Fenced or StreamGone; run again, it goes on."""
        while True:
            await self._wait()
            self._order.tick(now=time.monotonic())
            if self._turn != self._turn_wanted:
                await self._empty(self._turn_wanted)
            for each in self._order.take():
                await self._take(each)

    async def _wait(self) -> None:
        due = self._order.next_deadline()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None if due is None else max(0.0, due - time.monotonic())):
                await self._came.wait()
        self._came.clear()

    async def _take(self, delivery: Delivery) -> None:
        if delivery.is_after_gap:
            self._joiner.reset()
            self._miss("a batch was lost on its way")
        try:
            whole = self._joiner.add(delivery.content)
            if whole is None:
                return
            turn, content = whole
            batch = units.parse_units(content)
        except BadBatch as error:
            log.warning("a device sent no batch: %s", error, extra={"action": "bad_batch"})
            self._miss("a batch could not be read")
            return
        if turn != self._turn:
            if not _is_later(turn, self._turn):
                return
            await self._empty(turn)
        if batch.epoch != self._writer.epoch or (self._needs_key and not batch.has_key_frame):
            return
        self._needs_key = False
        try:
            await self._writer.append(batch, now_ms=int(time.monotonic() * 1000))
        except REDIS_DOWN:
            self._miss("Redis did not take a batch")

    def _miss(self, reason: str) -> None:
        self._needs_key = True
        self._lost(reason)

    async def _empty(self, turn: int) -> None:
        # Where Redis is away its log is as old as what viewers have; the next one is tried anew.
        self._turn = turn
        if _is_later(turn, self._turn_wanted):
            self._turn_wanted = turn
        with contextlib.suppress(*REDIS_DOWN):
            await self._writer.clear()


def _is_later(turn: int, than: int) -> bool:
    """True if a turn, modulo 65536, follows another."""
    return 0 < (turn - than) % (1 << 16) < _HALF_TURN
