"""Times at which packets may leave: at the rate of the path, in few wakes. Sans-I/O."""

from __future__ import annotations

from wire.link.datagram import MAX_DATAGRAM_BYTES

BURST_BYTES = 6_000
"""Leaves at once: five packets, since timers of an event loop are no finer than 1 ms."""

TOGETHER_S = 0.008
"""Packets of so long leave together, within the burst: each wake costs as much as a packet. A
receiver takes gaps of so long for the sender's pace (``Incoming``)."""

MAX_LATE_S = 0.03
"""A process that comes so late to its packets sends at once what was due meanwhile; more than that
would be a queue on the path. It would otherwise send a burst for each time that it wakes, which is
3 Mbit/s where others have the processor for 16 ms, or where a quota takes it away."""

_ROUNDING_S = 1e-6
"""Bytes that are earned by a time are there a little after it, in numbers of 64 bits."""


class LinkPacer:
    """A bucket of bytes that may be sent. ``now`` in seconds, never going back."""

    def __init__(self) -> None:
        self._free_bytes = float(BURST_BYTES)
        self._at = 0.0
        self._flows, self._waits = True, False

    def idle(self) -> None:
        """Notes that nothing waits to be sent: no time is made up for."""
        self._waits = False

    def may_send(self, queued_bytes: int, *, rate_bps: float, now: float) -> bool:
        """True if a packet of the queue may leave."""
        if now > self._at:
            since_s, rate = now - self._at, rate_bps / 8
            most = float(BURST_BYTES)
            if self._waits:
                # Whoever wakes late for what was due may send it: it is no more than the rate.
                most = max(most, rate * min(since_s, MAX_LATE_S))
            self._free_bytes = min(most, self._free_bytes + since_s * rate)
            self._at = now
        if self._free_bytes < 0.0:
            self._flows = False
        elif not self._flows:
            self._flows = self._free_bytes >= _together(queued_bytes, rate_bps)
        self._waits = not self._flows
        return self._flows

    def spend(self, size: int) -> None:
        """Notes that a packet has left. The last one of a burst may be owed."""
        self._free_bytes -= size

    def next_at(self, queued_bytes: int, *, rate_bps: float) -> float:
        """Returns when a packet of the queue may leave; it may be past."""
        wanted = 0.0 if self._flows else _together(queued_bytes, rate_bps)
        lacking = max(0.0, wanted - self._free_bytes)
        return self._at + lacking * 8 / rate_bps + _ROUNDING_S


def _together(queued_bytes: int, rate_bps: float) -> float:
    """Returns the bytes that must be free before packets leave: those that leave together wake both
    sides once, and the last of them leaves as if each had waited for its own time.
    """
    most = min(BURST_BYTES, rate_bps * TOGETHER_S / 8, queued_bytes)
    return max(0.0, most - MAX_DATAGRAM_BYTES)
