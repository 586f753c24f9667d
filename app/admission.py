"""Limits new sessions: offers answered per second, and connections that do not stand yet.

Answering an offer takes half a millisecond of the loop that moves packets, with its request and
records two, and each unanswered peer is kept for seconds. Both cost whoever asks nothing, so both
are bounded for all together, and for each address.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterable

from app.errors import Full, TooMany
from app.token_bucket import TokenBucket

PER_S = 100.0
"""Offers answered a second, for all together: at most a fifth of the loop's time."""

BURST = 30.0
"""Offers that may be answered at once: no packet waits for longer than 60 ms."""

MAX_WAIT_S = 2.0
"""Maximum time in seconds that an offer waits; 230 people may join in the same moment, as far as
``MAX_PENDING`` lets them."""

MAX_PENDING = 128
"""Maximum number of peers that were answered and are not connected.

They have 4 s to show themselves, and half a second to connect: more than can be answered a second.
"""


class AnswerPace:
    """Spreads answers over time: whoever comes too early books a token that is still to come."""

    def __init__(self, per_s: float = PER_S, burst: float = BURST) -> None:
        self._bucket = TokenBucket(per_s=per_s, burst=burst)

    def book(self, *, now: float) -> float | None:
        """Returns the seconds to wait before answering, None where that is too long."""
        wait = self._bucket.wait_s(now=now)
        if wait > MAX_WAIT_S:
            return None
        # Taken in advance where there is none: the next offer waits behind this one.
        self._bucket.spend(now=now)
        return wait


class Admission:
    """Lets offers pass to be answered. ``pending`` gives the addresses of unconnected peers."""

    def __init__(
        self,
        pending: Callable[[], Iterable[str]],
        *,
        most: int = MAX_PENDING,
        pace: AnswerPace | None = None,
    ) -> None:
        self._pending = pending
        self._most = most
        # One address alone must not keep all others out.
        self._most_per_address = max(most // 2, 1)
        self._pace = pace or AnswerPace()
        self._entering: list[str] = []
        "Addresses of those whose offers wait or are being answered."
        self.refused: dict[str, int] = {"pending": 0, "pending_address": 0, "pace": 0}
        """Offers not answered, by the limit that was met; for /metrics."""

    @contextlib.asynccontextmanager
    async def enter(self, address: str) -> AsyncIterator[None]:
        """Lets an offer in, after a wait, until the block ends. Raises Full or TooMany."""
        wait = self._book(address)
        # From here on the offer counts, also while it waits: no peer stands for it yet.
        self._entering.append(address)
        try:
            if wait > 0:
                await asyncio.sleep(wait)
            yield
        finally:
            # Also where the client left while its offer waited: the task is cancelled then.
            self._entering.remove(address)

    def _book(self, address: str) -> float:
        present = [*self._pending(), *self._entering]
        # First the limit of the address: who has met it is told so, not that the server is full.
        if present.count(address) >= self._most_per_address:
            self.refused["pending_address"] += 1
            raise TooMany(
                "Too many sessions of this address are not connected yet.", retry_after_s=1
            )
        if len(present) >= self._most:
            self.refused["pending"] += 1
            raise Full("Too many sessions are not connected yet.")
        # Last of all, since it books: an offer refused for another reason costs no token.
        wait = self._pace.book(now=time.monotonic())
        if wait is None:
            self.refused["pace"] += 1
            raise Full("Too many people ask for a session at this moment.")
        return wait
