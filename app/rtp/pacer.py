"""Paces the video of one viewer: a burst leaves at once, the rest at a rate; no I/O, no clock.

A receiver's socket holds about 90 packets on Linux (212,992 bytes by default, of which each packet
takes 2,304), and the queues of real links hold no more. A group of pictures that leaves at once
overflows them.
"""

from __future__ import annotations

from collections.abc import Sequence

BURST_BYTES = 64_000
"""Leaves at once, about 55 packets: every frame but a large key frame."""

MIN_BPS = 24_000_000.0
"""The slowest pace: 700 kB take 0.24 s, less than a player's patience for a picture."""

RATE_FACTOR = 4.0
"""The pace is at least this many times the rendition's rate."""

STEP_BYTES = 6_000
"""Bytes that a pause waits for: 2 ms at the slowest pace, since timers are no finer than 1 ms."""


class Pacer:
    """A bucket of bytes that starts full. The last packet may overdraw it by a part of its size."""

    def __init__(self) -> None:
        self._bytes_per_s = self._usual = MIN_BPS / 8
        self._burst = float(BURST_BYTES)
        self._free = float(BURST_BYTES)
        self._at = 0.0
        self._waited = False

    def set_rate(self, bps: float) -> None:
        """Sets the rate of the rendition in bit/s: the pace is several times that."""
        self._usual = max(MIN_BPS, RATE_FACTOR * bps) / 8
        if self._burst == BURST_BYTES:
            self._bytes_per_s = self._usual

    def limit(self, bps: float | None) -> None:
        """Paces by what a congested path carries, so that packets wait here and not in a queue that
        overflows; None: as usual.
        """
        if bps is None:
            self._bytes_per_s, self._burst = self._usual, float(BURST_BYTES)
        else:
            self._bytes_per_s, self._burst = bps / 8, float(STEP_BYTES)
            self._free = min(self._free, self._burst)

    def take_all(self, sizes: Sequence[int], *, now: float) -> tuple[int, float]:
        """Takes packets in their order; returns how many may leave now, and the seconds to wait
        before the next one is asked for, zero if all leave.
        """
        for count, size in enumerate(sizes):
            if wait_s := self.take(size, now=now):
                return count, wait_s
        return len(sizes), 0.0

    def take_unit(self, size: int, *, now: float) -> bool:
        """Takes all packets of a unit if a burst has space for them, as nearly every one's has."""
        if self._waited:
            return False
        free = min(self._burst, self._free + (now - self._at) * self._bytes_per_s)
        if free < size:
            return False
        self._at, self._free = now, free - size
        return True

    def take(self, size: int, *, now: float) -> float:
        """Takes a packet, or says how many seconds to wait before it is asked for again.

        ``now`` in seconds, never going back. Zero means that the packet was taken.
        """
        free = self._free + (now - self._at) * self._bytes_per_s
        # Who woke up late catches up by no burst: what left before may still wait to be read.
        limit = min(1.5 * STEP_BYTES, self._burst) if self._waited else self._burst
        if free > limit:
            free = limit
        self._at = now
        if free > 0.0:
            self._free = free - size
            self._waited = False
            return 0.0
        self._free = free
        self._waited = True
        # Waits for several packets at once. They leave together, since timers are too coarse for
        # single packets.
        return (STEP_BYTES - free) / self._bytes_per_s

    def overdraw(self, size: int) -> None:
        """Counts a packet that did not wait: what follows waits longer, by at most one burst."""
        self._free = max(-float(BURST_BYTES), self._free - size)
