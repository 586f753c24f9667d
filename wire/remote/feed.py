"""The source of one stream on its way from its log to a device, without audio."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import time

from media.access_unit import Kind
from wire import control, keys
from wire.connection import REDIS_DOWN, RETRY_S, Redis
from wire.errors import BadBatch
from wire.link.message import Message
from wire.log import Entry, LogReader
from wire.remote import units
from wire.remote.outlet import Outlet

log = logging.getLogger(__name__)

MAX_REPLAY_S = 4.0
"""A key frame that is older is not begun at: a new one is here sooner than all that followed it."""

_BLOCK_MS = 500
_PAGE_ENTRIES = 64
_SPACE_S = 0.02
"""Time to wait for space in the link's queue while much is replayed at once."""


class Feed:
    """Sends the units of one stream; ``run`` until cancelled."""

    def __init__(
        self, client: Redis, outlet: Outlet, *, stream: str, lane: int, after: str = ""
    ) -> None:
        """``after`` is the entry behind which it begins; empty: at the last key frame."""
        self._client = client
        self._stream = stream
        self._outlet = outlet
        self._lane = lane
        self._after = after
        self._reader = LogReader(client, stream=stream, rendition=keys.SOURCE)
        self._serial = 0
        self._deadline = 0.0
        self.found: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        """True once it begins at a key frame or behind ``after``; False: at the log's end."""

    async def run(self) -> None:
        """Sends units until cancelled."""
        while True:
            try:
                found = await self._place()
                break
            except REDIS_DOWN:
                await asyncio.sleep(RETRY_S)
        if not self.found.done():
            self.found.set_result(found)
        is_replay = found
        while True:
            try:
                entries = await self._reader.read(block_ms=_BLOCK_MS, count=_PAGE_ENTRIES)
            except REDIS_DOWN:
                await asyncio.sleep(RETRY_S)
                continue
            for entry in entries:
                await self._send(entry, is_replay=is_replay)
            is_replay = len(entries) == _PAGE_ENTRIES

    async def _place(self) -> bool:
        if self._after:
            self._reader.seek_behind(self._after)
            if await self._is_young():
                return True
        if await self._reader.seek_last_key_frame() and await self._is_young():
            return True
        await self._reader.seek_end()
        request = control.KeyFrameRequest(rendition=keys.SOURCE, reason="a device begins")
        await control.to_publisher(self._client, self._stream).send(request)
        return False

    async def _is_young(self) -> bool:
        seconds, micros = await self._client.time(keys.log(self._stream, keys.SOURCE))
        now_ms = int(seconds) * 1000 + int(micros) // 1000
        return now_ms - self._reader.position_ms <= MAX_REPLAY_S * 1000

    async def _send(self, entry: Entry, *, is_replay: bool) -> None:
        # Workers need no audio, and a packet of it costs as much to send as one of video.
        video = tuple(unit for unit in entry.batch.units if unit.kind is Kind.VIDEO)
        if not video:
            return
        batch = dataclasses.replace(entry.batch, units=video)
        try:
            content = units.encode_entry(Entry(entry.id, batch))
        except BadBatch as error:
            log.warning("%s: %s", self._stream, error, extra={"action": "bad_entry"})
            return
        for part in units.cut(content):
            message = Message(units.SOURCE_UNITS, self._lane, self._serial % 65536, part, True)
            # A number is used up by a part that finds no space too: the device sees a gap.
            self._serial += 1
            until = time.monotonic() + units.REPLAY_S
            while not self._outlet.send(message, self._left_s(is_replay)):
                if not is_replay or time.monotonic() >= until:
                    break
                await asyncio.sleep(_SPACE_S)

    def _left_s(self, is_replay: bool) -> float:
        # The link sends by deadline: one that is earlier than that of the unit before would put the
        # units of the replay behind those that follow it.
        now = time.monotonic()
        left_s = units.REPLAY_S if is_replay else units.UNIT_S
        self._deadline = max(self._deadline, now + left_s)
        return self._deadline - now
