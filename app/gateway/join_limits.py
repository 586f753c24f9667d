"""Limits of joining by address: handshakes and wrong tokens. Sans-I/O; ``now`` in seconds."""

from __future__ import annotations

from collections.abc import Callable

from app.buckets import BucketTable, Rate
from app.client_address import limit_key

HANDSHAKES = Rate(per_s=2.0, burst=40.0)
"""Rate of DTLS handshakes of an address. Each costs about a millisecond of the event loop; forty
devices behind one NAT come back at once after their line was away."""

WRONG_TOKENS = Rate(per_s=0.1, burst=10.0)
"""Rate of wrong tokens of an address. Tokens cannot be guessed; this keeps the log readable."""

MAX_OPENING = 64
"""Connections of all addresses that have not joined; see ``endpoint.MAX_PEERS``."""

MAX_OPENING_PER_ADDRESS = 40
"""Connections of one address that have not joined: as many as handshakes at once."""


class JoinLimits:
    """Counts what addresses do before they have joined; the table of addresses is bounded."""

    def __init__(self, opening: Callable[[], list[str]] = list) -> None:
        """``opening`` returns the addresses of all connections that have not joined."""
        self._opening = opening
        self._handshakes = BucketTable(HANDSHAKES)
        self._wrong_tokens = BucketTable(WRONG_TOKENS)

    def may_begin(self, address: str, *, now: float) -> bool:
        """True if the address may begin a handshake; changes nothing, as it may be forged."""
        return not self._handshakes.wait_s(limit_key(address), now=now)

    def begin(self, address: str, *, now: float) -> bool:
        """Counts a handshake of an address that is real; False if it is refused."""
        key, opening = limit_key(address), self._opening()
        own = sum(limit_key(each) == key for each in opening)
        if len(opening) >= MAX_OPENING or own >= MAX_OPENING_PER_ADDRESS:
            return False
        return not self._handshakes.take(key, now=now)

    def may_try(self, address: str, *, now: float) -> bool:
        """True if the address may try another token."""
        return not self._wrong_tokens.wait_s(limit_key(address), now=now)

    def count_wrong(self, address: str, *, now: float) -> None:
        """Counts a wrong token."""
        self._wrong_tokens.spend(limit_key(address), now=now)
