"""A token bucket: so many at once, so many a second; time is an argument."""

from __future__ import annotations


class TokenBucket:
    """Starts full with ``burst`` tokens and gains ``per_s`` a second up to that."""

    def __init__(self, *, per_s: float, burst: float) -> None:
        self._per_s = per_s
        self._burst = burst
        self._tokens = burst
        self._at: float | None = None

    def take(self, *, now: float) -> bool:
        """Takes one token, False if there is none; ``now`` in seconds, never going back."""
        if self._at is not None:
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._per_s)
        self._at = now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True
