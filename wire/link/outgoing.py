"""Sends messages as stripes at the pace of the path, in the order of their deadlines."""

from __future__ import annotations

import collections
import dataclasses
import heapq

import msgspec

from wire.link.datagram import MAX_STRIPES, Request
from wire.link.message import Message, encode_body
from wire.link.parity import ParityBudget, make_parity, parity_for, split

MAX_QUEUED = 128
MAX_QUEUED_BYTES = 2 << 20
"""Messages that wait to be sent; more are refused, since they would all be late."""

MAX_KEPT = 128
"""Messages that were sent and may be asked for again until their deadline."""


class Block(msgspec.Struct, frozen=True, gc=False):
    """A stripe before it has a packet number and a time."""

    message: int
    needed: int
    total: int
    index: int
    deadline: float
    data: bytes


@dataclasses.dataclass(slots=True)
class _Queued:
    message: Message
    body: bytes
    deadline: float


@dataclasses.dataclass(slots=True)
class _Kept:
    number: int
    deadline: float
    blocks: list[bytes]
    """Blocks of the message itself."""
    parity: list[bytes]
    is_repeated: bool = False

    def block(self, index: int) -> Block:
        needed, total = len(self.blocks), len(self.blocks) + len(self.parity)
        data = self.blocks[index] if index < needed else self.parity[index - needed]
        return Block(self.number, needed, total, index, self.deadline, data)


@dataclasses.dataclass(slots=True)
class OutgoingCounters:
    """Counts of what became of messages that were handed over."""

    sent: int = 0
    refused: int = 0
    """The queue was full."""
    late: int = 0
    """The deadline passed before, or while, it was sent."""
    repeated: int = 0
    """Messages of which stripes were sent again."""
    bytes: int = 0
    """Blocks of messages, without parity and repetition."""
    parity_bytes: int = 0
    repeated_bytes: int = 0


class Outgoing:
    """The sending side of messages. ``now`` in seconds, never going back."""

    def __init__(self) -> None:
        self.counters = OutgoingCounters()
        self._budget = ParityBudget()
        self._heap: list[tuple[float, int, _Queued]] = []
        self._order = 0
        self._queued_bytes = 0
        self._number = 0
        self._ready: collections.deque[Block] = collections.deque()
        self._ready_bytes = 0
        self._again: collections.deque[Block] = collections.deque()
        self._kept: collections.OrderedDict[int, _Kept] = collections.OrderedDict()

    @property
    def queued_bytes(self) -> int:
        """Bytes that wait to be sent."""
        return self._queued_bytes + self._ready_bytes

    def add(self, message: Message, *, deadline: float, now: float) -> bool:
        """Queues a message; False if it is late already or the queue is full (counted)."""
        if deadline <= now:
            self.counters.late += 1
            return False
        body = encode_body(message)
        if len(self._heap) >= MAX_QUEUED or self._queued_bytes + len(body) > MAX_QUEUED_BYTES:
            self.counters.refused += 1
            return False
        # Equal deadlines leave in the order in which they came.
        heapq.heappush(self._heap, (deadline, self._order, _Queued(message, body, deadline)))
        self._order += 1
        self._queued_bytes += len(body)
        return True

    def repeat(self, request: Request, *, loss: float, one_way_s: float, now: float) -> None:
        """Queues stripes that were asked for, before all others, if they can be in time.

        New parity goes with them, since there is no second answer.
        """
        kept = self._kept.get(request.message)
        if kept is None or kept.is_repeated or now + one_way_s >= kept.deadline:
            return
        kept.is_repeated = True
        total = len(kept.blocks) + len(kept.parity)
        wanted = request.indexes or range(len(kept.blocks))
        indexes = [index for index in wanted if index < total]
        extra = min(parity_for(len(indexes), loss), max(1, len(indexes)), MAX_STRIPES - total)
        kept.parity += make_parity(kept.blocks, extra, first=len(kept.parity))
        blocks = [kept.block(index) for index in (*indexes, *range(total, total + extra))]
        self._again += blocks
        size = sum(len(each.data) for each in blocks)
        self._budget.pay(size)
        self.counters.repeated += 1
        self.counters.repeated_bytes += size

    @property
    def has_more(self) -> bool:
        """True if ``next_block`` may return a block."""
        return bool(self._again or self._ready or self._heap)

    def next_block(
        self, *, loss: float, rate_bps: float, one_way_s: float, now: float
    ) -> Block | None:
        """Returns the next stripe that can arrive in time, or None.

        ``loss`` is the path's, 0..1; a message that cannot leave whole at ``rate_bps`` does not
        begin to: it would take the time of the ones behind it too.
        """
        self._forget(now=now)
        while self._again:
            block = self._again.popleft()
            if now + one_way_s < block.deadline:
                return block
        while True:
            while self._ready:
                block = self._ready.popleft()
                if now + one_way_s < block.deadline:
                    self._ready_bytes -= len(block.data)
                    return block
                # Whoever misses the rest of a message has no use for its last stripes either.
                self._ready.clear()
                self._ready_bytes = 0
                self.counters.late += 1
            if not self._heap:
                return None
            queued = heapq.heappop(self._heap)[2]
            self._queued_bytes -= len(queued.body)
            if now + one_way_s + len(queued.body) * 8 / rate_bps >= queued.deadline:
                self.counters.late += 1
                continue
            self._start(queued, loss=loss)

    def _start(self, queued: _Queued, *, loss: float) -> None:
        layout = self._budget.take(
            len(queued.body), loss=loss, is_precious=queued.message.is_precious
        )
        blocks, parity = split(queued.body, layout.needed), layout.parity
        made = make_parity(blocks, parity)
        kept = _Kept(self._number, queued.deadline, blocks, made)
        # A number is given when the first stripe leaves: a gap in them means loss, nothing else.
        self._number = (self._number + 1) % (1 << 32)
        self._kept[kept.number] = kept
        if len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        self._ready.extend(map(kept.block, range(min(MAX_STRIPES, len(blocks) + parity))))
        size = len(blocks[0])
        self._ready_bytes = len(self._ready) * size
        self.counters.sent += 1
        self.counters.bytes += len(blocks) * size
        self.counters.parity_bytes += len(made) * size

    def _forget(self, *, now: float) -> None:
        kept = self._kept
        while kept and next(iter(kept.values())).deadline <= now:
            kept.popitem(last=False)
