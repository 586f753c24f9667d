"""ICE credentials of one session (RFC 8445 section 5.3)."""

from __future__ import annotations

import dataclasses
import secrets

_UFRAG_BYTES = 6
"""48 random bits (24 are asked for): the fragment also finds the peer among all of the process."""

_PASSWORD_BYTES = 18
"""144 random bits (128 are asked for)."""


@dataclasses.dataclass(frozen=True, slots=True)
class Credentials:
    """User name fragment and password of one side."""

    ufrag: str
    password: str = dataclasses.field(repr=False)

    @classmethod
    def make(cls) -> Credentials:
        """Makes random ones of the letters that RFC 8839 section 5.4 allows."""
        return cls(_letters(_UFRAG_BYTES), _letters(_PASSWORD_BYTES))


@dataclasses.dataclass(frozen=True, slots=True)
class SessionCredentials:
    """Credentials of both sides. A restart of ICE changes both (RFC 8445 section 9)."""

    local: Credentials
    remote: Credentials

    @property
    def name(self) -> bytes:
        """Our fragment, by which the USERNAME of each request to us begins."""
        return self.local.ufrag.encode()


def _letters(size: int) -> str:
    return secrets.token_urlsafe(size).replace("-", "+").replace("_", "/")
