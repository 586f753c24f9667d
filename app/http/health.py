"""``/healthz``, ``/readyz`` and ``/metrics``."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from app.http.app_state import AppState
from app.http.metrics_form import form_for
from wire.server_memory import ServerMemory


def router(context: AppState) -> APIRouter:
    """Open to all: nothing secret is in them."""
    routes = APIRouter(tags=["Health"])

    @routes.get("/healthz")
    async def healthz() -> dict[str, str]:
        """The process answers."""
        return {"status": "ok"}

    @routes.get("/readyz")
    async def readyz() -> dict[str, str | int]:
        """Streams can be taken: Redis answers. Workers may come and go."""
        seen = await context.snapshot.get()
        memory = seen.memory or ServerMemory()
        return {
            "status": "ready",
            "workers": len(seen.beats),
            "redis_memory_percent": round(100 * memory.fraction),
        }

    @routes.get("/metrics", response_class=Response)
    async def metrics(request: Request) -> Response:
        """Prometheus text format, or OpenMetrics where the client accepts it.

        Streams that are not public are left out, but for who shows a token that may watch them.
        """
        form = form_for(request.headers.get("accept", ""))
        hidden = await context.access.unlisted(request)
        text = await context.figures.exposition(form, hidden)
        return Response(text, media_type=form.content_type)

    return routes
