"""The ASGI layer in front of the routes: checks a request, reads its body, completes its answer."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import logging
import math
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import unquote, urlsplit

from starlette.requests import Request

from app.client_address import limit_key
from app.errors import (
    AppError,
    BodyTooSlow,
    ForeignOrigin,
    HeadTooLarge,
    ProxiedOpenly,
    TooMany,
    UnknownHost,
)
from app.http.auth import watch_token
from app.http.edge.addresses import TrustedProxies
from app.http.edge.areas import Area, area_of
from app.http.edge.body import BODY_S, MAX_BODY_BYTES, BodyReader, HeldBytes
from app.http.edge.connections import ConnectionCounts
from app.http.edge.headers import cors_headers, preflight_headers, security_headers
from app.http.edge.limits import Asked, RequestLimits
from app.http.edge.origins import Caller, Names, Origins, OriginVerdict, split_host
from app.http.edge.paths import split_target, strip_prefix, strip_slash
from app.http.edge.penalties import Penalties
from app.http.problems import problem_of
from app.http.token_check import TokenCheck
from app.webrtc.sdp_offer import MAX_OFFER_BYTES

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_HEADERS = 64
"""Maximum number of header lines in a request; browsers send about 20."""

MAX_HEAD_BYTES = 16 * 1024
"""Maximum size of a request's head in bytes. The parser has the same limit, but applies it only
while the end of the head is missing."""

_FORWARDED = (b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"forwarded")


@dataclasses.dataclass(frozen=True, slots=True)
class EdgeOptions:
    """The settings of the ASGI layer."""

    origins: Origins = Origins()
    proxies: TrustedProxies = TrustedProxies()

    @property
    def names(self) -> Names:
        """The host names that this server answers to."""
        return self.origins.names


class _Visit:
    """One request, parsed once from its ASGI scope."""

    def __init__(self, scope: Scope, options: EdgeOptions, prefix: str) -> None:
        self.headers: dict[bytes, str] = {}
        self.forwarded_for: list[str] = []
        for name, value in scope["headers"]:
            if name == b"x-forwarded-for":
                self.forwarded_for.append(value.decode("latin-1"))
            # The first of several lines with one name counts. Two Host lines never come here: the
            # parser refuses them.
            self.headers.setdefault(name, value.decode("latin-1"))
        self.method: str = scope["method"]
        whole = strip_prefix(scope["path"], prefix)
        self.path = strip_slash(whole)
        # Addresses in a page are relative, and a browser counts each slash at the end as a level.
        self.extra_levels = len(whole) - len(self.path)
        self.area = area_of(self.method, self.path)
        if self.method == "OPTIONS":
            # A preflight is judged as what it asks for.
            wanted = self.headers.get(b"access-control-request-method", "GET")
            self.area = area_of(wanted.upper(), self.path)
        self.caller = Caller(
            host=self.headers.get(b"host", ""),
            origin=self.headers.get(b"origin", ""),
            fetch_site=self.headers.get(b"sec-fetch-site", ""),
        )
        self.verdict = options.origins.judge(
            self.area, self.caller, is_below_endpoint=self.path.count("/") > 2
        )
        # A client that has gone already has no address any more.
        peer = scope["client"][0] if scope.get("client") else ""
        self.is_proxied = any(name in self.headers for name in _FORWARDED)
        # Read as routes read it: what they take for a token is one here.
        self._shown_token = watch_token(Request(scope))
        self.by_trusted = options.proxies.trust(peer)
        self.client = options.proxies.client(peer, self.forwarded_for)
        self.key = limit_key(self.client)

    @property
    def has_token(self) -> bool:
        """True if there is a token to guess by: in the header, the query, or the path of WHIP."""
        in_path = self.area is Area.PUBLISH and self.method == "POST" and self.path.count("/") > 2
        return in_path or bool(self._shown_token)

    @property
    def has_body(self) -> bool:
        return b"transfer-encoding" in self.headers or self.headers.get(
            b"content-length", "0"
        ) not in ("", "0")

    @property
    def has_two_lengths(self) -> bool:
        """True if the request gives two lengths; a proxy may then see another end of the body."""
        return b"transfer-encoding" in self.headers and b"content-length" in self.headers


class Edge:
    """The ASGI middleware around the routes.

    It refuses requests with problem answers; routes get complete bodies of bounded size.
    """

    def __init__(self, app: AsgiApp, options: EdgeOptions) -> None:
        self.app = app
        self.limits = RequestLimits()
        self.held = HeldBytes()
        self.penalties = Penalties()
        self._options = options
        self._prefix = urlsplit(options.names.public_url).path.rstrip("/")
        self._security = security_headers(options.names.public_url)
        self._warned = False
        self._counts = ConnectionCounts()

    def watch(self, counts: ConnectionCounts) -> None:
        """Includes the connections that the listener refuses in ``refused``."""
        self._counts = counts

    @property
    def refused(self) -> dict[str, int]:
        """The number of refused or delayed requests and connections, by the limit reached."""
        return {
            **self.limits.refused,
            "connections": self._counts.refused,
            "paused": self.penalties.paused,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one HTTP request; ignores other kinds of scope."""
        if scope["type"] != "http":
            return
        _to_origin_form(scope)
        visit = _Visit(scope, self._options, self._prefix)
        answer = _Answer(visit, send, self._security)
        try:
            # A refusal comes before the body is read: it must cost neither memory nor time.
            self._check(scope, visit)
        except AppError as error:
            await self._refuse(error, visit, scope, receive, answer)
            return
        if visit.method == "OPTIONS":
            # No route knows OPTIONS. Browsers send it ahead of the request, and without the token.
            await self._preflight(visit, answer)
            return
        if self._prefix and scope["path"] == self._prefix and visit.method in ("GET", "HEAD"):
            # Without the slash, the page's relative addresses would miss the prefix.
            await _redirect(f"{self._options.names.public_url}/", answer)
            return
        try:
            body = await self._read(visit, receive)
        except AppError as error:
            await self._refuse(error, visit, scope, receive, answer, read=True)
            return
        if body is None:
            return  # the client is gone
        self._prepare(scope, visit)
        check = scope["state"]["token_check"] = TokenCheck(self.limits.tokens, visit.key)
        try:
            await self.app(_for_routes(scope, visit), _replay(body, receive), answer.send)
        finally:
            check.close(answer.status)

    def _check(self, scope: Scope, visit: _Visit) -> None:
        """Raises AppError if the request is refused; runs before its body is read."""
        size = len(scope["path"]) + len(scope["query_string"])
        size += sum(len(name) + len(value) for name, value in scope["headers"])
        if size > MAX_HEAD_BYTES or len(scope["headers"]) > MAX_HEADERS:
            raise HeadTooLarge
        # Orchestrators ask for the health by the address of a container, which no setting names.
        if visit.area is not Area.HEALTH:
            self._check_names(visit)
        asked = Asked(visit.key, visit.area, visit.method, visit.has_token)
        wait = self.limits.wait_s(asked, now=time.monotonic())
        if wait:
            if not visit.by_trusted:  # a proxy's other clients did nothing
                self.penalties.on_refusal(visit.key, now=time.monotonic())
            # Retry-After has whole seconds; rounded down, the next try would come too early.
            raise TooMany(retry_after_s=math.ceil(wait))

    def _check_names(self, visit: _Visit) -> None:
        origins = self._options.origins
        host = split_host(visit.caller.host)[0]
        if not host:
            raise UnknownHost("The request names no host: it has no Host header, or an empty one.")
        if not origins.names.knows(host):
            raise UnknownHost(
                f"This server is not called {host[:64]!r}; if it is, add the name to "
                "SHARPCAST_ALLOWED_HOSTS."
            )
        # Without tokens the server serves its own machine, and every request through a proxy seems
        # to come from there.
        if visit.is_proxied and not (origins.publish_token and origins.admin_token):
            raise ProxiedOpenly
        # Such a proxy adds the header to every request; one line in the log is enough.
        if visit.is_proxied and not visit.by_trusted and not self._warned:
            self._warned = True
            log.warning(
                "X-Forwarded-For is not used: limits count the proxy as one client until "
                "SHARPCAST_TRUSTED_PROXIES names its address.",
                extra={"action": "proxy"},
            )
        if visit.verdict is OriginVerdict.REFUSED:
            raise ForeignOrigin

    async def _preflight(self, visit: _Visit, answer: _Answer) -> None:
        headers = [*preflight_headers(visit.area, visit.path), (b"content-length", b"0")]
        # The body is not read here, and would be taken for the next request.
        if visit.has_body:
            headers.append((b"connection", b"close"))
        await answer.send({"type": "http.response.start", "status": 200, "headers": headers})
        await answer.send({"type": "http.response.body", "body": b""})

    async def _read(self, visit: _Visit, receive: Receive) -> bytes | None:
        """Returns the body, None if the client left. Raises BodyTooLarge, BodyTooSlow, Full."""
        is_offer = visit.method == "POST" and visit.area in (Area.PUBLISH, Area.WATCH)
        limit = MAX_OFFER_BYTES if is_offer else MAX_BODY_BYTES
        reader = BodyReader(limit, time.monotonic() + BODY_S, self.held)
        reader.expect(visit.headers.get(b"content-length", ""))
        try:
            # The time-out ends a wait for bytes that do not come. Where they always come, `receive`
            # never waits and the time-out never fires; the reader's own deadline holds there.
            async with asyncio.timeout(BODY_S):
                while True:
                    message = await receive()
                    if message["type"] != "http.request":
                        return None
                    reader.feed(message.get("body", b""), now=time.monotonic())
                    if not message.get("more_body", False):
                        return bytes(reader.data)
        except TimeoutError as error:
            raise BodyTooSlow from error
        finally:
            reader.release()

    async def _refuse(
        self,
        error: AppError,
        visit: _Visit,
        scope: Scope,
        receive: Receive,
        answer: _Answer,
        *,
        read: bool = False,
    ) -> None:
        response = problem_of(error)
        if visit.has_body or read or isinstance(error, (HeadTooLarge, TooMany)):
            # The rest of the body, or of a row of requests, is not read.
            response.headers["connection"] = "close"
        await response(scope, receive, answer.send)

    def _prepare(self, scope: Scope, visit: _Visit) -> None:
        """Writes the path without prefix and slash, the client and its scheme to the scope."""
        scope["path"] = visit.path
        scope["raw_path"] = strip_slash(
            strip_prefix(scope.get("raw_path", b"").decode("latin-1"), self._prefix)
        ).encode("latin-1")
        scope["client"] = (visit.client, scope["client"][1] if scope.get("client") else 0)
        if visit.by_trusted:
            # Location is built of the scheme, so nobody but a trusted proxy may change it.
            scheme = visit.headers.get(b"x-forwarded-proto", "").split(",")[0].strip().lower()
            if scheme in ("http", "https"):
                scope["scheme"] = scheme
        state = scope.setdefault("state", {})
        state["may_watch"] = visit.verdict is not OriginVerdict.MAY_NOT_WATCH
        state["address"] = visit.key
        state["extra_levels"] = visit.extra_levels


def _to_origin_form(scope: Scope) -> None:
    """Turns a target in absolute form into a path; its host replaces the Host header."""
    found = split_target(scope.get("raw_path", b""))
    if found is None:
        return
    host, path = found
    scope["raw_path"], scope["path"] = path, unquote(path.decode("latin-1"))
    # RFC 9112 section 3.2.2: a Host line counts for nothing beside such a target. Were it left in
    # place, it would be checked instead of the host that is asked for.
    others = [(name, value) for name, value in scope["headers"] if name != b"host"]
    scope["headers"] = [(b"host", host), *others]


def _for_routes(scope: Scope, visit: _Visit) -> Scope:
    """Returns the scope that routes get: outside WHIP and WHEP, HEAD is GET to them."""
    if visit.method != "HEAD" or visit.area in (Area.PUBLISH, Area.WATCH):
        return scope
    # Whatever can be got can be asked for by HEAD (RFC 9110 section 9.1), which the framework's
    # routes know only where they name it. A copy: the server leaves bodies out by its own scope.
    return {**scope, "method": "GET"}


async def _redirect(target: str, answer: _Answer) -> None:
    headers = [(b"location", target.encode()), (b"content-length", b"0")]
    await answer.send({"type": "http.response.start", "status": 308, "headers": headers})
    await answer.send({"type": "http.response.body", "body": b""})


def _replay(body: bytes, receive: Receive) -> Receive:
    """Returns a ``receive`` that gives the body in one piece, then the messages that follow."""
    given = False

    async def again() -> Message:
        nonlocal given
        # Behind the body the server's messages follow: they tell a route that its client has left.
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


class _Answer:
    """Completes one answer: CORS and security headers, and entity tags for what is polled."""

    def __init__(self, visit: _Visit, send: Send, security: list[tuple[bytes, bytes]]) -> None:
        self._send = send
        self._extra = [*cors_headers(visit.verdict), *security]
        if visit.has_two_lengths:
            # RFC 9112 section 6.1: what follows may be smuggled in.
            self._extra.append((b"connection", b"close"))
        # Pages ask the API every second, and most answers are as they were: 304 has no body.
        self._tags = visit.method in ("GET", "HEAD") and visit.path.startswith("/api/")
        self._known = visit.headers.get(b"if-none-match", "")
        self._start: Message = {}
        self._body = bytearray()
        self.status = 0

    async def send(self, message: Message) -> None:
        """Takes one message of the answer; an ASGI ``send``."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._start = self._complete(message)
            if not self._holds:
                await self._send(self._start)
            return
        if not self._holds:
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if not message.get("more_body", False):
            await self._send_tagged()

    @property
    def _holds(self) -> bool:
        return self._tags and self.status == 200

    def _complete(self, message: Message) -> Message:
        headers = list(message.get("headers", []))
        present = {name.lower() for name, _ in headers}
        headers += [(name, value) for name, value in self._extra if name not in present]
        return {**message, "headers": headers}

    async def _send_tagged(self) -> None:
        """Sends the answer with its ETag (RFC 9110 section 8.8.3), or 304 if the client has it."""
        # A tag only tells the versions of one address apart, so 96 bits are enough.
        tag = f'"{hashlib.blake2b(self._body, digest_size=12).hexdigest()}"'
        headers = [*self._start["headers"], (b"etag", tag.encode())]
        body = bytes(self._body)
        # A proxy that compresses answers marks our tags as weak.
        known = [part.strip().removeprefix("W/") for part in self._known.split(",")]
        if tag in known or self._known.strip() == "*":
            self._start["status"] = 304
            headers = [(n, v) for n, v in headers if n not in (b"content-length", b"content-type")]
            body = b""
        await self._send({**self._start, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})
