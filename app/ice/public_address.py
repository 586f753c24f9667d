"""Our address as a STUN server sees it (RFC 8489 section 12): asked from a peers' socket."""

from __future__ import annotations

from app.ice.lite_agent import Address
from app.ice.stun import StunKind, encode_message, new_transaction, parse_message

RENEW_S = 25.0
"""Seconds between questions, which also keep a NAT's mapping (RFC 4787 asks for 2 minutes, many
keep 30 s)."""

RETRY_S = 1.0
"""Seconds until a question without an answer is repeated."""

MAX_TRIES = 5
"""Questions in a row without an answer, after which the address counts as unknown."""


class PublicAddress:
    """Asks one STUN server again and again. No I/O; times are arguments in seconds."""

    def __init__(self, *, now: float) -> None:
        self.address: Address | None = None
        """The address of the last answer; None before it, or when no answer comes any more."""
        self._transaction = b""
        self._tries = 0
        self._next_at = now

    def question(self, *, now: float) -> bytes | None:
        """Returns the question that is due, None while none is."""
        if now < self._next_at:
            return None
        if self._tries >= MAX_TRIES:
            self.address = None
        self._tries += 1
        self._next_at = now + (RETRY_S if self._tries < MAX_TRIES else RENEW_S)
        self._transaction = new_transaction()
        return encode_message(StunKind.REQUEST, self._transaction)

    def take(self, data: bytes, *, now: float) -> bool:
        """Takes a datagram of the server; True if it is the answer to the last question."""
        if data[8:20] != self._transaction or not self._tries:
            return False
        try:
            message = parse_message(data)
        except ValueError:
            return False
        if message.kind is not StunKind.RESPONSE or message.mapped_address is None:
            return False
        self.address = message.mapped_address
        self._tries = 0
        self._next_at = now + RENEW_S
        return True
