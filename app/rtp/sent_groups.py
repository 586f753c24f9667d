"""Remembers what a viewer was sent, group by group, until its feedback comes; no I/O, no clock.

Packets that left in one moment are one group: a frame, or the part of one that the pacer let go. A
viewer of 1.4 Mbit/s gets 190 packets in 80 groups a second, and the work is by group.
"""

from __future__ import annotations

import collections
from collections.abc import Iterator

from app.rtp.transport_feedback import REFERENCE_TICKS, TICK_US, TransportFeedback
from media.serial import Unwrapper

MAX_GROUPS = 1024
"""Groups that are remembered; some ten seconds of a viewer. The oldest one goes."""

_TICK_S = TICK_US / 1e6


class SentGroup:
    """Packets with consecutive transport-wide numbers that left in one moment."""

    __slots__ = (
        "arrived",
        "count",
        "first",
        "first_at",
        "first_size",
        "last_at",
        "lost",
        "sent_at",
        "size",
    )

    def __init__(self, first: int, count: int, size: int, first_size: int, sent_at: float) -> None:
        self.first = first
        "Number of the first packet, unwrapped."
        self.count = count
        self.size = size
        "Bytes of all packets."
        self.first_size = first_size
        "Bytes of the first one."
        self.sent_at = sent_at
        "Seconds on our clock."
        self.arrived = 0
        self.lost = 0
        self.first_at = 0.0
        "Arrival of the first packet that came, in seconds on the viewer's clock."
        self.last_at = 0.0
        "Arrival of the last one."


class SentGroups:
    """Remembers groups and fills in what feedback tells. Numbers have 16 bits, and wrap."""

    def __init__(self) -> None:
        self._groups: collections.deque[SentGroup] = collections.deque()
        self._next = 0
        self._clock = Unwrapper(24)
        self.rtt_s = 0.0
        "Time from the sending of the newest packet to its feedback; 0 before the first one."

    def sent(self, count: int, size: int, first_size: int, *, now: float) -> int:
        """Remembers ``count`` packets of ``size`` bytes together, ``first_size`` of them in the
        first one, whose number is returned; ``now`` in seconds, never going back.
        """
        first = self._next
        self._next += count
        self._groups.append(SentGroup(first, count, size, first_size, now))
        if len(self._groups) > MAX_GROUPS:
            self._groups.popleft()
        return first & 0xFFFF

    def read(self, feedback: TransportFeedback, *, now: float) -> list[SentGroup]:
        """Returns the groups of whose last packet the feedback tells, in the order of sending.

        A packet that is told of again tells nothing new; groups that a lost feedback was about are
        left out.
        """
        # What feedback can tell of was sent before it, so the number counts back from the next one.
        base = self._next - (self._next - feedback.base) % 65_536
        end = base + len(feedback.arrivals)
        reference = self._clock.unwrap(feedback.reference & 0xFFFFFF) * REFERENCE_TICKS
        done: list[SentGroup] = []
        while self._groups and self._groups[0].first < end:
            group = self._groups[0]
            last = group.first + group.count
            if last > base:
                told = feedback.arrivals[max(0, group.first - base) : last - base]
                _fill(group, told, reference)
                self.rtt_s = now - group.sent_at
            if last > end:
                break
            if group.arrived + group.lost:
                done.append(group)
            self._groups.popleft()
        return done

    def waiting(self) -> Iterator[SentGroup]:
        """Yields the groups of which feedback did not tell yet, oldest first."""
        return iter(self._groups)


def _fill(group: SentGroup, told: tuple[int | None, ...], reference: int) -> None:
    came = [ticks for ticks in told if ticks is not None]
    group.lost += len(told) - len(came)
    if not came:
        return
    if not group.arrived:
        group.first_at = (reference + came[0]) * _TICK_S
    group.arrived += len(came)
    group.last_at = max(group.last_at, (reference + max(came)) * _TICK_S)
