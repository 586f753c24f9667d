"""Delays for addresses that go on asking after refusals; their requests stay unparsed meanwhile.

Parsing a request and refusing it takes 0.6 ms of the loop that moves packets. Whoever is refused
again and again is read from only every few seconds, so that a flood waits in the kernel.
"""

from __future__ import annotations

from app.buckets import BucketTable, Rate

PAUSE_S = 2.0
"""Time for which the next request of such an address is left unread."""

REFUSALS = Rate(per_s=10.0, burst=40.0)
"""Rate of refusals that an address may have without a delay."""


class Penalties:
    """Counts refusals by address, and says how long to delay the next request."""

    def __init__(self) -> None:
        self._refusals = BucketTable(REFUSALS)
        self.paused = 0
        """Number of requests that were delayed; for /metrics."""

    def on_refusal(self, key: str, *, now: float) -> None:
        """Counts a request of this address that a limit refused."""
        self._refusals.spend(key, now=now)

    def pause_s(self, key: str, *, now: float) -> float:
        """Returns the seconds to leave the next request of this address unread; mostly 0."""
        if not self._refusals.wait_s(key, now=now):
            return 0.0
        self.paused += 1
        return PAUSE_S
