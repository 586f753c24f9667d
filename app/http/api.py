"""The admin API under ``/api/v1``."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Response

from app.errors import BadRequest, RedisAway, StreamNotFound
from app.http import schemas, views
from app.http.context import Context
from app.http.sdp import check_name
from wire.connection import REDIS_DOWN
from wire.heartbeat import Heartbeats, WorkerBeat


def router(context: Context) -> APIRouter:
    """Reading streams and models is open; changes and the worker list need the admin token."""
    routes = APIRouter(prefix="/api/v1", tags=["API"])
    guarded = [Depends(context.admin_guard)]
    heartbeats = Heartbeats(context.redis)

    async def beats() -> list[WorkerBeat]:
        try:
            return await heartbeats.list()
        except REDIS_DOWN as error:
            raise RedisAway from error

    async def one(stream: str) -> schemas.Stream:
        record = await context.hub.record(check_name(stream))
        if record is None:
            raise StreamNotFound(f"{stream} is not live.")
        return views.stream_view(record, await beats(), context.hub, context.default_model)

    @routes.get("/server")
    async def server() -> schemas.Server:
        """What a page needs to know before it starts."""
        return schemas.Server(
            version=context.version,
            publish_token_needed=context.publish_guard.is_on,
            admin_token_needed=context.admin_guard.is_on,
            ice_servers=[
                schemas.IceServerInfo(
                    urls=s.urls, username=s.username or None, credential=s.credential or None
                )
                for s in context.ice_servers
            ],
            default_model=context.default_model,
        )

    @routes.get("/streams")
    async def streams() -> schemas.StreamList:
        """All live streams."""
        records = await context.hub.records()
        workers = await beats()
        return schemas.StreamList(
            streams=[
                views.stream_view(record, workers, context.hub, context.default_model)
                for record in records
                if record.state == "live"
            ]
        )

    @routes.get("/streams/{stream}")
    async def stream(stream: str) -> schemas.Stream:
        """One stream."""
        return await one(stream)

    @routes.patch("/streams/{stream}", dependencies=guarded)
    async def change(stream: str, wish: schemas.StreamChange) -> schemas.Stream:
        """Switches enhancement on or off, or chooses the net."""
        if wish.model:
            known = [model.name for model in views.model_views(await beats())]
            if wish.model not in known:
                raise BadRequest(
                    f"No running worker has a model {wish.model[:64]!r}; "
                    f"there is {', '.join(known) or 'none'}."
                )
        await context.hub.change(check_name(stream), enhance=wish.enhance, model=wish.model)
        return await one(stream)

    @routes.delete(
        "/streams/{stream}", status_code=204, dependencies=guarded, response_class=Response
    )
    async def end(stream: str) -> Response:
        """Ends a stream: its publisher and its viewers are disconnected."""
        await context.hub.end(check_name(stream))
        return Response(status_code=204)

    @routes.get("/workers", dependencies=guarded)
    async def workers() -> schemas.WorkerList:
        """All workers with capacity and load."""
        return schemas.WorkerList(workers=[views.worker_view(beat) for beat in await beats()])

    @routes.get("/models")
    async def models() -> schemas.ModelListing:
        """The nets that running workers can load."""
        return schemas.ModelListing(models=views.model_views(await beats()))

    return routes
