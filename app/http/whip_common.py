"""The common parts of WHIP and WHEP requests: bodies, names, answers, addresses."""

from __future__ import annotations

import time
from collections.abc import Sequence

from fastapi import APIRouter
from fastapi.params import Depends
from starlette.requests import Request
from starlette.responses import Response

from app.errors import BadName, BadOffer, WrongContentType
from app.http.app_state import AppState
from app.http.openapi import FRAGMENT, GUARDED, PATCHED
from app.session_router import SessionRouter
from app.webrtc.ice import PeerRoute
from app.webrtc.ice_patch import IceReply, IceTags
from app.webrtc.trickle import MEDIA_TYPE as FRAGMENT_TYPE
from wire.keys import is_stream_id
from wire.node_messages import SessionKind

MEDIA_TYPE = "application/sdp"


def check_name(stream: str) -> str:
    """Returns the name of the stream. Raises BadName."""
    if not is_stream_id(stream):
        raise BadName
    return stream


async def read_offer(request: Request) -> str:
    """Returns the SDP in the body; the edge limits it. Raises WrongContentType or BadOffer."""
    return await read_text(request, MEDIA_TYPE)


async def read_text(request: Request, media_type: str, *, may_lack: bool = False) -> str:
    """Returns the text in the body; with ``may_lack`` also none at all, of no type.

    Raises WrongContentType or BadOffer.
    """
    body = await request.body()
    if may_lack and not body:
        return ""
    content_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if content_type != media_type:
        raise WrongContentType(f"The content type must be {media_type}.")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise BadOffer("The body is not UTF-8 text.") from error


def route(request: Request) -> PeerRoute:
    """Returns the way that the offer came in; behind a proxy on this machine little is known."""
    served_at = (request.scope.get("server") or ("",))[0]
    return PeerRoute(
        served_at=served_at,
        client=request.client.host if request.client else "",
        # The edge derives the key from the client's address behind proxies.
        key=str(getattr(request.state, "address", "")),
    )


def created(
    request: Request, context: AppState, kind: SessionKind, stream: str, made: tuple[str, str]
) -> Response:
    """Returns 201 (RFC 9725 section 4.2); ``made`` is the session's secret and the SDP answer."""
    secret, answer = made
    response = Response(answer, status_code=201, media_type=MEDIA_TYPE)
    address = context.node.sessions.address(secret)
    base = base_address(request, context)
    response.headers["Location"] = f"{base}/{kind.value}/{stream}/{address}"
    response.headers["ETag"] = IceTags(secret).current
    # Logins for TURN expire at a time of day, so this is not the monotonic clock.
    for server in context.ice_servers.for_peer(now_s=time.time()):
        response.headers.append("Link", server.link_header())
    return response


def base_address(request: Request, context: AppState) -> str:
    """Returns the address below which all paths are; OBS resolves a relative Location wrongly."""
    return context.public_url or f"{request.url.scheme}://{request.url.netloc}"


def nothing() -> Response:
    """Answers GET and HEAD by 204 (RFC 9725 section 4.1): there is nothing to show."""
    return Response(status_code=204)


def patched(reply: IceReply) -> Response:
    """Answers PATCH: 200 with the new ICE session after a restart, else 204 without a tag."""
    if not reply.fragment:
        return nothing()
    headers = {"ETag": reply.etag}
    return Response(reply.fragment, status_code=200, headers=headers, media_type=FRAGMENT_TYPE)


def ended() -> Response:
    """Answers DELETE by 200, since OBS warns on anything else."""
    return Response(status_code=200)


def add_common(
    routes: APIRouter,
    kind: SessionKind,
    sessions: SessionRouter,
    guards: Sequence[Depends] = (),
) -> None:
    """Adds what both protocols answer alike; ``guards`` are those of a session's other methods."""
    _add_trickle(routes, kind, sessions, guards)

    @routes.delete(
        "/{stream}/{session}",
        dependencies=guards,
        response_class=Response,
        openapi_extra=GUARDED if guards else None,
    )
    async def end(stream: str, session: str) -> Response:
        """Ends the session; a publisher's stream and all its viewers end with it."""
        await sessions.end(kind, check_name(stream), session)
        return ended()

    @routes.get("/{stream}", status_code=204, response_class=Response)
    @routes.get("/{stream}/{session}", status_code=204, response_class=Response)
    @routes.head("/{stream}/{session}", status_code=204, response_class=Response)
    async def get() -> Response:
        """Answers 204: there is nothing to show."""
        return nothing()


def _add_trickle(
    routes: APIRouter, kind: SessionKind, sessions: SessionRouter, guards: Sequence[Depends]
) -> None:
    @routes.patch(
        "/{stream}/{session}",
        status_code=204,
        dependencies=guards,
        response_class=Response,
        responses=PATCHED,
        openapi_extra={**(GUARDED if guards else {}), **FRAGMENT},
    )
    async def patch(stream: str, session: str, request: Request) -> Response:
        """Takes candidates of the client (204), or restarts ICE (200), under its ETag.

        RFC 9725 sections 4.3.2 and 4.3.3. Candidates are never needed: the answer holds all of
        ours, and the client checks those.
        """
        check_name(stream)
        # Several lines of the header are one list (RFC 9110 section 5.3).
        if_match = ", ".join(request.headers.getlist("if-match"))
        text = await read_text(request, FRAGMENT_TYPE)
        reply = await sessions.patch(kind, stream, session, text, if_match=if_match)
        return patched(reply)
