"""The pages and their files, with the headers that keep them to themselves."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, FastAPI
from starlette.middleware.base import RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

STATIC = Path(__file__).resolve().parents[2] / "static"

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob: mediastream:; "
        "object-src 'none'; base-uri 'none'; frame-ancestors 'self'; form-action 'self'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Permissions-Policy": "camera=(self), microphone=(self), display-capture=(self)",
}
_DOCS = ("/docs", "/redoc")


def install(app: FastAPI) -> None:
    """Mounts ``/static`` and the pages."""
    routes = APIRouter(include_in_schema=False)

    def page(name: str) -> FileResponse:
        return FileResponse(STATIC / name, headers={"Cache-Control": "no-cache"})

    @routes.get("/")
    async def index() -> FileResponse:
        return page("index.html")

    @routes.get("/broadcast")
    async def broadcast() -> FileResponse:
        return page("broadcast.html")

    @routes.get("/watch/{stream}")
    async def watch(stream: str) -> FileResponse:
        return page("watch.html")

    @routes.get("/admin")
    async def admin() -> FileResponse:
        return page("admin.html")

    @routes.get("/favicon.ico")
    async def favicon() -> FileResponse:
        return FileResponse(STATIC / "favicon.svg", media_type="image/svg+xml")

    app.include_router(routes)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")

    @app.middleware("http")
    async def add_headers(request: Request, call_next: RequestResponseEndpoint) -> Response:
        response = await call_next(request)
        if not request.url.path.startswith(_DOCS):
            for name, value in _HEADERS.items():
                response.headers.setdefault(name, value)
        if request.url.path.startswith("/static"):
            response.headers.setdefault("Cache-Control", "no-cache")
        return response
