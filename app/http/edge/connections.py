"""Limits on open connections: in total, and for one address."""

from __future__ import annotations

MAX_CONNECTIONS = 2000
"""Maximum number of connections. Browsers hold one or two for each viewer, and close them after
15 s without a request."""

MAX_PER_ADDRESS = 500
"""Maximum number of connections of one address: 200 viewers with two each, and some spare."""


class ConnectionCounts:
    """Admits connections up to the limits, and counts those that it refuses."""

    def __init__(self, most: int = MAX_CONNECTIONS, most_per_key: int = MAX_PER_ADDRESS) -> None:
        self._most = most
        self._most_per_key = most_per_key
        self._by_key: dict[str, int] = {}
        self.open = 0
        self.refused = 0
        """Number of connections refused; for /metrics."""

    def admit(self, key: str) -> bool:
        """Counts one more connection of this key, if it may have one; ``leave`` ends it."""
        count = self._by_key.get(key, 0)
        if self.open >= self._most or count >= self._most_per_key:
            self.refused += 1
            return False
        self._by_key[key] = count + 1
        self.open += 1
        return True

    def leave(self, key: str) -> None:
        """Counts one connection of this key less."""
        self.open -= 1
        self._by_key[key] -= 1
        # Otherwise the table would keep every address that ever connected.
        if not self._by_key[key]:
            del self._by_key[key]
