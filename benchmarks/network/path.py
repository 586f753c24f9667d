"""One direction of an emulated path: what becomes of each packet, and when it arrives (sans-I/O).

A packet waits in a bounded queue for the bottleneck, takes its time there, and then is lost or
arrives after the delay. One that is lost at random took its place on the bottleneck all the same,
as on a radio link.
"""

from __future__ import annotations

import dataclasses
import heapq
import random

from benchmarks.network.conditions import Conditions


@dataclasses.dataclass(slots=True)
class PathCounters:
    """Counters of the packets of one direction."""

    sent: int = 0
    sent_bytes: int = 0
    """All that was handed over, dropped ones included."""
    passed: int = 0
    passed_bytes: int = 0
    lost: int = 0
    overflowed: int = 0
    """Dropped since the queue was full."""
    cut: int = 0
    """Handed over, or on their way, while nothing passed."""


class LossModel:
    """Decides which packets are lost (Gilbert, 1960: within a run of losses none passes)."""

    def __init__(self, loss: float, burst_packets: float, rng: random.Random) -> None:
        self._rng = rng
        self._is_bad = False
        if burst_packets > 1.0:
            self._leave = 1 / burst_packets
            self._enter = loss * self._leave / (1 - loss)
        else:
            # Then a packet's fate does not depend on that of the one before.
            self._leave = 1 - loss
            self._enter = loss

    def is_lost(self) -> bool:
        """Decides for the next packet."""
        chance = self._rng.random()
        self._is_bad = chance >= self._leave if self._is_bad else chance < self._enter
        return self._is_bad


@dataclasses.dataclass(order=True, slots=True)
class _OnItsWay:
    arrives_at: float
    order: int
    leaves_at: float = dataclasses.field(compare=False)
    """Time at which the last bit has passed the bottleneck."""
    is_lost: bool = dataclasses.field(compare=False)
    packet: bytes = dataclasses.field(compare=False)


class EmulatedPath:
    """One direction of a path. ``now`` in seconds, never going back."""

    def __init__(self, conditions: Conditions, *, seed: int = 1) -> None:
        self.counters = PathCounters()
        self._rng = random.Random(seed)
        self._heap: list[_OnItsWay] = []
        self._order = 0
        self._free_at = 0.0
        self._last_arrival = 0.0
        self._conditions = conditions
        self._losses = self._new_losses()

    @property
    def conditions(self) -> Conditions:
        """The conditions of now."""
        return self._conditions

    @property
    def next_deadline(self) -> float | None:
        """Time of the next arrival; None while nothing is on its way."""
        return self._heap[0].arrives_at if self._heap else None

    def queue_s(self, *, now: float) -> float:
        """Seconds that a packet that comes now waits for the bottleneck."""
        return max(0.0, self._free_at - now)

    def send(self, packet: bytes, *, now: float) -> None:
        """Takes a packet."""
        counters, conditions = self.counters, self._conditions
        counters.sent += 1
        counters.sent_bytes += len(packet)
        if conditions.is_cut:
            counters.cut += 1
        elif self._free_at - now > conditions.queue_s:
            counters.overflowed += 1
        else:
            self._queue(packet, is_lost=self._losses.is_lost(), now=now)

    def due(self, *, now: float) -> list[bytes]:
        """Returns the packets that arrive until now, in the order of their arrival."""
        found = []
        while self._heap and self._heap[0].arrives_at <= now:
            entry = heapq.heappop(self._heap)
            if entry.is_lost:
                self.counters.lost += 1
                continue
            self.counters.passed += 1
            self.counters.passed_bytes += len(entry.packet)
            found.append(entry.packet)
        return found

    def change(self, conditions: Conditions, *, now: float) -> None:
        """Sets the conditions. What still waits for the bottleneck goes by the new rate."""
        was, self._conditions = self._conditions, conditions
        if (was.loss, was.burst_packets) != (conditions.loss, conditions.burst_packets):
            self._losses = self._new_losses()
        entries = sorted(self._heap, key=lambda entry: entry.order)
        if conditions.is_cut:
            self.counters.cut += len(entries)
            self._heap, self._free_at = [], now
            return
        waiting = [entry for entry in entries if entry.leaves_at > now]
        self._heap = [entry for entry in entries if entry.leaves_at <= now]
        heapq.heapify(self._heap)
        self._free_at = now
        arrivals = [entry.arrives_at for entry in self._heap if not entry.is_lost]
        self._last_arrival = max(arrivals, default=now)
        for entry in waiting:
            self._queue(entry.packet, is_lost=entry.is_lost, now=now)

    def _new_losses(self) -> LossModel:
        return LossModel(self._conditions.loss, self._conditions.burst_packets, self._rng)

    def _queue(self, packet: bytes, *, is_lost: bool, now: float) -> None:
        conditions = self._conditions
        leaves_at = max(now, self._free_at) + len(packet) * 8 / conditions.rate_bps
        self._free_at = leaves_at
        arrives_at = leaves_at + conditions.delay_s
        if conditions.jitter_s:
            jitter_s = self._rng.uniform(-conditions.jitter_s, conditions.jitter_s)
            arrives_at = max(leaves_at, arrives_at + jitter_s)
        if conditions.keeps_order and not is_lost:
            arrives_at = self._last_arrival = max(self._last_arrival, arrives_at)
        self._order += 1
        entry = _OnItsWay(arrives_at, self._order, leaves_at, is_lost, packet)
        heapq.heappush(self._heap, entry)
