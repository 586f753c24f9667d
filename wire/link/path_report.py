"""Reading of reports: the sender of a link learns loss, round trip, queue delay and rate."""

from __future__ import annotations

import collections
import dataclasses

import msgspec

from media.serial import Unwrapper
from wire.link.datagram import TICK_US, Report

MAX_IN_FLIGHT = 4096
"""Packets that are remembered until a report tells of them; 20 Mbit/s for two seconds."""

REORDER_PACKETS = 3
"""A packet is lost when this many later ones have arrived (RFC 9002 section 6.1.1)."""

REORDER_S = 0.02
"""Seconds by which a lost packet must also be older than the newest; jitter changes the order."""


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """A packet of which a report told for the first time."""

    sent_at: float
    """Seconds on the sender's clock."""
    arrived_at: float
    """Seconds on the receiver's clock, whose zero is unknown."""
    size: int
    """Bytes of the datagram."""


@dataclasses.dataclass(frozen=True, slots=True)
class PathReport:
    """Facts that one report tells."""

    arrivals: tuple[Arrival, ...]
    """Packets in the order of sending."""
    lost: int
    """Packets that are given up by this report."""
    lost_bytes: int
    """Bytes of those packets."""
    rtt_s: float
    """Round trip of the report's newest packet, without the time that the receiver held it."""


class _Sent(msgspec.Struct, frozen=True, gc=False):
    at: float
    size: int


class SentPackets:
    """Remembers what was sent until a report tells of it. Numbers grow without end."""

    def __init__(self) -> None:
        self._sent: collections.OrderedDict[int, _Sent] = collections.OrderedDict()
        self._clock = Unwrapper(32)
        self._next = 0
        self.forgotten = 0
        """Packets that left the memory before a report told of them."""

    def add(self, size: int, *, now: float) -> int:
        """Remembers a packet and returns its number."""
        number = self._next
        self._next += 1
        self._sent[number] = _Sent(now, size)
        if len(self._sent) > MAX_IN_FLIGHT:
            self._sent.popitem(last=False)
            self.forgotten += 1
        return number

    @property
    def in_flight(self) -> int:
        """Packets of which nothing is known yet."""
        return len(self._sent)

    def read(self, report: Report, *, now: float) -> PathReport:
        """Takes what the report tells out of the memory; repeated reports tell nothing new."""
        # What a report can tell of was sent before it: the number counts back from the next one.
        base = self._next - (self._next - report.base) % (1 << 32)
        reference_s = self._clock.unwrap(report.reference_us) / 1e6
        arrivals = []
        newest = -1
        for offset, ticks in enumerate(report.arrivals):
            if not ticks:
                continue
            newest = base + offset
            sent = self._sent.pop(newest, None)
            if sent is not None:
                arrived_at = reference_s + (ticks - 1) * TICK_US / 1e6
                arrivals.append(Arrival(sent.at, arrived_at, sent.size))
        rtt_us = (int(now * 1e6) - report.echo_us) % (1 << 32) - report.held_us
        lost, lost_bytes = self._give_up(newest, arrivals)
        return PathReport(tuple(arrivals), lost, lost_bytes, max(0.0, rtt_us / 1e6))

    def _give_up(self, newest: int, arrivals: list[Arrival]) -> tuple[int, int]:
        if not arrivals:
            return 0, 0
        before = max(each.sent_at for each in arrivals) - REORDER_S
        lost, lost_bytes = 0, 0
        while self._sent:
            number, sent = next(iter(self._sent.items()))
            if number > newest - REORDER_PACKETS or sent.at > before:
                break
            del self._sent[number]
            lost += 1
            lost_bytes += sent.size
        return lost, lost_bytes


class LossMeter:
    """The part of packets that the path loses: a mean over about the last 500 packets."""

    WEIGHT = 1 / 500
    """One packet's part of the mean; at 2 % loss the mean strays by a quarter of itself."""

    START = 0.02
    """Taken for the loss before anything is known: a mobile link on an ordinary day."""

    def __init__(self) -> None:
        self.loss = self.START
        """The loss that parity reckons with; until much is known, a part of it is ``START``."""
        self.measured = 0.0
        """The same of what was seen alone; 0 before the first packet."""
        self._seen = 0

    def add(self, arrived: int, lost: int) -> None:
        """Counts packets of which a report told."""
        total = arrived + lost
        if not total:
            return
        self._seen += total
        # The first packets weigh more, so that the start value is soon forgotten.
        weight = max(self.WEIGHT, 1 / (self._seen + 1 / self.START))
        weight = min(1.0, total * weight)
        self.loss += (lost / total - self.loss) * weight
        weight = min(1.0, total * max(self.WEIGHT, 1 / self._seen))
        self.measured += (lost / total - self.measured) * weight
