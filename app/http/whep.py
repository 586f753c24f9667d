"""WHEP (draft-ietf-wish-whep-04): watching."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.errors import BadRequest, ForeignOrigin, NobodyPublishes, RenditionNotFound
from app.http import whip_common
from app.http.app_state import AppState
from app.http.openapi import ANSWER, OFFER, SPOKEN
from app.http.viewer_limit import ViewerLimit
from app.http.whep_extensions import add_extensions, with_extensions
from wire.keys import ENHANCED, SOURCE, is_layer, is_rendition
from wire.node_messages import SessionKind

Rendition = Annotated[
    str,
    Query(
        description="`source`, a simulcast layer as received (`source-NAME`), `enhanced`, "
        "`smaller` (for weak connections), another rendition of the stream, or `auto`: as the "
        "connection carries"
    ),
]
Fallback = Annotated[
    str, Query(description="`none`: do not show the source while the enhanced one is away")
]


Name = Annotated[
    str,
    Query(
        description="Random name of the viewer, made by the page; its sessions count as one",
        pattern="^[A-Za-z0-9_-]{0,32}$",
    ),
]


def _check_query(rendition: str, fallback: str) -> None:
    """Checks the query. Raises RenditionNotFound or BadRequest."""
    if rendition != SOURCE and not is_layer(rendition) and not is_rendition(rendition):
        raise RenditionNotFound(f"{rendition[:20]!r} is no name of a rendition.")
    if fallback not in ("", SOURCE, "none"):
        raise BadRequest("The fallback can only be source or none.")


async def _check_may_watch(request: Request, stream: str, context: AppState) -> None:
    """Lets a foreign page learn that nobody is live, and no more.

    Raises ForeignOrigin, NobodyPublishes, NotAuthorized, NotAllowed or RedisAway.
    """
    if getattr(request.state, "may_watch", True):
        await context.access.check_view(request, stream)
        return
    if await context.node.directory.record(stream) is None:
        raise NobodyPublishes(f"Nobody publishes {stream} at the moment.")
    raise ForeignOrigin


def router(context: AppState) -> APIRouter:
    """Returns the routes under ``/whep``."""
    routes = APIRouter(prefix="/whep", tags=["WHEP"])
    limit = ViewerLimit(context.node, context.snapshot)

    @routes.post(
        "/{stream}", status_code=201, response_class=Response, responses=ANSWER, openapi_extra=OFFER
    )
    async def play(
        stream: str,
        request: Request,
        rendition: Rendition = ENHANCED,
        fallback: Fallback = SOURCE,
        viewer: Name = "",
    ) -> Response:
        """Watches a stream: the body is an SDP offer, the answer's body the SDP answer."""
        whip_common.check_name(stream)
        _check_query(rendition, fallback)
        offer = await whip_common.read_offer(request)
        await _check_may_watch(request, stream, context)
        async with limit.place(stream, viewer) as name:
            made = await context.node.viewers.play(
                stream,
                offer,
                rendition=rendition,
                fallback=fallback != "none",
                viewer_name=name,
                route=whip_common.route(request),
            )
        created = whip_common.created(request, context, SessionKind.WHEP, stream, made)
        return with_extensions(created)

    @routes.head("/{stream}", response_class=Response, responses=SPOKEN)
    async def head() -> Response:
        """Says what the endpoint speaks."""
        return Response(status_code=200, media_type=whip_common.MEDIA_TYPE)

    whip_common.add_common(routes, SessionKind.WHEP, context.node.sessions)
    add_extensions(routes, context)
    return routes
