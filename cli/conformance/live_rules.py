"""Rules that need a session that stands, with media in it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from cli.conformance.endpoint import HttpEndpoint, MadeSession, Protocol, require_session
from cli.conformance.http_rules import is_client_error
from cli.conformance.ice_rules import patch, restart
from cli.conformance.offers import CANDIDATE, IceLogin, fragment
from cli.conformance.peer import LivePeer
from cli.conformance.rule import Rule
from cli.conformance.session_text import read_session
from cli.conformance.verdict import Level, NotApplicable, RuleStage, Unmet, require

_END_S = 6.0
"""Seconds in which the end of a session must reach its peer; consent that is revoked at once would
take 30 s to expire."""

_KEEP_S = 2.0
"""Seconds for which a session is watched after a restart that was refused."""

_SILENCE_S = 90.0
"""Seconds in which a session must end whose peer is gone: consent expires after 30 s (RFC 7675
section 5.1), and a server may keep a publisher's place a while for it to come back."""

_ASK_S = 2.0
"""Seconds between two questions for the session."""

_PICTURES = 5
_PICTURES_S = 15.0
"""Seconds in which the first pictures must come; a server may wait for a key frame."""


class Connection:
    """A session with the suite's own peer."""

    def __init__(self, site: HttpEndpoint) -> None:
        self._site = site
        self.peer = LivePeer()
        self.made: MadeSession | None = None

    async def _post(self, sdp: str) -> str:
        reply = await self._site.post(sdp)
        require_session(reply)
        offered = read_session(sdp)
        login = IceLogin(offered.first("ice-ufrag"), offered.first("ice-pwd"))
        self.made = MadeSession(reply, login)
        return reply.text

    async def open(self) -> MadeSession:
        """Connects the peer. Raises Unmet."""
        is_publisher = self._site.protocol is Protocol.WHIP
        await (self.peer.publish if is_publisher else self.peer.play)(self._post)
        if self.made is None:
            raise Unmet("no session")
        return self.made


@contextlib.asynccontextmanager
async def connected(site: HttpEndpoint) -> AsyncIterator[tuple[LivePeer, MadeSession]]:
    """Connects the suite's own peer, and closes it at the end. Raises Unmet."""
    connection = Connection(site)
    try:
        yield connection.peer, await connection.open()
    finally:
        await connection.peer.close()
        await site.end_all()


async def media_flows(site: HttpEndpoint) -> str:
    """Connects; a player must see pictures too."""
    async with connected(site) as (peer, _):
        if site.protocol is Protocol.WHIP:
            return peer.state
        has_come = await peer.sees(_PICTURES, within_s=_PICTURES_S)
        require(has_come, f"{peer.pictures} pictures in {_PICTURES_S:.0f} s")
        return f"{peer.pictures} pictures"


async def delete_reaches_peer(site: HttpEndpoint) -> str:
    """Deletes the session, and waits for the peer to notice."""
    async with connected(site) as (peer, made):
        reply = await site.request("DELETE", made.url)
        require(200 <= reply.status < 300, str(reply))
        has_ended = await peer.reaches("closed", "failed", within_s=_END_S)
        require(has_ended, f"still {peer.state} after {_END_S:.0f} s")
        return f"{reply}, then {peer.state}"


async def refused_restart_keeps(site: HttpEndpoint) -> str:
    """Asks for a restart that the peer never joins; the session must go on by its old pair."""
    async with connected(site) as (peer, made):
        reply, _ = await restart(site, made)
        require(reply.status == 200 or is_client_error(reply) or reply.status == 501, str(reply))
        await asyncio.sleep(_KEEP_S)
        came = f"{reply}, then {peer.state}"
        require(peer.state == "connected", came)
        ended = await site.request("DELETE", made.url)
        require(200 <= ended.status < 300, f"{came}; DELETE: {ended}")
        return came


async def silence_ends(site: HttpEndpoint) -> str:
    """Takes the peer off the net, and asks for the session until it is gone."""
    async with connected(site) as (peer, made):
        candidate = fragment(made.login, (CANDIDATE,))
        asked = await patch(site, made, candidate)
        if asked.status != 204:
            raise NotApplicable(f"a session cannot be asked for by trickle ICE: {asked}")
        await peer.vanish()
        begun = time.monotonic()
        while (seconds := time.monotonic() - begun) < _SILENCE_S:
            reply = await patch(site, made, candidate)
            if reply.status in (404, 410):
                return f"{reply.status} after {seconds:.0f} s"
            await asyncio.sleep(_ASK_S)
        raise Unmet(f"the session is still there after {_SILENCE_S:.0f} s: {reply}")


RULES = (
    Rule("media", Level.MUST, ("4.2", "Playback session set up"), "POST offer, ICE, DTLS",
         "connected, WHEP: pictures", media_flows, RuleStage.LIVE),
    Rule("delete-ends-peer", Level.MUST, ("4.2", "Playback session termination"),
         "DELETE session of a peer", "DTLS and consent end", delete_reaches_peer, RuleStage.LIVE),
    Rule("restart-keeps-session", Level.MUST, ("4.3.3", "ICE Restarts"),
         "PATCH restart, no check follows", "the old pair goes on", refused_restart_keeps,
         RuleStage.LIVE),
    Rule("silence-ends-session", Level.MUST, ("4.2", "Session Management"),
         "nothing any more, from a peer off the net", "the session ends by consent",
         silence_ends, RuleStage.LIVE, is_slow=True),
)  # fmt: skip
"""Rules about sessions of a real peer."""
