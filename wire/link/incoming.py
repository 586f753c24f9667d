"""Puts messages together from stripes, asks once for what is missing, and drops what is late."""

from __future__ import annotations

import collections
import dataclasses

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
"""A message whose stripes stop for this long, or for the longest gap of late, has lost the rest."""

GAP_DECAY = 0.998
"""Part of the longest gap that is left with each stripe: halved in 350, a second of video."""

MAX_GAP_S = 0.05
"""Longer gaps are outages; a message that waited for one would be asked for too late."""

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

    @property
    def size(self) -> int:
        return sum(map(len, self.blocks.values()))


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


class Incoming:
    """The receiving side of messages. ``now`` in seconds, never going back."""

    def __init__(self) -> None:
        self.counters = IncomingCounters()
        self._numbers = Unwrapper(32)
        self._open: collections.OrderedDict[int, _Open] = collections.OrderedDict()
        self._done: collections.OrderedDict[int, None] = collections.OrderedDict()
        self._newest = -1
        self._bytes = 0
        self._gap_s = 0.0

    def read(self, stripe: Stripe, *, rtt_s: float, now: float) -> Message | None:
        """Takes a stripe; returns the message if it became whole by it."""
        number = self._numbers.unwrap(stripe.message)
        if number in self._done or number < self._newest - MAX_DONE:
            self.counters.duplicates += 1
            return None
        self._open_until(number, now=now)
        entry = self._open.get(number)
        if entry is None:  # it was crowded out by the ones after it
            self.counters.duplicates += 1
            return None
        if not entry.needed:
            entry.needed, entry.total = stripe.needed, stripe.total
            entry.first_at = now
        # The time left was told when the stripe was sent, half a round trip ago.
        entry.deadline = now + stripe.left_ms / 1000 - rtt_s / 2
        self._note_gap(entry, rtt_s=rtt_s, now=now)
        entry.last_at = now
        if not self._fits(entry, stripe):
            return None
        entry.blocks[stripe.index] = stripe.block
        self._bytes += len(stripe.block)
        self._bound()
        if len(entry.blocks) < entry.needed or number not in self._open:
            return None
        return self._finish(entry)

    def requests(self, *, rtt_s: float, now: float) -> tuple[Request, ...]:
        """Returns what to ask for now; each message is asked for once, and only in time."""
        quiet_s = self._quiet_s
        found: list[Request] = []
        for entry in list(self._open.values()):
            if now >= entry.deadline:
                self._drop(entry)
                self.counters.late += 1
                continue
            if (
                entry.asked_at is not None
                or now < entry.last_at + quiet_s
                or now + rtt_s >= entry.deadline
            ):
                continue
            if len(found) == MAX_REQUESTS:
                break
            entry.asked_at = now
            self.counters.asked += 1
            found.append(Request(entry.number % (1 << 32), self._missing(entry)))
        return tuple(found)

    def next_deadline(self, *, rtt_s: float) -> float | None:
        """Returns when ``requests`` should be called next; None if nothing is open."""
        quiet_s = self._quiet_s
        times = [
            entry.deadline
            if entry.asked_at is not None or entry.last_at + quiet_s + rtt_s >= entry.deadline
            else entry.last_at + quiet_s
            for entry in self._open.values()
        ]
        return min(times, default=None)

    def _missing(self, entry: _Open) -> tuple[int, ...]:
        if not entry.needed:
            return ()
        lacking = entry.needed - len(entry.blocks)
        return tuple(i for i in range(entry.total) if i not in entry.blocks)[:lacking]

    @property
    def _quiet_s(self) -> float:
        return max(MIN_QUIET_S, 1.25 * self._gap_s)

    def _note_gap(self, entry: _Open, *, rtt_s: float, now: float) -> None:
        # Stripes of a message leave together; what lies between their arrivals is the path's doing.
        # One that comes sooner after the question than an answer can was late, not lost.
        self._gap_s *= GAP_DECAY
        if entry.blocks and (entry.asked_at is None or now < entry.asked_at + 0.8 * rtt_s):
            self._gap_s = max(self._gap_s, min(MAX_GAP_S, now - entry.last_at))

    def _open_until(self, number: int, *, now: float) -> None:
        """Opens the message and those before it that have not been seen, which were lost whole."""
        first = number if self._newest < 0 else self._newest + 1
        for each in range(max(first, number - MAX_OPEN), number + 1):
            self._open[each] = _Open(each, now, now, now + UNKNOWN_LEFT_S)
        self._newest = max(self._newest, number)

    def _fits(self, entry: _Open, stripe: Stripe) -> bool:
        if stripe.index in entry.blocks:
            self.counters.duplicates += 1
            return False
        same_size = all(len(block) == len(stripe.block) for block in entry.blocks.values())
        # Parity that was asked for may go beyond the total of the first stripes.
        if stripe.needed != entry.needed or not same_size:
            self.counters.refused += 1
            return False
        return True

    def _bound(self) -> None:
        while len(self._open) > MAX_OPEN or self._bytes > MAX_OPEN_BYTES:
            self._drop(next(iter(self._open.values())))
            self.counters.crowded_out += 1

    def _drop(self, entry: _Open) -> None:
        del self._open[entry.number]
        self._bytes -= entry.size
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
