"""WHIP (RFC 9725): publishing."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from app.http import whip_common
from app.http.app_state import AppState
from app.http.openapi import ANSWER, GUARDED, OFFER
from wire.node_messages import SessionKind


def router(context: AppState) -> APIRouter:
    """Returns the routes under ``/whip``."""
    routes = APIRouter(prefix="/whip", tags=["WHIP"])
    guarded = [Depends(context.publish_guard)]

    @routes.post(
        "/{stream}",
        status_code=201,
        dependencies=guarded,
        response_class=Response,
        responses=ANSWER,
        openapi_extra={**GUARDED, **OFFER},
    )
    async def publish(
        stream: str,
        request: Request,
        takeover: Annotated[
            bool, Query(description="`false`: not while another connection brings the stream")
        ] = True,
    ) -> Response:
        """Publishes a stream: the body is an SDP offer, the answer's body the SDP answer."""
        whip_common.check_name(stream)
        offer = await whip_common.read_offer(request)
        made = await context.node.publishers.publish(
            stream, offer, takeover=takeover, route=whip_common.route(request)
        )
        return whip_common.created(request, context, SessionKind.WHIP, stream, made)

    @routes.head("/{stream}", status_code=204, response_class=Response)
    async def head() -> Response:
        """Answers 204: there is nothing to show."""
        return whip_common.nothing()

    whip_common.add_common(routes, SessionKind.WHIP, context.node.sessions, guarded)
    return routes
