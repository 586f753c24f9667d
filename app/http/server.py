"""Puts the routes together."""

from __future__ import annotations

from fastapi import FastAPI

from app.http import (
    api,
    audit,
    devices,
    health,
    hls,
    openapi,
    pages,
    problems,
    qr_codes,
    recordings,
    stream_keys,
    team_maps,
    thumbnails,
    whep,
    whip,
)
from app.http.app_state import AppState
from app.http.edge.asgi import Edge

_DESCRIPTION = (
    "Live streams in by WHIP, enhanced, out by WHEP. Errors are problem details (RFC 9457)."
)


def create_app(context: AppState) -> Edge:
    """Returns the ASGI application over a node that is already running."""
    app = FastAPI(
        title="Sharpcast",
        version=context.version,
        description=_DESCRIPTION,
        # The framework would render its document at each request, and its pages load scripts from
        # another host, which the content security policy forbids: `pages` has both.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        # The edge strips slashes at the end: clients lose the body of a POST that is redirected.
        redirect_slashes=False,
    )
    problems.install(app)
    views = (whip, whep, hls, api, recordings, team_maps, thumbnails, qr_codes)
    for module in (*views, devices, stream_keys, audit, health):
        app.include_router(module.router(context))
    openapi.complete(app)
    pages.install(app, context.frame_ancestors)
    edge = Edge(app, context.edge)
    node = context.node
    context.metrics.count_refused(
        lambda: {
            **edge.refused,
            **node.admission.refused,
            **node.packagers.refused,
            **node.recorders.refused,
            **context.qr_codes.refused,
            **context.figures.refused,
        }
    )
    context.metrics.count_external(context.access.external)
    return edge
