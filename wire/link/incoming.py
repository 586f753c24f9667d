"""Puts messages together from stripes, asks for what is missing, and drops what is late."""

from __future__ import annotations

import collections
import dataclasses

import msgspec

from media.serial import Unwrapper
from wire.errors import BadMessage
from wire.link.datagram import MAX_REQUESTS, Request, Stripe
from wire.link.message import Message, parse_body
from wire.link.parity import restore

MAX_OPEN = 64
"""Messages that wait for stripes; two seconds of video at 30 a second."""

MAX_OPEN_BYTES = 4 << 20
"""Bytes of their stripes together."""

MAX_DONE = 1024
"""Numbers of messages that were whole or given up, by which stragglers are known."""

MIN_QUIET_S = 0.005
"""A message whose last stripes stay away so long, or for the longest gap of late, lost them."""

MAX_GAP_S = 0.05
"""Longer gaps are outages; a message that waited for one would be asked for too late."""

PATIENCE = 1.25
"""Both the longest gap and the longest overtaking may be exceeded by a quarter."""

PEAK_S = 5.0
"""Both are the longest of the last 5 to 10 s: jitter of a radio link comes in spells."""

MAX_ASKS, ASK_AGAIN_S = 2, 0.01
"""A question may be lost as any packet, so it is sent twice; it is answered once."""

UNKNOWN_LEFT_S = 0.3
"""Time that a message of which no stripe has arrived is waited for after it was asked for."""


@dataclasses.dataclass(slots=True)
class _Open:
    number: int
    first_at: float
    last_at: float
    deadline: float
    needed: int = 0
    total: int = 0
    blocks: dict[int, bytes] = dataclasses.field(default_factory=dict)
    asked_at: float | None = None
    asks: int = 0
    passed_at: float | None = None
    """Time of the first stripe that was sent after all of these; None before. Those still missing
    then were lost, or overtaken."""

    block_bytes: int = 0
    """Length of each block; 0 before the first."""


class _Last(msgspec.Struct, frozen=True, gc=False):
    """The stripe with the highest packet number."""

    packet: int
    sent_s: float
    at: float


@dataclasses.dataclass(slots=True)
class IncomingCounters:
    """Counts of what became of messages and stripes."""

    whole: int = 0
    restored: int = 0
    """Messages of ``whole`` that needed parity."""
    asked: int = 0
    """Messages for which stripes were asked for again."""
    late: int = 0
    """Messages whose deadline passed before they were whole."""
    crowded_out: int = 0
    """Messages that were dropped since too many were open."""
    duplicates: int = 0
    """Stripes that were there already, or came after their message was whole."""
    refused: int = 0
    """Stripes that contradict others of their message, and messages that cannot be read."""


class Peak:
    """The greatest value of the last ``PEAK_S`` to twice that."""

    def __init__(self) -> None:
        self._since = 0.0
        self._now = self._before = 0.0

    def add(self, value: float, *, now: float) -> None:
        """Takes a value."""
        if now >= self._since + PEAK_S:
            self._before = self._now if now < self._since + 2 * PEAK_S else 0.0
            self._since, self._now = now, 0.0
        self._now = max(self._now, value)

    @property
    def value(self) -> float:
        """The greatest value, 0 before the first."""
        return max(self._now, self._before)


class Incoming:
    """The receiving side of messages. ``now`` in seconds, never going back."""

    def __init__(self) -> None:
        self.counters = IncomingCounters()
        self._numbers = Unwrapper(32)
        self._open: collections.OrderedDict[int, _Open] = collections.OrderedDict()
        self._done: collections.OrderedDict[int, None] = collections.OrderedDict()
        self._newest = -1
        self._bytes = 0
        self._packets, self._sent = Unwrapper(32), Unwrapper(32)
        self._last: _Last | None = None
        self._gaps = Peak()
        self._overtaken = Peak()

    def read(self, stripe: Stripe, *, rtt_s: float, now: float) -> Message | None:
        """Takes a stripe; returns the message if it became whole by it."""
        number = self._numbers.unwrap(stripe.message)
        entry = self._open.get(number)
        if entry is None:
            entry = self._begin(number, now=now)
            if entry is None:
                self.counters.duplicates += 1
                return None
        if not entry.needed:
            entry.needed, entry.total = stripe.needed, stripe.total
            entry.first_at = now
        # The time left was told when the stripe was sent, half a round trip ago.
        entry.deadline = now + stripe.left_ms / 1000 - rtt_s / 2
        self._note_time(entry, stripe, now=now)
        entry.last_at = now
        if not self._fits(entry, stripe):
            return None
        entry.blocks[stripe.index] = stripe.block
        self._bytes += entry.block_bytes
        if len(self._open) > MAX_OPEN or self._bytes > MAX_OPEN_BYTES:
            self._bound()
            if number not in self._open:
                return None
        return self._finish(entry) if len(entry.blocks) >= entry.needed else None

    def requests(self, *, rtt_s: float, now: float) -> tuple[Request, ...]:
        """Returns what to ask for now: stripes that are missing and can still come in time."""
        if not self._open:
            return ()
        found: list[Request] = []
        for entry in list(self._open.values()):
            if now >= entry.deadline:
                self._drop(entry)
                self.counters.late += 1
                continue
            if now < self._ask_at(entry) or now + rtt_s >= entry.deadline:
                continue
            if len(found) == MAX_REQUESTS:
                break
            if entry.asked_at is None:
                entry.asked_at = now
                self.counters.asked += 1
            entry.asks += 1
            found.append(Request(entry.number % (1 << 32), self._missing(entry)))
        return tuple(found)

    def next_deadline(self, *, rtt_s: float) -> float | None:
        """Returns when ``requests`` should be called next; None if nothing is open."""
        found = None
        for entry in self._open.values():
            when = self._ask_at(entry)
            if when + rtt_s >= entry.deadline:
                when = entry.deadline
            found = when if found is None else min(found, when)
        return found

    def _missing(self, entry: _Open) -> tuple[int, ...]:
        if not entry.needed:
            return ()
        lacking = entry.needed - len(entry.blocks)
        return tuple(i for i in range(entry.total) if i not in entry.blocks)[:lacking]

    def _ask_at(self, entry: _Open) -> float:
        if entry.asked_at is not None:
            return entry.asked_at + ASK_AGAIN_S if entry.asks < MAX_ASKS else entry.deadline
        quiet_at = entry.last_at + max(MIN_QUIET_S, PATIENCE * self._gaps.value)
        if entry.passed_at is None:
            return quiet_at
        return min(quiet_at, entry.passed_at + PATIENCE * self._overtaken.value)

    def _begin(self, number: int, *, now: float) -> _Open | None:
        """Opens a message; None if it is over, or crowded out by the ones after it."""
        if number in self._done or number < self._newest - MAX_DONE:
            return None
        self._open_until(number, now=now)
        return self._open.get(number)

    def _note_time(self, entry: _Open, stripe: Stripe, *, now: float) -> None:
        """Learns from a stripe how far the path spreads what is sent together."""
        packet, sent_s = (
            self._packets.unwrap(stripe.packet),
            self._sent.unwrap(stripe.sent_us) / 1e6,
        )
        newest, self._last = self._last, _Last(packet, sent_s, now)
        if newest is None:
            pass
        elif packet < newest.packet:
            self._last = newest
            longer_s = now - newest.at - (sent_s - newest.sent_s)
            self._overtaken.add(min(MAX_GAP_S, longer_s), now=now)
        elif entry.blocks:
            # An answer was sent later, so only what the path added to its gap counts; the gap of
            # stripes that left one after the other is that of the sender's pace too.
            is_next = packet == newest.packet + 1 and entry.asked_at is None
            gap_s = now - newest.at - (0.0 if is_next else sent_s - newest.sent_s)
            self._gaps.add(min(MAX_GAP_S, gap_s), now=now)
        if stripe.index == stripe.total - 1 and entry.passed_at is None:
            entry.passed_at = now

    def _open_until(self, number: int, *, now: float) -> None:
        """Opens the message and those before it that have not been seen, which were lost whole."""
        first = number if self._newest < 0 else self._newest + 1
        if number > self._newest:
            # Messages leave one after the other, so nothing of these is on its way any more.
            for entry in self._open.values():
                if entry.passed_at is None:
                    entry.passed_at = now
        for each in range(max(first, number - MAX_OPEN), number + 1):
            self._open[each] = _Open(each, now, now, now + UNKNOWN_LEFT_S)
            self._open[each].passed_at = None if each == number else now
        self._newest = max(self._newest, number)

    def _fits(self, entry: _Open, stripe: Stripe) -> bool:
        if stripe.index in entry.blocks:
            self.counters.duplicates += 1
            return False
        size = len(stripe.block)
        # Parity that was asked for may go beyond the total of the first stripes.
        if stripe.needed != entry.needed or entry.block_bytes not in (0, size):
            self.counters.refused += 1
            return False
        entry.block_bytes = size
        return True

    def _bound(self) -> None:
        while len(self._open) > MAX_OPEN or self._bytes > MAX_OPEN_BYTES:
            self._drop(next(iter(self._open.values())))
            self.counters.crowded_out += 1

    def _drop(self, entry: _Open) -> None:
        del self._open[entry.number]
        self._bytes -= len(entry.blocks) * entry.block_bytes
        self._done[entry.number] = None
        if len(self._done) > MAX_DONE:
            self._done.popitem(last=False)

    def _finish(self, entry: _Open) -> Message | None:
        self._drop(entry)
        try:
            message = parse_body(restore(entry.blocks, entry.needed))
        except BadMessage:
            self.counters.refused += 1
            return None
        self.counters.whole += 1
        self.counters.restored += any(i not in entry.blocks for i in range(entry.needed))
        return message
