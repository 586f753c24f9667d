"""The people who watch, not their connections: one viewer may hold several sessions."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

PRESENT_S = 12.0
"""A player of HLS counts so long after it asked for a playlist, at least every four seconds."""

MAX_PLAYERS = 10_000
"""Players of HLS that are remembered; of more, those that asked longest ago are forgotten."""

MAX_PEOPLE = 1_000
"""Names of one stream in a heartbeat; whoever is beyond counts once on each node."""

MAX_SESSIONS_OF_ONE = 4
"""Sessions of one name on a node that count as one viewer: a page has two, and twice as many while
it connects anew. Each beyond counts once, or one name would let everybody in."""

_NAME_BYTES = 6
"""Bytes of a name's hash: of a thousand names two are equal once in 500 million times."""


class Watching(NamedTuple):
    """A session or a player of HLS."""

    stream: str
    rendition: str
    name: str
    "Random name of its viewer."


class Audience:
    """Counts viewers by the random names that pages and playlists give them.

    A name is no identity: it is made anew with each page. Only its hash leaves the process.
    """

    def __init__(self, sessions: Callable[[], Iterable[Watching]]) -> None:
        """``sessions`` gives the playback sessions of this node."""
        self._sessions = sessions
        self._salt = secrets.token_bytes(8)
        self._players: dict[Watching, float] = {}
        "Times of the last request of each, the newest last."
        self._joining: Counter[tuple[str, str]] = Counter()
        "Sessions that are being made, by (stream, name)."

    def note(self, stream: str, rendition: str, name: str, *, now: float | None = None) -> None:
        """Notes that a player has asked for a playlist."""
        now = time.monotonic() if now is None else now
        player = Watching(stream, rendition, name)
        self._players.pop(player, None)
        self._players[player] = now
        self._forget(now)

    def plays(self, stream: str, rendition: str, name: str, *, now: float | None = None) -> bool:
        """True if the player of HLS counts already. Costs the same however many there are."""
        self._forget(time.monotonic() if now is None else now)
        return Watching(stream, rendition, name) in self._players

    @contextlib.contextmanager
    def joining(self, stream: str, name: str) -> Iterator[None]:
        """Counts a viewer whose session is being made, until the block ends."""
        self._joining[stream, name] += 1
        try:
            yield
        finally:
            self._joining[stream, name] -= 1
            if not self._joining[stream, name]:
                del self._joining[stream, name]

    def unnamed(self, address: str) -> str:
        """Returns a name for whoever gave none: one for an address, which is not kept."""
        return hashlib.blake2b(address.encode(), key=self._salt, digest_size=8).hexdigest()

    def players(self, stream: str, *, now: float | None = None) -> dict[str, int]:
        """Returns the players of HLS of a stream, by rendition."""
        self._forget(time.monotonic() if now is None else now)
        return dict(Counter(each.rendition for each in self._players if each.stream == stream))

    def streams(self) -> set[str]:
        """Returns the streams that have players of HLS here."""
        return {each.stream for each in self._players}

    def people(self, stream: str, *, now: float | None = None) -> tuple[list[str], int]:
        """Returns (hashes of names of this node's viewers, number of further ones)."""
        names, more = self._people(stream, time.monotonic() if now is None else now)
        found = sorted(name_hash(stream, name) for name in names)
        return found[:MAX_PEOPLE], len(found[MAX_PEOPLE:]) + more

    def has_place(
        self,
        stream: str,
        name: str,
        *,
        most: int,
        others: Iterable[str] = (),
        more_others: int = 0,
        now: float | None = None,
    ) -> bool:
        """True if a viewer may watch a stream that ``most`` may watch at a time.

        ``others`` are the hashes that other nodes tell, ``more_others`` their further viewers.
        Whoever watches already, here or there, has a place.
        """
        names, more = self._people(stream, time.monotonic() if now is None else now)
        hashes = {name_hash(stream, each) for each in names}.union(others)
        if name_hash(stream, name) in hashes and names[name] < MAX_SESSIONS_OF_ONE:
            return True
        return len(hashes) + more + more_others < most

    def present(self, *, now: float | None = None) -> dict[tuple[str, str], str]:
        """Returns the rendition of each (stream, name) that is watched here.

        Of a viewer with several it is that of a session, or what its player asked for last.
        """
        self._forget(time.monotonic() if now is None else now)
        found = {(each.stream, each.name): each.rendition for each in self._players}
        return found | {(each.stream, each.name): each.rendition for each in self._sessions()}

    def clear(self) -> None:
        """Forgets all players, as the node ends."""
        self._players.clear()

    def _people(self, stream: str, now: float) -> tuple[Counter[str], int]:
        """Returns the names of a stream's viewers with their sessions, and further viewers."""
        self._forget(now)
        names = Counter(each.name for each in self._sessions() if each.stream == stream)
        names.update({name: n for (of, name), n in self._joining.items() if of == stream})
        more = sum(max(0, sessions - MAX_SESSIONS_OF_ONE) for sessions in names.values())
        for player in self._players:
            if player.stream == stream:
                names[player.name] += 0  # a name of its own, and no session
        return names, more

    def _forget(self, now: float) -> None:
        while self._players:
            oldest = next(iter(self._players))
            if now - self._players[oldest] < PRESENT_S and len(self._players) <= MAX_PLAYERS:
                return
            del self._players[oldest]


def name_hash(stream: str, name: str) -> str:
    """Returns what may leave the process of a viewer's name: nobody can follow it elsewhere."""
    return hashlib.blake2b(f"{stream} {name}".encode(), digest_size=_NAME_BYTES).hexdigest()
