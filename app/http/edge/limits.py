"""Rate limits on the requests of an address, by area.

Sized for 200 people behind one address (NAT): each reads a stream's state once a second, and all
of them join at the same moment. A page is about forty files, so files have a bucket of their own.
"""

from __future__ import annotations

import dataclasses

from app.buckets import BucketTable, Rate
from app.http.edge.areas import Area
from app.http.edge.wrong_tokens import WrongTokens

# 200 offers at one moment, and a quarter more for those that are repeated.
SESSIONS = Rate(per_s=50.0, burst=250.0)
"""Rate of posted offers and of all other requests that change something."""
# Twice what 200 watch pages ask.
READS = Rate(per_s=400.0, burst=1200.0)
"""Rate of requests for JSON and metrics, and of preflights."""
# 200 pages of forty files are 8,000.
FILES = Rate(per_s=1000.0, burst=10_000.0)
"""Rate of requests for pages and their files."""
# Two requests for each part of 0.2 s, by 200 players.
HLS = Rate(per_s=2000.0, burst=6000.0)
"""Rate of requests for playlists, segments and parts."""

_READING = ("GET", "HEAD", "OPTIONS")


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    """The properties of a request that the limits depend on."""

    key: str
    "The client's key, made by ``limit_key``."
    area: Area
    method: str
    has_token: bool
    "True if the request has a token: in its Authorization header, its query or its path."


class RequestLimits:
    """The rate limits of all addresses."""

    def __init__(self) -> None:
        self._tables = {
            "sessions": BucketTable(SESSIONS),
            "reads": BucketTable(READS),
            "files": BucketTable(FILES),
            "hls": BucketTable(HLS),
        }
        self.tokens = WrongTokens()
        """The limit on wrong tokens, for whoever looks them up."""

    def wait_s(self, asked: Asked, *, now: float) -> float:
        """Counts a request. Returns 0 if it may pass, else the seconds until the next try.

        An address that sent too many wrong tokens gets no answer to another one, right or wrong;
        what needs no token it may still do.
        """
        if asked.has_token:
            # Only to refuse early: tokens are counted where they are looked up.
            wait = self.tokens.wait_s(asked.key, now=now)
            if wait:
                return wait
        return self._table(asked).take(asked.key, now=now)

    @property
    def refused(self) -> dict[str, int]:
        """The number of refused requests, by the bucket that was empty."""
        found = {name: table.refused for name, table in self._tables.items()}
        return {**found, "wrong_tokens": self.tokens.refused}

    def _table(self, asked: Asked) -> BucketTable:
        if asked.area in (Area.PAGE, Area.HEALTH):
            return self._tables["files"]
        if asked.area is Area.HLS:
            return self._tables["hls"]
        return self._tables["reads" if asked.method in _READING else "sessions"]
