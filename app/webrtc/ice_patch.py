"""PATCH requests on an ICE session: entity tags, candidates, restarts (RFC 9725 section 4.3.1)."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Protocol

from app.errors import TagMissing, TagOutdated
from app.webrtc.trickle import SdpFragment

_ANY = ("*", '"*"')
"""Values of If-Match for any ICE session. The figures of RFC 9725 have it in quotes, its text has
not."""


class IceTags:
    """The entity tags of the ICE sessions of one peer, of which one is current."""

    def __init__(self, secret: str) -> None:
        # Whoever has the session's secret may know the tag, so that it can be made anew from it.
        self._name = hashlib.blake2b(secret.encode(), digest_size=8).hexdigest()
        self._restarts = 0

    @property
    def current(self) -> str:
        """The strong entity tag of the present ICE session."""
        return f'"{self._name}-{self._restarts}"'

    def renew(self) -> str:
        """Returns the tag of the ICE session that a restart begins."""
        self._restarts += 1
        return self.current

    def check(self, if_match: str) -> None:
        """Compares with If-Match, strongly (RFC 9110 section 13.1.1).

        Raises TagMissing or TagOutdated.
        """
        if not if_match.strip():
            raise TagMissing
        given = [tag.strip() for tag in if_match.split(",")]
        if if_match.strip() not in _ANY and self.current not in given:
            raise TagOutdated


@dataclasses.dataclass(frozen=True, slots=True)
class IcePatch:
    """A PATCH request with a fragment that could be read."""

    fragment: SdpFragment
    if_match: str
    "Value of If-Match; empty where there is none."


@dataclasses.dataclass(frozen=True, slots=True)
class IceReply:
    """The answer to a PATCH request; both parts are empty where candidates were taken (204)."""

    etag: str = ""
    fragment: str = ""
    "Credentials and candidates of the ICE session that a restart began."


class PatchedPeer(Protocol):
    """A peer that takes what a fragment says."""

    def is_restart(self, fragment: SdpFragment) -> bool:
        """Returns True if it asks for a restart of ICE."""

    def restart(self, fragment: SdpFragment) -> str:
        """Begins a restart and returns its fragment. Raises BadOffer; then nothing has changed."""

    async def trickle(self, fragment: SdpFragment) -> None:
        """Takes further candidates."""


async def patch_ice(peer: PatchedPeer, tags: IceTags, patch: IcePatch) -> IceReply:
    """Carries out a PATCH request. Raises TagMissing, TagOutdated or BadOffer; then nothing
    has changed.
    """
    tags.check(patch.if_match)
    if peer.is_restart(patch.fragment):
        text = peer.restart(patch.fragment)
        return IceReply(tags.renew(), text)
    await peer.trickle(patch.fragment)
    return IceReply()
