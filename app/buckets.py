"""Token buckets by key, for a bounded number of keys."""

from __future__ import annotations

import collections
import dataclasses

from app.token_bucket import TokenBucket

MAX_KEYS = 4096
"""Maximum number of keys, about 1 MB; beyond it the least recently used key is forgotten."""


@dataclasses.dataclass(frozen=True, slots=True)
class Rate:
    """The rate of one key: ``burst`` tokens at once, and ``per_s`` tokens per second."""

    per_s: float
    burst: float


class BucketTable:
    """One token bucket for each key; the least recently used ones are forgotten."""

    def __init__(self, rate: Rate, *, most: int = MAX_KEYS) -> None:
        self._rate = rate
        self._most = most
        self._buckets: collections.OrderedDict[str, TokenBucket] = collections.OrderedDict()
        self.refused = 0
        """Number of ``take`` calls that got no token; for /metrics."""

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: str, *, now: float) -> float:
        """Takes one token. Returns 0, or the seconds until the next token if there was none."""
        wait = self.wait_s(key, now=now)
        if wait:
            self.refused += 1
        else:
            self.spend(key, now=now)
        return wait

    def wait_s(self, key: str, *, now: float, count: int = 1) -> float:
        """Returns the seconds until the key has so many tokens, 0 if it has; takes none."""
        # A key that is not in the table has a full bucket: it never came, or was forgotten.
        bucket = self._buckets.get(key)
        if bucket is None:
            return max(count - self._rate.burst, 0.0) / self._rate.per_s
        return bucket.wait_s(now=now, count=count)

    def is_spent_from(self, key: str, *, now: float) -> bool:
        """True if a token of the key was taken that has not come back yet."""
        bucket = self._buckets.get(key)
        return bucket is not None and not bucket.is_full(now=now)

    def spend(self, key: str, *, now: float) -> None:
        """Takes one token, in advance if there is none; a key never owes more than one."""
        bucket = self._buckets.get(key)
        if bucket is None:
            rate = self._rate
            # Without the bound, a thousand wrong tokens at one moment would lock an address for 50
            # minutes.
            bucket = TokenBucket(per_s=rate.per_s, burst=rate.burst, most_owed=1.0)
            self._buckets[key] = bucket
        bucket.spend(now=now)
        self._buckets.move_to_end(key)
        # Whoever has thousands of addresses may so get fresh buckets. Against him stand the limits
        # that hold for all addresses together: connections, held bytes, answers per second.
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
