"""Time-limited logins for a TURN server that shares a secret with us.

The scheme is that of the IETF draft "A REST API For Access To TURN Services"
(draft-uberti-behave-turn-rest-00, section 2.2), as coturn has it with ``use-auth-secret``.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import secrets
from collections.abc import Callable

from app.webrtc.ice import IceServer

LOGIN_S = 12 * 3600
"""Seconds for which a login opens new relays. One that is open already stays: a page that is
left open may join again half a day later."""


def make_login(secret: str, *, now_s: float, name: str) -> tuple[str, str]:
    """Makes a login (user name, password) that is valid until ``now_s + LOGIN_S`` (Unix s)."""
    user = f"{int(now_s) + LOGIN_S}:{name}"
    # SHA-1 is what TURN servers compute for this scheme; there is no choice.
    digest = hmac.new(secret.encode(), user.encode(), hashlib.sha1).digest()
    return user, base64.b64encode(digest).decode()


@dataclasses.dataclass(frozen=True, slots=True)
class IceServerList:
    """The STUN and TURN servers that browsers are told of."""

    servers: tuple[IceServer, ...] = ()
    secret: str = dataclasses.field(default="", repr=False)
    """Shared with the TURN servers that have no login of their own; empty: there is none."""
    name: Callable[[], str] = lambda: secrets.token_hex(6)
    """Makes the name in a login. Each login has another, so that a quota by name is one by peer."""

    def for_peer(self, *, now_s: float) -> tuple[IceServer, ...]:
        """Returns the servers as one peer gets them, with a login of its own (Unix seconds)."""
        if not self.secret:
            return self.servers
        user, password = make_login(self.secret, now_s=now_s, name=self.name())
        return tuple(
            dataclasses.replace(server, username=user, credential=password)
            if server.is_turn and not server.username
            else server
            for server in self.servers
        )
