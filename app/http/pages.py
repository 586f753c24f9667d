"""The pages and their files."""

from __future__ import annotations

import re
from pathlib import Path

from fastapi import APIRouter, FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from app.http.edge.headers import content_policy
from app.http.reference import Reference, Text

STATIC = Path(__file__).resolve().parents[2] / "static"

_SERVED = (".html", ".css", ".js", ".svg", ".png", ".ico", ".woff2")
"""Parts of the folder that browsers may have; it is a Python package too."""
_WORDS = re.compile(r"texts/[a-z]{2}\.json")
"""The pages' sentences in one language; other JSON is not for browsers."""
# Browsers may keep a page and its modules, but ask whether they are fresh: those of two versions do
# not fit together.
_FRESH = {"Cache-Control": "no-cache"}
_ADDRESS = re.compile(r'(\b(?:href|src)=")(?!#|[a-z]+:)')


class Files(StaticFiles):
    """The files of ``/static``."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Returns a file that is part of a page, 404 for everything else."""
        # 404 also for what exists: an answer that differs would tell which files there are.
        if not (path.endswith(_SERVED) or _WORDS.fullmatch(path)):
            raise HTTPException(404)
        response = await super().get_response(path, scope)
        response.headers.setdefault("Cache-Control", "no-cache")
        return response


def _relative(text: str, request: Request) -> str:
    """Returns the text of a page whose addresses are relative, so that it works below any path.

    Slashes at the end of the page's own address, which count as levels, are made up for.
    """
    # The edge counts these slashes. Where routes are called without it, there are none.
    up = "../" * getattr(request.state, "extra_levels", 0)
    return _ADDRESS.sub(rf"\1{up}", text)


def _page(name: str, request: Request) -> HTMLResponse:
    return HTMLResponse(_relative((STATIC / name).read_text(), request), headers=_FRESH)


def _add_player(routes: APIRouter, policy: str) -> None:
    """Adds the page for frames, which has a policy of its own."""

    @routes.get("/embed/{stream}")
    async def embed(stream: str, request: Request) -> HTMLResponse:
        response = _page("embed.html", request)
        response.headers["Content-Security-Policy"] = policy
        return response


async def _favicon() -> FileResponse:
    return FileResponse(STATIC / "favicon.svg", media_type="image/svg+xml")


def install(app: FastAPI, frame_ancestors: tuple[str, ...] = ("'self'",)) -> None:
    """Mounts ``/static`` and the pages. ``frame_ancestors`` are the pages that may show the player
    in a frame, as a content security policy names them; no other page is framed by strangers.
    """
    routes = APIRouter(include_in_schema=False)

    @routes.get("/")
    async def index(request: Request) -> HTMLResponse:
        return _page("index.html", request)

    @routes.get("/grid")
    async def grid(request: Request) -> HTMLResponse:
        return _page("grid.html", request)

    @routes.get("/broadcast")
    async def broadcast(request: Request) -> HTMLResponse:
        return _page("broadcast.html", request)

    @routes.get("/watch/{stream}")
    async def watch(stream: str, request: Request) -> HTMLResponse:
        return _page("watch.html", request)

    @routes.get("/admin")
    async def admin(request: Request) -> HTMLResponse:
        return _page("admin.html", request)

    _add_reference(routes, Reference(app.openapi))
    _add_recordings(routes)
    _add_player(routes, content_policy(frame_ancestors))
    routes.add_api_route("/favicon.ico", _favicon)
    app.include_router(routes)
    app.mount("/static", Files(directory=STATIC), name="static")


def _add_recordings(routes: APIRouter) -> None:
    @routes.get("/recordings")
    async def recordings(request: Request) -> HTMLResponse:
        return _page("replay.html", request)


def _add_reference(routes: APIRouter, reference: Reference) -> None:
    @routes.get("/openapi.json")
    async def document(request: Request) -> Response:
        return _known((await reference.get()).document, request, "application/json")

    @routes.get("/docs")
    async def docs(request: Request) -> Response:
        return _known((await reference.get()).page, request, "text/html")


def _known(text: Text, request: Request, media_type: str) -> Response:
    """Returns a text that is as long as the process, or 304 where the client has it."""
    headers = {**_FRESH, "ETag": text.tag}
    # A proxy that compresses answers marks our tags as weak.
    known = request.headers.get("if-none-match", "").split(",")
    if text.tag in [each.strip().removeprefix("W/") for each in known]:
        return Response(status_code=304, headers=headers)
    body = _relative(text.head, request).encode() + text.rest
    return Response(body, media_type=media_type, headers=headers)
