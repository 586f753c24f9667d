"""Addresses that go on asking after they were refused: their requests are not even parsed.

Parsing a request and refusing it takes 0.6 ms of the loop that moves packets. Whoever is refused
again and again is read from only every few seconds, so that a flood waits in the kernel.
"""

from __future__ import annotations

from app.http.edge.buckets import BucketTable, Rate

PAUSE_S = 2.0
"""How long a connection of such an address is not read from before its next request."""

REFUSALS = Rate(per_s=10.0, burst=40.0)
"""That an address may have without being held back."""


class Penalties:
    """Counts refusals by address."""

    def __init__(self) -> None:
        self._refusals = BucketTable(REFUSALS)
        self.paused = 0
        """Requests that were held back; for /metrics."""

    def on_refusal(self, key: str, *, now: float) -> None:
        """A request of this address was refused by a limit."""
        self._refusals.spend(key, now=now)

    def pause_s(self, key: str, *, now: float) -> float:
        """How long to leave the next request of this address unread; mostly 0."""
        if not self._refusals.wait_s(key, now=now):
            return 0.0
        self.paused += 1
        return PAUSE_S
