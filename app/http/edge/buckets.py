"""Token buckets for many keys, with a bound on how many are remembered."""

from __future__ import annotations

import collections
import dataclasses

from app.token_bucket import TokenBucket

MOST_KEYS = 4096
"""Remembered at a time, about 1 MB; beyond that the key that was unused for longest starts anew."""


@dataclasses.dataclass(frozen=True, slots=True)
class Rate:
    """How much a key may have: ``burst`` at once, and ``per_s`` in the long run."""

    per_s: float
    burst: float


class BucketTable:
    """One token bucket for each key, least recently used ones forgotten."""

    def __init__(self, rate: Rate, *, most: int = MOST_KEYS) -> None:
        self._rate = rate
        self._most = most
        self._buckets: collections.OrderedDict[str, TokenBucket] = collections.OrderedDict()
        self.refused = 0
        """Counts ``take`` calls that got nothing; for /metrics."""

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: str, *, now: float) -> float:
        """Takes one token: 0 if there was one, else the seconds until there will be."""
        wait = self.wait_s(key, now=now)
        if wait:
            self.refused += 1
        else:
            self.spend(key, now=now)
        return wait

    def wait_s(self, key: str, *, now: float) -> float:
        """The seconds until the key has a token, without taking it; 0 if it has one."""
        bucket = self._buckets.get(key)
        return bucket.wait_s(now=now) if bucket is not None else 0.0

    def spend(self, key: str, *, now: float) -> None:
        """Takes one token, in advance where there is none; no more than one is ever owed."""
        bucket = self._buckets.get(key)
        if bucket is None:
            rate = self._rate
            bucket = TokenBucket(per_s=rate.per_s, burst=rate.burst, most_owed=1.0)
            self._buckets[key] = bucket
        bucket.spend(now=now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
