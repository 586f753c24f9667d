"""Sessions by their addresses: any node ends and changes any session.

An address is ``NODE.SECRET``. What concerns another node's session is sent to that node through
Redis, and answered as if the session were here.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from typing import Protocol

from app.errors import (
    AppError,
    BadOffer,
    Full,
    NodeAway,
    RedisAway,
    SessionNotFound,
    TagMissing,
    TagOutdated,
)
from app.webrtc.ice_patch import IcePatch, IceReply
from app.webrtc.trickle import parse_fragment
from wire import keys
from wire.app_heartbeat import AppHeartbeats
from wire.connection import REDIS_DOWN, RETRY_S, Redis
from wire.node_messages import (
    MAX_TAG,
    NodeMessage,
    SessionKind,
    SessionReply,
    SessionRequest,
    to_node,
)

log = logging.getLogger(__name__)

REPLY_S = 2.0
"""Seconds without a reply after which a node is taken as away. Closing a session takes it some tens
of milliseconds, and a client waits for the answer."""

MAX_FORWARDED = 128
"""Maximum number of requests that wait for replies: half of what a mailbox keeps."""

MAX_SECRET = 64
"""Maximum number of characters of a secret; ours have 24."""


OTHER_TAG = '"-"'
"""An entity tag that no session has."""


class SessionOwner(Protocol):
    """The sessions of one kind on this node. Both methods raise SessionNotFound."""

    async def end(self, stream: str, secret: str) -> None:
        """Ends a session."""

    async def patch(self, stream: str, secret: str, patch: IcePatch) -> IceReply:
        """Changes the ICE session. Raises BadOffer, TagMissing, TagOutdated."""

    async def ask(self, stream: str, secret: str, query: str) -> str:
        """Answers a query of an extension. Raises an AppError below 500."""


class SessionRouter:
    """Carries out requests on sessions, here or on the node that owns them.

    ``run`` is its one task; it carries out what other nodes ask.
    """

    def __init__(
        self,
        client: Redis,
        node: str,
        owners: dict[SessionKind, SessionOwner],
        *,
        reply_s: float = REPLY_S,
        max_forwarded: int = MAX_FORWARDED,
    ) -> None:
        self._reply_s = reply_s
        self._max_forwarded = max_forwarded
        self.node = node
        self.forwarded = 0
        "Requests that were sent to other nodes."
        self._client = client
        self._owners = owners
        self._heartbeats = AppHeartbeats(client)
        self._mailbox = to_node(client, node)
        self._waiting: dict[str, asyncio.Future[SessionReply]] = {}

    @property
    def bad_messages(self) -> int:
        """Messages to this node that could not be read."""
        return self._mailbox.bad_messages

    def address(self, secret: str) -> str:
        """Returns the address of a session of this node."""
        return f"{self.node}.{secret}"

    async def end(self, kind: SessionKind, stream: str, address: str) -> None:
        """Ends a session. Raises SessionNotFound, NodeAway, RedisAway, Full."""
        await self._request(kind, stream, address)

    async def patch(
        self, kind: SessionKind, stream: str, address: str, text: str, *, if_match: str
    ) -> IceReply:
        """Takes an SDP fragment: further candidates of a session, or a restart of its ICE.

        Raises BadOffer, TagMissing, TagOutdated, SessionNotFound, NodeAway, RedisAway, Full.
        """
        # The owner reads the text again. A fragment that cannot be read is refused here, so that
        # the mistake of a client costs no other node anything.
        parse_fragment(text)
        # A value that is longer than any tag of ours names none.
        tag = if_match if len(if_match) <= MAX_TAG else OTHER_TAG
        reply = await self._request(kind, stream, address, fragment=text, if_match=tag)
        return IceReply(reply.etag, reply.fragment)

    async def ask(self, kind: SessionKind, stream: str, address: str, query: str) -> str:
        """Returns the answer of a session to a query of an extension.

        Raises BadOffer, SessionNotFound, NodeAway, RedisAway, Full.
        """
        return (await self._request(kind, stream, address, query=query)).answer

    async def _request(
        self,
        kind: SessionKind,
        stream: str,
        address: str,
        *,
        fragment: str | None = None,
        if_match: str = "",
        query: str = "",
    ) -> SessionReply:
        """Has a request carried out where the session is."""
        node, secret = _parts(address)
        request = SessionRequest(
            id=secrets.token_hex(8),
            reply_to=self.node,
            kind=kind,
            stream=stream,
            secret=secret,
            fragment=fragment,
            if_match=if_match,
            query=query,
        )
        if node == self.node:
            return await self._carry_out(request)
        return await self._forward(node, request)

    async def _forward(self, node: str, request: SessionRequest) -> SessionReply:
        if len(self._waiting) >= self._max_forwarded:
            raise Full("Too many requests wait for other servers.")
        # The future is there before the request leaves: the reply may come while `send` still
        # waits.
        reply = asyncio.get_running_loop().create_future()
        self._waiting[request.id] = reply
        try:
            # Without this, requests to nodes that never were would wait for the whole time-out, and
            # a few clients with invented addresses would fill the table.
            if not await self._heartbeats.is_there(node):
                raise SessionNotFound
            self.forwarded += 1
            await to_node(self._client, node).send(request)
            async with asyncio.timeout(self._reply_s):
                answer: SessionReply = await reply
        except TimeoutError:
            raise NodeAway from None
        except REDIS_DOWN as error:
            raise RedisAway from error
        finally:
            del self._waiting[request.id]
        _raise(answer)
        return answer

    async def run(self) -> None:
        """Carries out what other nodes ask until cancelled; Redis may come and go meanwhile."""
        while True:
            try:
                messages = await self._mailbox.read(block_ms=1000)
                # Side by side: ending a session takes tens of milliseconds, and replies to this
                # node's own requests are among the messages.
                await asyncio.gather(*(self._take(message) for message in messages))
            except REDIS_DOWN:
                await asyncio.sleep(RETRY_S)

    async def _take(self, message: NodeMessage) -> None:
        if isinstance(message, SessionReply):
            waiting = self._waiting.get(message.id)
            # It may come after the time-out, or when the client has left.
            if waiting is not None and not waiting.done():
                waiting.set_result(message)
            return
        try:
            reply = await self._carry_out(message)
        except AppError as error:
            # Only errors that clients may see go back. Any other is a fault of ours and begins the
            # task anew; the node that asks times out.
            reply = SessionReply(id=message.id, status=error.status, detail=error.detail)
        await to_node(self._client, message.reply_to).send(reply)

    async def _carry_out(self, request: SessionRequest) -> SessionReply:
        owner, place = self._owners[request.kind], (request.stream, request.secret)
        if request.query:
            answer = await owner.ask(*place, request.query)
            return SessionReply(id=request.id, status=200, answer=answer)
        if request.fragment is None:
            await owner.end(*place)
            return SessionReply(id=request.id, status=200)
        patch = IcePatch(parse_fragment(request.fragment), request.if_match)
        made = await owner.patch(*place, patch)
        return SessionReply(id=request.id, status=200, etag=made.etag, fragment=made.fragment)


def _parts(address: str) -> tuple[str, str]:
    """Returns node and secret. Raises SessionNotFound for what is no address."""
    node, _, secret = address.partition(".")
    # The node becomes a part of a key in Redis, so nothing else than a name may get there.
    if not keys.is_node(node) or not 0 < len(secret) <= MAX_SECRET:
        raise SessionNotFound
    return node, secret


def _raise(reply: SessionReply) -> None:
    """Raises what the owner of the session would have raised here."""
    if reply.status == 200:
        return
    for kind in (SessionNotFound, TagMissing, TagOutdated):
        if reply.status == kind.status:
            raise kind(reply.detail)
    if reply.status < 500:
        raise BadOffer(reply.detail, status=reply.status)
    raise NodeAway(reply.detail)
