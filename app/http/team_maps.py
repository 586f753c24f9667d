"""The map of who made which part of a picture: the route, and the requests to the leads for it.

A lead keeps a map only while it is asked to, so that nobody pays for what nobody looks at.
"""

from __future__ import annotations

import collections
import time

from fastapi import APIRouter, Request, Response

from app.errors import RedisAway, RenditionNotFound, StreamNotFound
from app.http.app_state import AppState
from app.http.serializers import lead_of
from app.http.team_schemas import PictureMap, TeamMapView
from app.http.whip_common import check_name
from wire.connection import REDIS_DOWN, Redis
from wire.control import MapRequest, to_lead
from wire.heartbeat import StreamWork, WorkerBeat
from wire.team_map import LIFE_S

__all__ = ["MapRequests", "router"]

ASK_S = LIFE_S / 3
"""Interval of requests for one rendition, whatever the number of its viewers who look at a map."""

MAX_ASKED = 1024
"""Renditions of which the last request is remembered; of more, the latest."""


class MapRequests:
    """Asks leads for maps on behalf of all viewers of this node."""

    def __init__(self, client: Redis, *, most: int = MAX_ASKED) -> None:
        self._client = client
        self._most = most
        self._asked: collections.OrderedDict[tuple[str, str], float] = collections.OrderedDict()

    async def ask(self, stream: str, rendition: str, *, now: float) -> None:
        """Asks the rendition's lead, unless that was done within ``ASK_S``. Raises RedisAway."""
        key = (stream, rendition)
        if now - self._asked.get(key, float("-inf")) < ASK_S:
            return
        self._asked[key] = now
        self._asked.move_to_end(key)
        if len(self._asked) > self._most:
            self._asked.popitem(last=False)
        try:
            await to_lead(self._client, stream).send(MapRequest(rendition=rendition))
        except REDIS_DOWN as error:
            raise RedisAway from error


def router(context: AppState) -> APIRouter:
    """Returns the route. Whoever may watch the stream may read it."""
    routes = APIRouter(prefix="/api/v1/streams", tags=["API"])
    requests = MapRequests(context.redis)

    @routes.get("/{stream}/renditions/{name}/map", response_model=TeamMapView)
    async def team_map(stream: str, name: str, request: Request) -> Response:
        """The devices that made each part of the picture within the last second.

        The first answers have no map: the rendition's worker begins one when it is asked for, and
        keeps it while it is asked for once in three seconds.
        """
        await context.access.check_view(request, check_name(stream))
        seen = await context.snapshot.get()
        record = seen.record(stream)
        if record is None:
            raise StreamNotFound(f"{stream} is not live.")
        renditions = {each.name: each for each in seen.enhanced(record)}
        if name not in renditions:
            raise RenditionNotFound.among(stream, name, renditions)
        lead, work = lead_of(renditions[name], seen.beats)
        if work is not None:
            await requests.ask(stream, name, now=time.monotonic())
        place = f"streams/{stream}/renditions/{name}/map"
        body = seen.json(place, lambda: _view(lead, work))
        return Response(body, media_type="application/json")

    return routes


def _view(lead: WorkerBeat | None, work: StreamWork | None) -> TeamMapView:
    if lead is None or work is None:
        return TeamMapView(worker="", helpers=[], map=None)
    found = work.team_map
    return TeamMapView(
        worker=lead.name,
        helpers=[each.name for each in work.team.devices],
        map=None if found is None else PictureMap.of(found),
    )
