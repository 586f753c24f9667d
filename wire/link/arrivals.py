"""Remembers what arrived, for the reports to the other side."""

from __future__ import annotations

import collections

from media.serial import Unwrapper
from wire.link.datagram import MAX_ARRIVALS, TICK_US, Report, Request

REPORT_S = 0.025
"""Time between reports while something arrives: 40 a second cost 20 kbit/s, and a control message
or a request waits for one no longer than a frame lasts."""

REPORT_PACKETS = 64
"""A report is due as soon as so many packets arrived, so that none has more than fit."""

REPEATS = 2
"""Each arrival is told by so many reports, since reports are lost too."""

_MAX_TICKS = 65_534


class Arrivals:
    """The packets that arrived and were not yet told twice. ``now`` in seconds."""

    def __init__(self) -> None:
        self._numbers = Unwrapper(32)
        self._rounds: collections.deque[dict[int, float]] = collections.deque([{}], maxlen=REPEATS)
        self._latest: tuple[int, float] | None = None
        self._due_at: float | None = None
        self.told_at = 0.0
        "Time of the last report."

    def add(self, packet: int, sent_us: int, *, now: float, at: float | None = None) -> None:
        """Notes a packet, which came at a time before now if it had to wait to be read."""
        at = now if at is None else at
        self._rounds[-1][self._numbers.unwrap(packet)] = at
        self._latest = (sent_us, at)
        if self._due_at is None:
            self._due_at = now + REPORT_S
        if len(self._rounds[-1]) >= REPORT_PACKETS:
            self._due_at = now

    @property
    def due_at(self) -> float | None:
        """Time at which the next report should leave; None if there is nothing to tell."""
        return self._due_at

    def report(self, *, control: int, requests: tuple[Request, ...], now: float) -> Report | None:
        """Returns a report and begins the next round; None if nothing ever arrived."""
        if self._latest is None:
            return None
        sent_us, at = self._latest
        told = {number: when for each in self._rounds for number, when in each.items()}
        self._rounds.append({})
        self._due_at = None
        self.told_at = now
        base, reference, arrivals = self._table(told)
        return Report(
            echo_us=sent_us,
            held_us=int((now - at) * 1e6),
            control=control % (1 << 32),
            base=base % (1 << 32),
            reference_us=int(reference * 1e6) % (1 << 32),
            arrivals=arrivals,
            requests=requests,
        )

    @staticmethod
    def _table(told: dict[int, float]) -> tuple[int, float, tuple[int, ...]]:
        if not told:
            return 0, 0.0, ()
        newest = max(told)
        # A gap wider than a report can hold leaves out the older side of it.
        base = max(min(told), newest - MAX_ARRIVALS + 1)
        told = {number: when for number, when in told.items() if number >= base}
        reference = min(told.values())
        ticks = {
            number: 1 + min(_MAX_TICKS, int((when - reference) * 1e6 / TICK_US))
            for number, when in told.items()
        }
        return base, reference, tuple(ticks.get(n, 0) for n in range(base, newest + 1))
