"""The rights of whoever holds a token."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping

from app.access.patterns import matches
from wire.stream_keys import MAX_HELD, MAX_HELD_LIVE, OPERATOR, KeyLimits, Setter, View


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
    "Id of the key, or subject of the JWT or of the hook's answer; never a secret."
    streams: tuple[str, ...] = ("*",)
    "Names and patterns for which it holds."
    limits: KeyLimits = KeyLimits()
    view: View | None = None
    "Permission that its streams get with their first publisher; None: they stay as they are."
    by_act: Mapping[Act, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    "Names and patterns of an act, where they are others than ``streams``."

    def allows(self, act: Act, stream: str) -> bool:
        """True if the act is granted for this stream."""
        patterns = self.by_act.get(act, self.streams)
        return act in self.acts and any(matches(each, stream) for each in patterns)

    @property
    def is_admin(self) -> bool:
        """True if it may do everything."""
        return Act.ADMIN in self.acts

    @property
    def holder(self) -> str:
        """Name for which its streams are counted: the id of a key, ``jwt:`` or ``hook:`` and the
        subject; empty: nobody's."""
        if self.kind is GrantKind.KEY:
            return self.who
        if self.kind in (GrantKind.JWT, GrantKind.HOOK) and self.who:
            return f"{self.kind.value}:{self.who}"
        return ""

    def setter(self, *, is_live: bool) -> Setter:
        """Returns who sets permissions and choices with this grant, for a stream live or not."""
        return (
            OPERATOR if self.is_admin else Setter(self.name, MAX_HELD_LIVE if is_live else MAX_HELD)
        )

    @property
    def name(self) -> str:
        """Its kind and holder, for the audit log."""
        return f"{self.kind.value} {self.who}".strip()


OPEN = Grant(GrantKind.OPEN, frozenset(Act))
"""The rights of everybody where no token is needed: on loopback, without tokens and keys."""
