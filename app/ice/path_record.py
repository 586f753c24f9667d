"""Notes when a path of a peer checked us, and whether it answers our requests.

A check may come from a forged source. An answer cannot: the id of our request, 96 random bits, went
to the path's address and nowhere else (RFC 7675 section 5.1). Times are arguments in seconds.
"""

from __future__ import annotations

import math

from app.ice.credentials import SessionCredentials
from app.ice.stun import Attribute, StunKind, encode_message, new_transaction

REQUEST_S = 5.0
"""Seconds between our own requests, which measure the round trip: the pace of consent checks."""

RETRY_S = 0.5
"""Seconds between requests on a path that has answered none yet, which media waits for: RFC 8489
section 6.2.1 begins with that."""

MAX_RETRIES = 7
"""Requests that are made at that pace (RFC 8489 section 6.2.1, Rc); then it is ``REQUEST_S``."""

MAX_UNANSWERED = 3
"""Requests in a row without an answer, after which a publisher's path is asked no more. FFmpeg's
whip muxer answers none once it sends."""

CONSENT_S = 30.0
"""RFC 7675 section 5.1: nothing is sent when the last sign of consent is this old."""


_PRIORITY = (110 << 24 | 65535 << 8 | 255).to_bytes(4, "big")
"""RFC 8445 section 7.1.1: that of a peer-reflexive candidate of ours, by section 5.1.2.1."""


class PathRecord:
    """One path of a peer. ``must_answer``: it is asked for as long as it is used."""

    __slots__ = (
        "_asked_at",
        "_must_answer",
        "_next_at",
        "_open",
        "_unanswered",
        "answered_at",
        "checked_at",
    )

    def __init__(self, *, must_answer: bool, now: float) -> None:
        self.checked_at = now
        """Time of the last authentic check."""
        self.answered_at = -math.inf
        """Time of the last answer to a request of ours."""
        self._must_answer = must_answer
        self._open: dict[bytes, float] = {}
        "Times of the requests that may still be answered, by transaction."
        self._unanswered = 0
        self._asked_at = -math.inf
        self._next_at = now

    @property
    def is_proven(self) -> bool:
        """True if it answered, and ``on_time`` has not found that too old."""
        return self.answered_at > -math.inf

    def on_time(self, *, now: float) -> None:
        """Forgets answers that are too old to be consent."""
        if now - self.answered_at >= CONSENT_S:
            self.answered_at = -math.inf

    def ask_soon(self, *, now: float) -> None:
        """Makes a request due at once, or half a second after the last one."""
        self._unanswered = 0
        self._next_at = max(now, self._asked_at + RETRY_S)

    def due_transaction(self, *, now: float) -> bytes | None:
        """Returns the id of a request that is to be sent now, None if none is due.

        Each one has an id of its own, so that an answer tells which one it answers.
        """
        gives_up = not self._must_answer and self._unanswered >= MAX_UNANSWERED
        if now < self._next_at or gives_up:
            return None
        self._unanswered += 1
        waits = self._must_answer and not self.is_proven and self._unanswered <= MAX_RETRIES
        self._asked_at = now
        self._next_at = now + (RETRY_S if waits else REQUEST_S)
        self._open = {t: at for t, at in self._open.items() if now - at < REQUEST_S}
        transaction = new_transaction()
        self._open[transaction] = now
        return transaction

    def is_asked(self, transaction: bytes) -> bool:
        """True if a request of this id may still be answered."""
        return transaction in self._open

    def take_answer(self, transaction: bytes, *, now: float) -> float:
        """Notes the authentic answer to a request that ``is_asked``; returns its round trip."""
        asked_at = self._open[transaction]
        self._open.clear()
        self._unanswered = 0
        self._next_at = self._asked_at + REQUEST_S
        self.answered_at = now
        return max(now - asked_at, 0.0)


def encode_request(
    credentials: SessionCredentials, transaction: bytes, *, tie_breaker: bytes
) -> bytes:
    """Returns a request of ours: a check that nominates nothing, by the controlled side."""
    local, remote = credentials.local, credentials.remote
    attributes = [
        (Attribute.USERNAME, f"{remote.ufrag}:{local.ufrag}".encode()),
        (Attribute.PRIORITY, _PRIORITY),
        (Attribute.ICE_CONTROLLED, tie_breaker),
    ]
    return encode_message(
        StunKind.REQUEST, transaction, attributes, password=remote.password.encode()
    )
