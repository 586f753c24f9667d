"""The limit on wrong tokens by address: which tokens may be looked up; no I/O, no clock.

Whoever looks a token up calls ``begin`` before, and ``end`` after it. What is looked up just then
counts as if it were wrong, so that many requests at one moment get no more guesses than one behind
the other.
"""

from __future__ import annotations

import collections
import enum
import hashlib
import secrets

from app.buckets import BucketTable, Rate
from app.token_bucket import TokenBucket

WRONG_TOKENS = Rate(per_s=1 / 3, burst=10.0)
"""Rate of wrong tokens: guessing 8 random letters takes 10,000 years on average."""

ALL_WRONG_TOKENS = Rate(per_s=50.0, burst=200.0)
"""Rate of wrong tokens of all addresses together, beyond which a single one is too much for an
address: until its own bucket is full again, in three seconds, it may send no token. Whoever sends a
right one from elsewhere notices nothing."""

# 200 people behind one address open the list, each with a token of his own.
UNDECIDED_TOKENS = Rate(per_s=1.0, burst=200.0)
"""Rate of different tokens in lists that only the access hook could know, which lists never ask:
they may be right. 8 random letters take 3,000 years."""

MAX_REMEMBERED = 4096
"""Wrong tokens that are remembered, about 1 MB; the one that was not sent for longest goes first,
and counts again when it comes back."""

LOOKUP_S = 1.0
"""Seconds until the next try where all that an address may send are being looked up: the access
hook, the slowest, mostly answers within one."""


class TokenVerdict(enum.Enum):
    """The result of looking a token up."""

    RIGHT = "right"
    """It is good, or was once; or nobody says, since whoever knows it is away."""
    WRONG = "wrong"
    """It was refused."""
    PASSED_OVER = "passed over"
    """Nobody knows it, and the request was answered as if it had none, as lists are."""
    UNDECIDED = "undecided"
    """Likewise, but the access hook, which was not asked, might know it."""


class WrongTokens:
    """Wrong tokens of all addresses. ``now`` is in seconds."""

    def __init__(self) -> None:
        self._wrong = BucketTable(WRONG_TOKENS)
        self._undecided = BucketTable(UNDECIDED_TOKENS)
        self._all_wrong = TokenBucket(
            per_s=ALL_WRONG_TOKENS.per_s, burst=ALL_WRONG_TOKENS.burst, most_owed=1.0
        )
        self._looked_up: dict[str, collections.Counter[bytes]] = {}
        self._remembered: collections.OrderedDict[bytes, None] = collections.OrderedDict()
        self._secret = secrets.token_bytes(32)
        self.refused = 0
        """Requests whose token was not looked up; for /metrics."""

    def wait_s(self, address: str, *, now: float) -> float:
        """Returns the seconds until the address may send another token; mostly 0.

        It only looks: right tokens take nothing.
        """
        wait = self._wrong.wait_s(address, now=now)
        if not wait and self._wrong.is_spent_from(address, now=now):
            wait = self._all_wrong.wait_s(now=now)
        if wait:
            self.refused += 1
        return wait

    def begin(self, address: str, token: str, *, now: float, may_be_hooks: bool = False) -> float:
        """Returns 0 if the token may be looked up, which ``end`` has to follow; else the seconds
        until the next try.

        ``may_be_hooks``: the verdict may be UNDECIDED.
        """
        wait = self.wait_s(address, now=now)
        if wait:
            return wait
        name = self._name(address, token)
        present = self._looked_up.get(address, collections.Counter())
        # One token in many requests is one guess.
        others = len(present) - (name in present)
        if self._wrong.wait_s(address, now=now, count=1 + others):
            wait = LOOKUP_S
        elif may_be_hooks and name not in self._remembered:
            wait = self._undecided.wait_s(address, now=now)
        if wait:
            self.refused += 1
            return wait
        self._looked_up.setdefault(address, present)[name] += 1
        return 0.0

    def end(self, address: str, token: str, verdict: TokenVerdict, *, now: float) -> None:
        """Counts a token that was looked up."""
        name = self._name(address, token)
        self._forget_lookup(address, name)
        if verdict is TokenVerdict.RIGHT:
            self._remembered.pop(name, None)
            return
        # A page shows its token to a list each second: over and over again it is one guess.
        is_known = name in self._remembered
        self._remember(name)
        if verdict is TokenVerdict.WRONG or (verdict is TokenVerdict.PASSED_OVER and not is_known):
            self._all_wrong.spend(now=now)
            self._wrong.spend(address, now=now)
        elif verdict is TokenVerdict.UNDECIDED and not is_known:
            self._undecided.spend(address, now=now)

    def _forget_lookup(self, address: str, name: bytes) -> None:
        present = self._looked_up[address]
        present[name] -= 1
        if present[name] <= 0:
            del present[name]
        if not present:
            del self._looked_up[address]

    def _remember(self, name: bytes) -> None:
        self._remembered[name] = None
        self._remembered.move_to_end(name)
        if len(self._remembered) > MAX_REMEMBERED:
            self._remembered.popitem(last=False)

    def _name(self, address: str, token: str) -> bytes:
        # Keyed: whoever reads the memory of this process later cannot try tokens against it.
        text = f"{len(address)}:{address}{token}".encode(errors="replace")
        return hashlib.blake2b(text, key=self._secret, digest_size=16).digest()
