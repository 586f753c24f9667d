"""Two links on a network path in virtual time, with rate, delay, jitter, loss and a queue."""

from __future__ import annotations

import dataclasses
import heapq
import itertools
import random
from collections.abc import Callable

from wire.link.link import ControlReceived, Link, MessageReceived
from wire.link.message import Message


@dataclasses.dataclass
class Path:
    """One direction. Times in seconds; the order of datagrams is kept, as on a real queue."""

    rate_bps: float = 1e9
    delay_s: float = 0.02
    jitter_s: float = 0.0
    loss: float = 0.0
    burst: float = 1.0
    """Mean length of a run of losses, in packets (Gilbert-Elliott)."""
    queue_s: float = 0.3
    is_down: bool = False

    def __post_init__(self) -> None:
        self._free_at = 0.0
        self._last = 0.0
        self._is_bad = False
        self.passed = 0

    def arrival(self, size: int, now: float, rng: random.Random) -> float | None:
        """When a datagram of ``size`` bytes arrives, None if it is lost."""
        if self.is_down or self._is_lost(rng):
            return None
        start = max(now, self._free_at)
        if start - now > self.queue_s:
            return None
        self._free_at = start + (size + 65) * 8 / self.rate_bps
        jitter = rng.uniform(-self.jitter_s, self.jitter_s)
        self._last = max(self._last, self._free_at + self.delay_s + jitter)
        self.passed += 1
        return self._last

    def _is_lost(self, rng: random.Random) -> bool:
        if self.burst <= 1.0:
            return rng.random() < self.loss
        leave = 1 / self.burst
        enter = self.loss * leave / (1 - self.loss)
        self._is_bad = rng.random() >= leave if self._is_bad else rng.random() < enter
        return self._is_bad


class Pair:
    """Two links, ``a`` and ``b``, on two paths. Their clocks differ by 1000 seconds."""

    SKEW_S = 1000.0

    def __init__(self, there: Path, back: Path, *, seed: int = 1) -> None:
        self.rng = random.Random(seed)
        self.links = (Link(), Link())
        self.paths = (there, back)
        self.now = 10.0
        self.messages: tuple[list[tuple[float, Message]], list[tuple[float, Message]]] = ([], [])
        self.control: tuple[list[bytes], list[bytes]] = ([], [])
        self._air: list[tuple[float, int, int, bytes, float]] = []
        self._busy_until = [0.0, 0.0]
        self.turns = [0, 0]
        """Times at which a side had something to send."""
        self.datagrams: tuple[list[tuple[float, bytes]], list[tuple[float, bytes]]] = ([], [])
        """Datagrams that a side sent, with their times."""
        self._count = itertools.count()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []

    def clock(self, side: int) -> float:
        """The time that a side reads."""
        return self.now + side * self.SKEW_S

    def at(self, when: float, call: Callable[[], None]) -> None:
        """Calls something at a time."""
        heapq.heappush(self._timers, (when, next(self._count), call))

    def hold(self, side: int, seconds: float) -> None:
        """Gives a side no processor for a time: nothing leaves, and what arrives is not read."""
        self._busy_until[side] = self.now + seconds

    def send(self, side: int, message: Message, left_s: float) -> bool:
        """Hands a message over at one side."""
        now = self.clock(side)
        return self.links[side].send(message, deadline=now + left_s, now=now)

    def run(self, until: float) -> None:
        """Lets time pass."""
        while True:
            self._flush()
            times = [
                max(
                    self._busy_until[side],
                    link.next_deadline(now=self.clock(side)) - side * self.SKEW_S,
                )
                for side, link in enumerate(self.links)
            ]
            times += [self._air[0][0]] if self._air else []
            times += [self._timers[0][0]] if self._timers else []
            following = max(self.now + 1e-4, min(times))
            if following > until:
                self.now = until
                return
            self.now = following
            while self._timers and self._timers[0][0] <= self.now:
                heapq.heappop(self._timers)[2]()
            while self._air and self._air[0][0] <= self.now:
                _, number, side, data, at = heapq.heappop(self._air)
                if self.now < self._busy_until[side]:
                    later = (self._busy_until[side], number, side, data, at)
                    heapq.heappush(self._air, later)
                else:
                    self._arrive(side, data, at)

    def _arrive(self, side: int, data: bytes, at: float) -> None:
        arrived_at = at + side * self.SKEW_S
        self.links[side].receive(data, now=self.clock(side), arrived_at=arrived_at)
        while (event := self.links[side].next_event()) is not None:
            match event:
                case MessageReceived(message):
                    self.messages[side].append((self.now, message))
                case ControlReceived(content):
                    self.control[side].append(content)

    def _flush(self) -> None:
        for side, link in enumerate(self.links):
            if self.now < self._busy_until[side]:
                continue
            sent = len(self.datagrams[side])
            while (data := link.next_datagram(now=self.clock(side))) is not None:
                when = self.paths[side].arrival(len(data), self.now, self.rng)
                self.datagrams[side].append((self.now, data))
                if when is not None:
                    heapq.heappush(self._air, (when, next(self._count), 1 - side, data, when))
            self.turns[side] += len(self.datagrams[side]) > sent
