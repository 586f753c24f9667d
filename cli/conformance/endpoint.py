"""One WHIP or WHEP address under test, and the sessions that rules make at it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import enum
import time
from urllib.parse import urlsplit

from cli.conformance.http_exchange import HttpReply, NoAnswer, exchange
from cli.conformance.offers import SDP, IceLogin, OfferText
from cli.conformance.session_text import SessionText, read_session
from cli.conformance.verdict import NotApplicable, Unmet

MAX_WAIT_S = 12.0
"""Seconds for which an answer of 409, 429 or 503 is taken as "later": servers free a stream's name
a while after its session ended."""

PAUSE_S = 0.5
"""Pause before another try, where the server names none."""

_LATER = (409, 429, 503)


class Protocol(enum.Enum):
    """The protocol that an address speaks."""

    WHIP = "WHIP"
    WHEP = "WHEP"

    @property
    def offered(self) -> str:
        """The direction that a client offers."""
        return "sendonly" if self is Protocol.WHIP else "recvonly"

    @property
    def answered(self) -> str:
        """The direction that a server answers."""
        return "recvonly" if self is Protocol.WHIP else "sendonly"


@dataclasses.dataclass(frozen=True, slots=True)
class MadeSession:
    """A session that the server made for a plain offer."""

    reply: HttpReply
    login: IceLogin
    "The login of the offer."

    @property
    def url(self) -> str:
        """The session's address."""
        return self.reply.location

    @property
    def answer(self) -> SessionText:
        """The SDP answer."""
        return read_session(self.reply.text)

    @property
    def etag(self) -> str:
        """The entity tag of its ICE session, "" if it has none."""
        return self.reply.header("etag")


class HttpEndpoint:
    """Makes requests at one address, and remembers them for rules about all answers."""

    def __init__(self, protocol: Protocol, url: str, token: str = "") -> None:
        self.protocol = protocol
        self.url = url
        self.token = token
        self.replies: list[HttpReply] = []
        self._open: list[str] = []
        self._sample: MadeSession | None = None

    @property
    def is_loopback(self) -> bool:
        """True where requests do not leave the machine."""
        host = urlsplit(self.url).hostname or ""
        return host in ("localhost", "::1") or host.startswith("127.")

    async def request(
        self,
        method: str,
        url: str = "",
        *,
        content: tuple[str, str] | None = None,
        if_match: str = "",
        token: str | None = None,
        headers: dict[str, str] | None = None,
        read_s: float | None = None,
    ) -> HttpReply:
        """Makes one request; ``content`` is a body and its type. Raises NoAnswer.

        ``token`` is another than the endpoint's, "" none.
        """
        sent = dict(headers or {})
        used = self.token if token is None else token
        if used:
            sent["Authorization"] = f"Bearer {used}"
        body, kind = content or (None, "")
        if kind:
            sent["Content-Type"] = kind
        if if_match:
            sent["If-Match"] = if_match
        data = None if body is None else body.encode()
        reply = await exchange(method, url or self.url, headers=sent, body=data, read_s=read_s)
        self.replies.append(reply)
        if reply.status == 201 and reply.location:
            self._open.append(reply.location)
        return reply

    def offer(self) -> OfferText:
        """Returns a plain offer of sound and a picture."""
        return OfferText(self.protocol.offered)

    async def post(self, offer: OfferText | str) -> HttpReply:
        """Posts an offer, and waits where the server says that it is too early."""
        end = time.monotonic() + MAX_WAIT_S
        while True:
            reply = await self.request("POST", content=(str(offer), SDP))
            if reply.status not in _LATER or time.monotonic() > end:
                return reply
            await asyncio.sleep(retry_after_s(reply) or PAUSE_S)

    async def create(self, offer: OfferText | None = None) -> MadeSession:
        """Makes a session. Raises Unmet where the server does not answer 201 with a Location."""
        offer = offer or self.offer()
        reply = await self.post(offer)
        require_session(reply)
        return MadeSession(reply, offer.login)

    async def sample(self) -> MadeSession:
        """Returns one session of the plain offer for rules that only read its answer."""
        if self._sample is None:
            self._sample = await self.create()
            await self.end_all()
        return self._sample

    async def end_all(self) -> None:
        """Ends all sessions that were made; one that is gone is none."""
        ended, self._open = self._open, []
        for url in reversed(ended):
            with contextlib.suppress(NoAnswer):
                await self.request("DELETE", url)


def require_session(reply: HttpReply) -> None:
    """Raises Unmet or NotApplicable unless a POST made a session of the offer that was sent."""
    if reply.status == 406 and reply.media_type == SDP:
        raise NotApplicable("the server makes a counter-offer")
    if reply.status != 201 or not reply.location:
        raise Unmet(f"no session: {reply} {reply.text[:200]!r}")


def retry_after_s(reply: HttpReply) -> float:
    """Returns the seconds in Retry-After, at most some; 0 where it has none."""
    value = reply.header("retry-after")
    return min(float(value), MAX_WAIT_S) if value.isdecimal() else 0.0
