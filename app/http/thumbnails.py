"""The small picture of a stream: the route, and what it keeps of Redis for all who ask."""

from __future__ import annotations

import collections
import time
from email.utils import formatdate

from fastapi import APIRouter, Request, Response

from app.errors import RedisAway, StreamNotFound, ThumbnailNotFound
from app.http.app_state import AppState
from app.http.whip_common import check_name
from wire.connection import REDIS_DOWN, Redis
from wire.errors import BadMessage
from wire.thumbnail import Thumbnail, Thumbnails

__all__ = ["KeptThumbnails", "router"]

MAX_AGE_S = 2.0
"""Age up to which a kept answer serves; workers leave a picture every five seconds."""

MAX_KEPT = 128
"""Streams whose picture is kept: 8 MiB at most, 2 in practice. Of more, the latest asked for."""

_CACHED = "private, max-age=4, stale-while-revalidate=30"
"""No proxy keeps it, since a stream may be for some only."""


class KeptThumbnails:
    """Reads pictures from Redis, each once in ``MAX_AGE_S`` however many ask."""

    def __init__(self, client: Redis, *, most: int = MAX_KEPT) -> None:
        self._thumbnails = Thumbnails(client)
        self._most = most
        self._kept: collections.OrderedDict[str, tuple[float, Thumbnail | None]]
        self._kept = collections.OrderedDict()

    async def get(self, stream: str, *, now: float) -> Thumbnail | None:
        """Returns the picture, None if there is none. Raises RedisAway."""
        read_at, found = self._kept.get(stream, (float("-inf"), None))
        if now - read_at < MAX_AGE_S:
            return found
        try:
            found = await self._thumbnails.get(stream)
        except BadMessage:
            found = None
        except REDIS_DOWN as error:
            raise RedisAway from error
        self._kept[stream] = (now, found)
        self._kept.move_to_end(stream)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return found


def router(context: AppState) -> APIRouter:
    """Returns the route. Whoever may watch the stream may read it."""
    routes = APIRouter(prefix="/api/v1/streams", tags=["API"])
    kept = KeptThumbnails(context.redis)

    @routes.get(
        "/{stream}/thumbnail",
        response_class=Response,
        responses={200: {"content": {"image/jpeg": {}}}},
    )
    async def thumbnail(stream: str, request: Request) -> Response:
        """The newest small picture of a live stream, a JPEG file 320 pixels wide at most.

        Workers make one every five seconds of what they decode anyway; nobody decodes a stream for
        it. `Last-Modified` tells its age, and 404 is the answer while there is none.
        """
        await context.access.check_view(request, check_name(stream))
        seen = await context.snapshot.get()
        if seen.record(stream) is None:
            raise StreamNotFound(f"{stream} is not live.")
        found = await kept.get(stream, now=time.monotonic())
        if found is None:
            raise ThumbnailNotFound(f"{stream} has no picture yet: nobody decodes it.")
        made_at = formatdate(found.at_us / 1_000_000, usegmt=True)
        headers = {"Last-Modified": made_at, "Cache-Control": _CACHED}
        # The edge adds the ETag, and answers 304 where the client has it.
        return Response(found.jpeg, media_type="image/jpeg", headers=headers)

    return routes
