"""The people who watch, not their connections: one viewer may hold several sessions."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterable

PRESENT_S = 12.0
"""A player of HLS counts so long after it asked for a playlist, at least every four seconds."""

MAX_PLAYERS = 10_000
"""Players of HLS that are remembered; of more, those that asked longest ago are forgotten."""

MAX_PEOPLE = 1_000
"""Names of one stream in a heartbeat; whoever is beyond counts once on each node."""

_NAME_BYTES = 6
"""Bytes of a name's hash: of a thousand names two are equal once in 500 million times."""


class Audience:
    """Counts viewers by the random names that pages and playlists give them.

    A name is no identity: it is made anew with each page. Only its hash leaves the process.
    """

    def __init__(self, sessions: Callable[[str], Iterable[str]]) -> None:
        """``sessions`` gives, for a stream, a name for each playback session of this node."""
        self._sessions = sessions
        self._salt = secrets.token_bytes(8)
        self._players: dict[tuple[str, str, str], float] = {}
        "Times of the last request of each (stream, rendition, name), the newest last."

    def note(self, stream: str, rendition: str, name: str, *, now: float | None = None) -> None:
        """Notes that a player has asked for a playlist."""
        now = time.monotonic() if now is None else now
        key = (stream, rendition, name)
        self._players.pop(key, None)
        self._players[key] = now
        self._forget(now)

    def unnamed(self, address: str) -> str:
        """Returns a name for whoever gave none: one for an address, which is not kept."""
        return hashlib.blake2b(address.encode(), key=self._salt, digest_size=8).hexdigest()

    def players(self, stream: str, *, now: float | None = None) -> dict[str, int]:
        """Returns the players of HLS of a stream, by rendition."""
        self._forget(time.monotonic() if now is None else now)
        return dict(Counter(rendition for of, rendition, _ in self._players if of == stream))

    def streams(self) -> set[str]:
        """Returns the streams that have players of HLS here."""
        return {stream for stream, _, _ in self._players}

    def people(self, stream: str, *, now: float | None = None) -> tuple[list[str], int]:
        """Returns (hashes of names of this node's viewers, number of further ones)."""
        self._forget(time.monotonic() if now is None else now)
        names = set(self._sessions(stream))
        names |= {name for of, _, name in self._players if of == stream}
        found = sorted(_hash(stream, name) for name in names)
        return found[:MAX_PEOPLE], len(found[MAX_PEOPLE:])

    def _forget(self, now: float) -> None:
        while self._players:
            oldest = next(iter(self._players))
            if now - self._players[oldest] < PRESENT_S and len(self._players) <= MAX_PLAYERS:
                return
            del self._players[oldest]


def _hash(stream: str, name: str) -> str:
    return hashlib.blake2b(f"{stream} {name}".encode(), digest_size=_NAME_BYTES).hexdigest()
