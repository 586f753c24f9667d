"""QR codes of watch addresses, for people who pass a stream on to phones."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.errors import BadRequest
from app.http.app_state import AppState
from app.http.auth import QUERY
from app.http.whip_common import check_name

__all__ = ["router", "watch_address"]

MAX_BASE = 200
"""Characters of the address at which the pages begin: more than names and paths of servers have."""

MAX_TOKEN = 200
"""Characters of a view token behind its prefix, as many as ours have. With the longest name the
code is one of version 17 of 40, which a phone's camera still reads from a screen."""

_BASE = re.compile(r"https?://([A-Za-z0-9.:\[\]-]+)/(?:[A-Za-z0-9._~-]+/){0,8}\Z")
_WATCH = "watch/"
_TOKEN = rf"^(vt_[A-Za-z0-9_.-]{{1,{MAX_TOKEN}}})?$"
# The same address has the same code for ever; one with a token is to lie in no cache.
_CACHED = {"Cache-Control": "private, max-age=86400"}
_SECRET = {"Cache-Control": "no-store"}


def watch_address(base: str, host: str, stream: str) -> str:
    """Returns the address of a stream's watch page below ``base``. Raises BadRequest.

    Where the pages begin is known to the browser alone, since a proxy may have put them below any
    path. A code for any address would make this server vouch for other people's pages, so ``base``
    must be of the ``host`` that was asked.
    """
    found = _BASE.match(base)
    if found is None or len(base) > MAX_BASE:
        raise BadRequest("base is the address at which the pages begin, as https://host/path/.")
    if found[1].lower() != host.lower():
        raise BadRequest("base must be an address of this server, as it was asked.")
    return f"{base}{_WATCH}{stream}"


def router(context: AppState) -> APIRouter:
    """Returns the route; it reads nothing but its address."""
    routes = APIRouter(prefix="/api/v1/streams", tags=["API"])

    @routes.get(
        "/{stream}/qr",
        response_class=Response,
        responses={200: {"content": {"image/svg+xml": {}}}},
    )
    async def qr_code(
        stream: str,
        request: Request,
        base: Annotated[str, Query(max_length=MAX_BASE)],
        token: Annotated[str, Query(pattern=_TOKEN, description="View token of the address")] = "",
    ) -> Response:
        """The QR code of the stream's watch address, an SVG file; it need not be live.

        `base` is the address at which the pages begin, with a slash at its end. Its host must be
        the one that was asked.
        """
        check_name(stream)
        address = watch_address(base, request.headers.get("Host", ""), stream)
        if token:
            address += f"?{QUERY}={token}"
        picture = await context.qr_codes.svg(address)
        headers = _SECRET if token else _CACHED
        return Response(picture, media_type="image/svg+xml", headers=headers)

    return routes
