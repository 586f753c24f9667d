"""The issuer's keys as far as they are known, and when to fetch them again; no I/O, no clock."""

from __future__ import annotations

import dataclasses
import enum
import math

from app.external_access.key_set import KeySet


@dataclasses.dataclass(frozen=True, slots=True)
class CacheTimes:
    """Times of the copy, in seconds."""

    refresh_s: float = 300.0
    "Age at which keys are fetched again: a key that the issuer withdrew is good no longer."
    pause_s: float = 10.0
    "Least time from one fetch to the next, whatever tokens come: strangers can name any key."
    max_pause_s: float = 60.0
    "Pauses double up to this while fetches fail."
    max_age_s: float = 24 * 3600.0
    "Age up to which keys are used while the issuer does not answer."


class Lookup(enum.Enum):
    """The reason why a key is not there."""

    AWAITED = "awaited"
    """A fetch is under way or due, and may bring it."""
    UNKNOWN = "unknown"
    """The issuer was asked just now, and has none of this name."""
    AWAY = "away"
    """The issuer does not answer."""


class KeyCache:
    """The copy of the issuer's keys. ``now`` is monotonic, in seconds."""

    def __init__(self, times: CacheTimes | None = None) -> None:
        self._times = times or CacheTimes()
        self._set = KeySet((), b"")
        self._loaded_at = -math.inf
        self._begun_at = -math.inf
        self._failures = 0
        self._is_fetching = False
        self._is_wanted = False

    def usable(self, *, now: float) -> KeySet:
        """Returns the keys, none where they are too old."""
        if now - self._loaded_at > self._times.max_age_s:
            return KeySet((), b"")
        return self._set

    def named(self, key_id: str, *, now: float) -> KeySet:
        """Returns the keys of this id; a token without an id ("") may be by any key."""
        found = self.usable(now=now)
        if not key_id:
            return found
        return KeySet(tuple(each for each in found.keys if each.id == key_id), found.digest)

    def miss(self, *, now: float) -> Lookup:
        """Notes that a key is not there; it is fetched if the last fetch is long enough ago."""
        if self._is_fetching:
            return Lookup.AWAITED
        if now >= self._begun_at + self._pause_s():
            self._is_wanted = True
            return Lookup.AWAITED
        return Lookup.AWAY if self._failures else Lookup.UNKNOWN

    @property
    def is_failing(self) -> bool:
        """True if the last fetch failed."""
        return self._failures > 0

    def wait_s(self, *, now: float) -> float:
        """Returns the seconds until the next fetch; 0: it is due."""
        if self._is_wanted:
            return 0.0
        interval = self._pause_s() if self._failures else self._times.refresh_s
        return max(0.0, self._begun_at + interval - now)

    def begin(self, *, now: float) -> None:
        """Notes that a fetch begins."""
        self._begun_at, self._is_fetching, self._is_wanted = now, True, False

    def succeed(self, found: KeySet, *, now: float) -> None:
        """Takes what a fetch brought."""
        self._set, self._loaded_at = found, now
        self._failures, self._is_fetching = 0, False

    def fail(self) -> None:
        """Notes that a fetch failed; what is there stays."""
        self._failures, self._is_fetching = self._failures + 1, False

    def _pause_s(self) -> float:
        doublings = min(max(self._failures - 1, 0), 20)
        return min(self._times.max_pause_s, self._times.pause_s * 2.0**doublings)
