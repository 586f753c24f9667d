"""One stream for a worker at another site: its source, its mail and its time, over the link."""

from __future__ import annotations

import asyncio
import collections
import time
import weakref
from typing import Protocol

from wire import control
from wire.errors import BadBatch, ServerAway
from wire.log import Entry
from wire.position import as_pair
from wire.remote import calls, units
from wire.remote.gateway_calls import GatewayCalls, read_value
from wire.remote.in_order import InOrder
from wire.thumbnail import Thumbnail

MAX_MAIL = 64
"""Messages about one stream that wait to be read; the oldest go, the records say the same."""

MAX_ENTRIES = 256
"""Entries of a source log that wait to be read; beyond, all go and a key frame is needed."""

MIN_REFOLLOW_S = 1.0
"""Time between two new beginnings behind a loss. Where a link is too slow for the stream each
would send the same units again; then the loss stands and the decoder asks for a key frame."""


TRANSIT_SLACK_S = 0.010
"""Time beyond half a round trip for which an entry is not late: parity instead of a repetition."""

MAX_TRANSIT_S = 0.2
"""A longer way is no reason to be later still: viewers wait 0.4 s at most."""


class SourceLanes(Protocol):
    """The site, as readers of sources need it."""

    def follow(self, reader: LinkReader) -> int:
        """Returns a new lane whose messages go to the reader."""

    def unfollow(self, lane: int) -> None:
        """Hands messages of the lane to nobody."""


class LinkReader:
    """The source log of one stream. Follows ``wire.site.SourceReader``."""

    def __init__(self, gateway: GatewayCalls, lanes: SourceLanes, stream: str) -> None:
        self._gateway = gateway
        self._lanes = lanes
        self._stream = stream
        self._lane: int | None = None
        self._order = InOrder(units.PATIENCE_S)
        self._joiner = units.Joiner()
        self._entries: collections.deque[Entry] = collections.deque()
        self._came = asyncio.Event()
        self._last = ""
        self._is_away = False
        self._has_gap = False
        self._refollowed_at = -MIN_REFOLLOW_S
        self.bad_entries = 0
        self.stale_units = 0
        "Always 0: the gateway leaves them out."

    @property
    def transit_s(self) -> float:
        """Time that entries may take from the log to here before they count as late."""
        uplink = self._gateway.uplink
        half_s = uplink.rtt_s / 2 if uplink is not None else 0.0
        return min(MAX_TRANSIT_S, half_s + TRANSIT_SLACK_S)

    async def seek_last_key_frame(self) -> bool:
        """Begins at the last key frame; False if there is none that is young enough: then it begins
        at the log's end.
        """
        self._last = ""
        return await self._follow()

    async def pause(self) -> None:
        """Takes nothing until the next ``seek_last_key_frame``."""
        self._leave()

    async def read(self, *, block_ms: int, count: int = 64) -> list[Entry]:
        """Returns entries in order; empty after ``block_ms``. Raises ServerAway."""
        if self._lane is None:
            await self._follow()
        if not self._entries:
            await self._wait(block_ms)
        if self._is_away:
            raise ServerAway("the link to the gateway is gone")
        self._take()
        found = [self._entries.popleft() for _ in range(min(count, len(self._entries)))]
        if self._has_gap and not found:
            await self._follow()
        return found

    def put(self, serial: int, content: bytes) -> None:
        """Takes a message of the lane."""
        self._order.put(serial, content, now=time.monotonic())
        self._came.set()

    def fail(self) -> None:
        """Notes that the link is gone; the next read begins anew behind what arrived."""
        self._lane = None
        self._is_away = True
        self._came.set()

    async def _follow(self) -> bool:
        """Begins behind the last entry that arrived, or at the last key frame."""
        self._leave()
        self._order, self._is_away, self._has_gap = InOrder(units.PATIENCE_S), False, False
        lane = self._lanes.follow(self)
        call = calls.Follow(stream=self._stream, lane=lane, after=self._last)
        try:
            found = read_value(await self._gateway.call(call), bool)
        except BaseException:
            self._lanes.unfollow(lane)
            raise
        if not self._is_away:
            self._lane = lane
        return found

    def _leave(self) -> None:
        self._entries.clear()
        self._joiner.reset()
        if self._lane is None:
            return
        lane, self._lane = self._lane, None
        self._lanes.unfollow(lane)
        try:
            self._gateway.post(calls.Unfollow(lane=lane))
        except ServerAway:
            pass  # the gateway forgets the lanes of a device that is gone

    async def _wait(self, block_ms: int) -> None:
        due = self._order.next_deadline()
        left_s = block_ms / 1000
        if due is not None:
            left_s = min(left_s, max(0.001, due - time.monotonic()))
        await wait_for(self._came, left_s)

    def _take(self) -> None:
        now = time.monotonic()
        self._order.tick(now=now)
        for each in self._order.take():
            if self._has_gap:
                continue  # it comes again
            if each.is_after_gap:
                self._joiner.reset()
                if now >= self._refollowed_at + MIN_REFOLLOW_S:
                    self._refollowed_at, self._has_gap = now, True
                    continue
            self._add(each.content)
        if len(self._entries) > MAX_ENTRIES:
            self._entries.clear()

    def _add(self, part: bytes) -> None:
        try:
            whole = self._joiner.add(part)
            if whole is None:
                return
            entry = units.parse_entry(whole[1])
        except BadBatch:
            self.bad_entries += 1
            return
        if not self._last or as_pair(entry.id) > as_pair(self._last):
            self._last = entry.id
            self._entries.append(entry)


class LinkMail:
    """Messages about one stream. Follows ``wire.site.LeadMail``."""

    def __init__(self) -> None:
        self._waiting: collections.deque[control.Message] = collections.deque(maxlen=MAX_MAIL)
        self._came = asyncio.Event()
        self.bad_messages = 0

    def put(self, message: control.Message) -> None:
        """Takes a message; the oldest goes beyond ``MAX_MAIL``."""
        self._waiting.append(message)
        self._came.set()

    async def read(self, *, block_ms: int) -> list[control.Message]:
        """Returns messages since the last read; empty after ``block_ms`` without any."""
        await wait_for(self._came, block_ms / 1000)
        found = list(self._waiting)
        self._waiting.clear()
        return found


class StreamMails:
    """The mail of all streams, for as long as somebody holds it."""

    def __init__(self) -> None:
        self._mails: dict[str, weakref.WeakSet[LinkMail]] = {}

    def subscribe(self, stream: str) -> LinkMail:
        """Returns a new mail of a stream."""
        for name in [name for name, mails in self._mails.items() if not mails]:
            del self._mails[name]
        mail = LinkMail()
        self._mails.setdefault(stream, weakref.WeakSet()).add(mail)
        return mail

    def post(self, stream: str, message: control.Message) -> None:
        """Hands a message to all who hold mail of the stream."""
        for mail in list(self._mails.get(stream, ())):
            mail.put(message)


class LinkStream:
    """One stream. Follows ``wire.site.SiteStream``."""

    def __init__(
        self, gateway: GatewayCalls, lanes: SourceLanes, mails: StreamMails, stream: str
    ) -> None:
        self._gateway = gateway
        self._lanes = lanes
        self._mails = mails
        self._stream = stream

    async def time_us(self) -> int:
        """Returns the time of the server that holds the stream, in Unix us."""
        return read_value(await self._gateway.call(calls.GetTime(stream=self._stream)), int)

    def source(self) -> LinkReader:
        """Returns a reader of the source log."""
        return LinkReader(self._gateway, self._lanes, self._stream)

    def mail(self) -> LinkMail:
        """Returns a reader of the messages to the stream's leads."""
        return self._mails.subscribe(self._stream)

    async def ask_key_frame(self, reason: str) -> None:
        """Asks the publisher for a key frame."""
        await self._gateway.call(calls.AskKeyFrame(stream=self._stream, reason=reason[:500]))

    async def show(self, epoch: int, picture: Thumbnail) -> None:
        """Does nothing: a weak uplink has better use for its bits than pictures for lists."""


async def wait_for(event: asyncio.Event, timeout_s: float) -> None:
    """Waits for an event, at most for a time, and clears it."""
    if not event.is_set():
        try:
            async with asyncio.timeout(timeout_s):
                await event.wait()
        except TimeoutError:
            pass
    event.clear()
