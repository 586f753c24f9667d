"""A token bucket: so many at once, so many a second; time is an argument."""

from __future__ import annotations

import math


class TokenBucket:
    """Starts full with ``burst`` tokens and gains ``per_s`` a second up to that.

    Where tokens are spent in advance, no more are owed than ``most_owed``. ``now`` is in seconds;
    a clock that goes back gains nothing.
    """

    # The edge keeps thousands of these, one for each address and kind of request.
    __slots__ = ("_at", "_burst", "_least", "_per_s", "_tokens")

    def __init__(self, *, per_s: float, burst: float, most_owed: float = math.inf) -> None:
        self._per_s = per_s
        self._burst = burst
        self._least = -most_owed
        self._tokens = burst
        # The first call sets the clock, wherever it begins, and the bucket is full then.
        self._at = -math.inf

    def take(self, *, now: float) -> bool:
        """Takes one token, False if there is none."""
        if self._fill(now) < 1.0:
            return False
        self._tokens -= 1.0
        return True

    def wait_s(self, *, now: float, count: int = 1) -> float:
        """Returns the seconds until there are so many tokens; 0 if there are."""
        return max(count - self._fill(now), 0.0) / self._per_s

    def is_full(self, *, now: float) -> bool:
        """True if it has as many tokens as it can have."""
        return self._fill(now) >= self._burst

    def spend(self, *, now: float) -> None:
        """Takes one token, in advance where there is none."""
        self._tokens = max(self._fill(now) - 1.0, self._least)

    def _fill(self, now: float) -> float:
        if now > self._at:
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._per_s)
            self._at = now
        return self._tokens
