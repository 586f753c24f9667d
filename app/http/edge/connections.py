"""How many connections there may be: in all, and of one address."""

from __future__ import annotations

MAX_CONNECTIONS = 2000
"""Browsers hold one or two for each viewer, and let go of them after 15 s without a request."""

MAX_PER_ADDRESS = 500
"""200 viewers behind one address, with two connections each, and some."""


class ConnectionCounts:
    """Admits connections, and counts those that it did not admit."""

    def __init__(self, most: int = MAX_CONNECTIONS, most_per_key: int = MAX_PER_ADDRESS) -> None:
        self._most = most
        self._most_per_key = most_per_key
        self._by_key: dict[str, int] = {}
        self.open = 0
        self.refused = 0
        """For /metrics."""

    def admit(self, key: str) -> bool:
        """True if one more of this key may be; ``leave`` gives its place back."""
        count = self._by_key.get(key, 0)
        if self.open >= self._most or count >= self._most_per_key:
            self.refused += 1
            return False
        self._by_key[key] = count + 1
        self.open += 1
        return True

    def leave(self, key: str) -> None:
        """A connection of this key is gone."""
        self.open -= 1
        self._by_key[key] -= 1
        if not self._by_key[key]:
            del self._by_key[key]
