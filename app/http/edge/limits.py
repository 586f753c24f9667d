"""How often an address may ask, by what it asks for.

Sized for 200 people behind one address (NAT): each looks at a stream's state once a second, and all
of them join at the same moment. A page is about forty files, so files have a bucket of their own.
"""

from __future__ import annotations

import dataclasses

from app.http.edge.areas import Area
from app.http.edge.buckets import BucketTable, Rate

SESSIONS = Rate(per_s=50.0, burst=250.0)
"""Offers posted, and everything else that changes something."""
READS = Rate(per_s=400.0, burst=1200.0)
"""JSON, metrics and preflights."""
FILES = Rate(per_s=1000.0, burst=10_000.0)
"""Pages and their files."""
WRONG_TOKENS = Rate(per_s=1 / 3, burst=10.0)
"""Wrong tokens. A word of 8 random letters is guessed after 10,000 years on average."""

_READING = ("GET", "HEAD", "OPTIONS")


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    """One request, as the limits see it."""

    key: str
    "Of ``limit_key``."
    area: Area
    method: str
    has_token: bool
    "It carries an Authorization header."


class RequestLimits:
    """The buckets of all addresses."""

    def __init__(self) -> None:
        self._tables = {
            "sessions": BucketTable(SESSIONS),
            "reads": BucketTable(READS),
            "files": BucketTable(FILES),
            "wrong_tokens": BucketTable(WRONG_TOKENS),
        }

    def wait_s(self, asked: Asked, *, now: float) -> float:
        """Counts a request: 0 if it may pass, else the seconds after which to try again.

        An address that sent too many wrong tokens gets no answer to another one, right or wrong;
        what needs no token it may still do.
        """
        if asked.has_token:
            wait = self._tables["wrong_tokens"].wait_s(asked.key, now=now)
            if wait:
                self._tables["wrong_tokens"].refused += 1
                return wait
        return self._table(asked).take(asked.key, now=now)

    def on_wrong_token(self, key: str, *, now: float) -> None:
        """A request with a token was answered by 401."""
        self._tables["wrong_tokens"].spend(key, now=now)

    @property
    def refused(self) -> dict[str, int]:
        """Requests that were refused so far, by the bucket that was empty."""
        return {name: table.refused for name, table in self._tables.items()}

    def _table(self, asked: Asked) -> BucketTable:
        if asked.area in (Area.PAGE, Area.HEALTH):
            return self._tables["files"]
        return self._tables["reads" if asked.method in _READING else "sessions"]
