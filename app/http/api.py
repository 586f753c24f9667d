"""The admin API under ``/api/v1``."""

from __future__ import annotations

import time

from fastapi import APIRouter, Depends, Response

from app.errors import BadRequest, RedisAway, StreamNotFound
from app.http import schemas, views
from app.http.context import Context
from app.http.sdp import check_name
from wire.connection import REDIS_DOWN
from wire.heartbeat import Heartbeats, WorkerBeat
from wire.streams import StreamRecord


def router(context: Context) -> APIRouter:
    """Reading streams and models is open; changes and the worker list need the admin token."""
    routes = APIRouter(prefix="/api/v1", tags=["API"])
    read = _Views(context)
    _add_reading(routes, read, context)
    _add_changing(routes, read, context)
    return routes


class _Views:
    """What the routes read, with Redis' absence turned into a problem answer."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._heartbeats = Heartbeats(context.redis)

    async def beats(self) -> list[WorkerBeat]:
        try:
            return await self._heartbeats.list()
        except REDIS_DOWN as error:
            raise RedisAway from error

    async def stream(self, stream: str) -> schemas.Stream:
        record = await self._context.hub.record(check_name(stream))
        if record is None:
            raise StreamNotFound(f"{stream} is not live.")
        return self._view(record, await self.beats())

    async def streams(self) -> list[schemas.Stream]:
        records = await self._context.hub.records()
        beats = await self.beats()
        return [self._view(record, beats) for record in records if record.state == "live"]

    def _view(self, record: StreamRecord, beats: list[WorkerBeat]) -> schemas.Stream:
        return views.stream_view(record, beats, self._context.hub, self._context.defaults)

    def server(self) -> schemas.Server:
        context = self._context
        return schemas.Server(
            version=context.version,
            instance=context.instance,
            publish_token_needed=context.publish_guard.is_on,
            admin_token_needed=context.admin_guard.is_on,
            ice_servers=[
                schemas.IceServerInfo(
                    urls=s.urls, username=s.username or None, credential=s.credential or None
                )
                for s in context.ice_servers.for_peer(now_s=time.time())
            ],
            default_model=context.defaults.model,
        )


def _add_reading(routes: APIRouter, read: _Views, context: Context) -> None:
    @routes.get("/server")
    async def server() -> schemas.Server:
        """What a page needs to know before it starts."""
        return read.server()

    @routes.get("/streams")
    async def streams() -> schemas.StreamList:
        """All live streams."""
        return schemas.StreamList(streams=await read.streams())

    @routes.get("/streams/{stream}")
    async def stream(stream: str) -> schemas.Stream:
        """One stream."""
        return await read.stream(stream)

    @routes.get("/workers", dependencies=[Depends(context.admin_guard)])
    async def workers() -> schemas.WorkerList:
        """All workers with capacity and load."""
        return schemas.WorkerList(workers=[views.worker_view(b) for b in await read.beats()])

    @routes.get("/models")
    async def models() -> schemas.ModelListing:
        """The nets that running workers can load."""
        return schemas.ModelListing(models=views.model_views(await read.beats()))


def _add_changing(routes: APIRouter, read: _Views, context: Context) -> None:
    guarded = [Depends(context.admin_guard)]

    @routes.patch("/streams/{stream}", dependencies=guarded)
    async def change(stream: str, wish: schemas.StreamChange) -> schemas.Stream:
        """Switches enhancement on or off, chooses the net, or the look of one that has two."""
        if wish.model:
            _check_model(wish.model, views.model_views(await read.beats()))
        await context.hub.change(
            check_name(stream), enhance=wish.enhance, model=wish.model, strength=wish.strength
        )
        return await read.stream(stream)

    @routes.delete(
        "/streams/{stream}", status_code=204, dependencies=guarded, response_class=Response
    )
    async def end(stream: str) -> Response:
        """Ends a stream: its publisher and its viewers are disconnected."""
        await context.hub.end(check_name(stream))
        return Response(status_code=204)


def _check_model(name: str, models: list[schemas.Model]) -> None:
    found = next((model for model in models if model.name == name), None)
    if found is None:
        known = ", ".join(model.name for model in models if not model.missing)
        raise BadRequest(
            f"No running worker has a model {name[:64]!r}; there is {known or 'none'}."
        )
    if found.missing:
        raise BadRequest(found.missing[:1].upper() + found.missing[1:])
