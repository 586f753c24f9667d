"""The rights of whoever holds a token."""

from __future__ import annotations

import dataclasses
import enum

from app.access.patterns import matches
from wire.stream_keys import KeyLimits, View


class Act(enum.Enum):
    """The acts that a right is needed for."""

    PUBLISH = "publish"
    VIEW = "view"
    OWN = "own"
    """Change its enhancement, its renditions and who may watch it."""
    ADMIN = "admin"
    """Whatever the admin token allows, with all streams and the server."""


class GrantKind(enum.Enum):
    """The kind of token that was shown."""

    ADMIN_TOKEN = "admin-token"
    PUBLISH_TOKEN = "publish-token"
    KEY = "key"
    VIEW_TOKEN = "view-token"
    JWT = "jwt"
    HOOK = "hook"
    OPEN = "open"
    """None: the server needs none for this."""


@dataclasses.dataclass(frozen=True, slots=True)
class Grant:
    """The rights that a token gives."""

    kind: GrantKind
    acts: frozenset[Act]
    who: str = ""
    "Id of the key, or subject of the JWT; never a secret."
    streams: tuple[str, ...] = ("*",)
    "Names and patterns for which it holds."
    limits: KeyLimits = KeyLimits()
    view: View | None = None
    "Permission that its streams get with their first publisher; None: they stay as they are."

    def allows(self, act: Act, stream: str) -> bool:
        """True if the act is granted for this stream."""
        return act in self.acts and any(matches(each, stream) for each in self.streams)

    @property
    def is_admin(self) -> bool:
        """True if it may do everything."""
        return Act.ADMIN in self.acts

    @property
    def name(self) -> str:
        """Its kind and holder, for the audit log."""
        return f"{self.kind.value} {self.who}".strip()


OPEN = Grant(GrantKind.OPEN, frozenset(Act))
"""The rights of everybody where no token is needed: on loopback, without tokens and keys."""
