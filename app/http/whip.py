"""WHIP (RFC 9725): publishing."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from app.access.grants import Grant
from app.errors import AppError
from app.http import whip_common
from app.http.access import NOBODY
from app.http.app_state import AppState
from app.http.openapi import ANSWER, GUARDED, OFFER
from app.streams.stream_limits import StreamLimits
from wire.keys import is_stream_id
from wire.node_messages import SessionKind

Takeover = Annotated[
    bool, Query(description="`false`: not while another connection brings the stream")
]
Consent = Annotated[
    bool | None,
    Query(
        description="`false`: viewers are to see the original; without it, what was said before "
        "stays"
    ),
]


def limits_of(grant: Grant) -> StreamLimits:
    """Returns the limits that a grant sets for its streams."""
    limits = grant.limits
    return StreamLimits(
        grant.holder,
        limits.streams,
        limits.kbps,
        limits.pixels,
        limits.viewers,
    )


async def _publish(
    context: AppState, request: Request, stream: str, *, takeover: bool, enhance: bool | None
) -> Response:
    """Publishes with the rights that a guard found, and answers: whichever route the offer took."""
    whip_common.check_name(stream)
    offer, grant = await whip_common.read_offer(request), request.state.grant

    async def set_view() -> None:
        # Before the stream can be watched: nobody may see what is private from its first moment.
        # Behind all that refuses a publisher: who sends no offer must not use up the permissions.
        by = grant.setter(is_live=True)
        await context.access.store.set_first_view(stream, grant.view, by=by)

    made = await context.node.publishers.publish(
        stream,
        offer,
        takeover=takeover,
        route=whip_common.route(request),
        limits=limits_of(grant),
        prepare=set_view,
    )
    if enhance is not None:
        await _consent(context, stream, made[0], enhance)
    return whip_common.created(request, context, SessionKind.WHIP, stream, made)


def router(context: AppState) -> APIRouter:
    """Returns the routes under ``/whip``."""
    routes = APIRouter(prefix="/whip", tags=["WHIP"])
    guarded = [Depends(context.access.publisher)]

    @routes.post(
        "/{stream}",
        status_code=201,
        dependencies=guarded,
        response_class=Response,
        responses=ANSWER,
        openapi_extra={**GUARDED, **OFFER},
    )
    async def publish(
        stream: str, request: Request, takeover: Takeover = True, enhance: Consent = None
    ) -> Response:
        """Publishes a stream: the body is an SDP offer, the answer's body the SDP answer."""
        return await _publish(context, request, stream, takeover=takeover, enhance=enhance)

    if context.access.key_in_path:
        _add_path_keys(routes, context)

    @routes.head("/{stream}", status_code=204, response_class=Response)
    async def head() -> Response:
        """Answers 204: there is nothing to show."""
        return whip_common.nothing()

    async def check_maker(stream: str, request: Request) -> None:
        """Refuses who passed by the session's address, once the key that made it is revoked."""
        if request.state.grant is NOBODY:
            context.access.check_maker(await _holder(context, stream))

    below = [Depends(context.access.session_publisher), Depends(check_maker)]
    whip_common.add_common(routes, SessionKind.WHIP, context.node.sessions, below)
    return routes


async def _holder(context: AppState, stream: str) -> str:
    """Returns for whom a live stream counts, "" for nobody. Raises RedisAway."""
    session = context.node.publishers.ingest_session(stream)
    if session is not None:
        return session.limits.key
    record = await context.node.directory.record(stream) if is_stream_id(stream) else None
    return record.key if record is not None else ""


def _add_path_keys(routes: APIRouter, context: AppState) -> None:
    @routes.post(
        "/{stream}/{key}",
        status_code=201,
        dependencies=[Depends(context.access.path_publisher)],
        response_class=Response,
        include_in_schema=False,
    )
    async def publish_by_path(
        stream: str, request: Request, takeover: Takeover = True, enhance: Consent = None
    ) -> Response:
        """Publishes a stream with the key in the path."""
        return await _publish(context, request, stream, takeover=takeover, enhance=enhance)


async def _consent(context: AppState, stream: str, secret: str, enhance: bool) -> None:
    """Notes what the broadcaster wants viewers to see; a session that cannot is ended."""
    try:
        await context.node.directory.set_original(stream, not enhance)
    except AppError:
        await context.node.publishers.end(stream, secret)
        raise
