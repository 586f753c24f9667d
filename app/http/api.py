"""The admin API under ``/api/v1``."""

from __future__ import annotations

import asyncio
import time

from fastapi import APIRouter, Depends, Response

from app.delivery.quality_levels import AUTO
from app.errors import BadRequest, RedisAway, StreamNotFound
from app.http import schemas, serializers, server_schemas
from app.http.app_state import AppState
from app.http.node_views import node_view
from app.http.openapi import GUARDED
from app.http.rendition_specs import check_change, check_spec, wire_spec, wire_team
from app.http.snapshot import Seen
from app.http.whip_common import check_name
from media.send_size import shipped_sizes
from wire.keys import VARIANTS, is_rendition
from wire.stream_record import StreamRecord

SEND_SIZES = shipped_sizes()
"""Sizes to send, smallest first; the file is part of the package and does not change."""

MAX_SIZES_S = 0.5
"""Seconds that the question for publishers' settings waits for Redis: pages take a server for dead
that does not answer, and a hanging Redis holds a command for ten."""


def router(context: AppState) -> APIRouter:
    """Returns the routes. Reading is open; changes and the worker list need the admin token."""
    routes = APIRouter(prefix="/api/v1", tags=["API"])
    read = _Views(context)
    _add_reading(routes, read)
    _add_guarded_reading(routes, read, context)
    _add_changing(routes, read, context)
    _add_renditions(routes, read, context)
    return routes


class _Views:
    """The views of the newest snapshot."""

    def __init__(self, context: AppState) -> None:
        self._context = context
        self._reading: asyncio.Task[bool] | None = None

    async def stream(self, stream: str) -> Response:
        check_name(stream)
        seen = await self._context.snapshot.get()
        record = seen.record(stream)
        if record is None:
            raise StreamNotFound(f"{stream} is not live.")
        # The text is made once for each copy of Redis: a thousand pages that poll cost one
        # rendering.
        return _json(seen.json(f"streams/{stream}", lambda: self._view(record, seen)))

    async def streams(self) -> Response:
        seen = await self._context.snapshot.get()

        def listed() -> schemas.StreamList:
            live = [record for record in seen.records if record.state == "live"]
            return schemas.StreamList(streams=[self._view(each, seen) for each in live])

        return _json(seen.json("streams", listed))

    async def workers(self) -> Response:
        seen = await self._context.snapshot.get()
        return _json(
            seen.json(
                "workers",
                lambda: schemas.WorkerList(
                    workers=[serializers.worker_view(b) for b in seen.beats]
                ),
            )
        )

    async def counters(self) -> Response:
        seen = await self._context.snapshot.get()
        listed = await self._context.figures.counters(seen)
        return _json(seen.json("counters", lambda: listed))

    async def nodes(self) -> Response:
        seen = await self._context.snapshot.get()
        own = self._context.node.name

        def listed() -> schemas.NodeList:
            return schemas.NodeList(
                nodes=[
                    node_view(beat, own=own, started_at=serializers.iso(beat.started_us))
                    for beat in seen.nodes.beats
                ]
            )

        return _json(seen.json("nodes", listed))

    async def models(self) -> list[schemas.Model]:
        return serializers.model_views((await self._context.snapshot.get()).beats)

    def _view(self, record: StreamRecord, seen: Seen) -> schemas.Stream:
        view = serializers.stream_view(
            record, seen.enhanced(record), seen.beats, seen.nodes, self._context.defaults
        )
        view.hls = f"/hls/{record.id}/index.m3u8" if self._context.hls else ""
        return view

    async def server(self) -> server_schemas.Server:
        context = self._context
        return server_schemas.Server(
            version=context.version,
            instance=context.instance,
            publish_token_needed=context.publish_guard.is_on,
            admin_token_needed=context.admin_guard.is_on,
            ice_servers=[
                server_schemas.IceServerInfo(
                    urls=s.urls, username=s.username or None, credential=s.credential or None
                )
                for s in context.ice_servers.for_peer(now_s=time.time())
            ],
            default_model=context.defaults.model,
            send_sizes=await self._send_sizes(),
        )

    async def _enhances(self) -> bool:
        try:
            return bool((await self._context.snapshot.get()).beats)
        except RedisAway:
            return False

    async def _send_sizes(self) -> list[server_schemas.SendSizeInfo]:
        # This answer tells publishers that the server lives, so it must not need Redis. The read is
        # not cancelled, because others wait for it, and there is one at a time.
        if self._reading is None or self._reading.done():
            self._reading = asyncio.get_running_loop().create_task(self._enhances(), name="sizes")
        reading = self._reading
        await asyncio.wait((reading,), timeout=MAX_SIZES_S)
        if not reading.done() or not reading.result():
            return []
        return [
            server_schemas.SendSizeInfo(fraction=size.fraction, min_bpp=size.min_bpp)
            for size in SEND_SIZES
        ]


def _add_reading(routes: APIRouter, read: _Views) -> None:
    @routes.get("/server")
    async def server() -> server_schemas.Server:
        """Settings that a page needs before it starts."""
        return await read.server()

    @routes.get("/streams", response_model=schemas.StreamList)
    async def streams() -> Response:
        """All live streams."""
        return await read.streams()

    @routes.get("/streams/{stream}", response_model=schemas.Stream)
    async def stream(stream: str) -> Response:
        """One stream."""
        return await read.stream(stream)

    @routes.get("/counters", response_model=schemas.CounterList)
    async def counters() -> Response:
        """All counters of this app and of the workers, as in `/metrics`."""
        return await read.counters()

    @routes.get("/models")
    async def models() -> schemas.ModelListing:
        """The nets that running workers can load."""
        return schemas.ModelListing(models=await read.models())


def _add_guarded_reading(routes: APIRouter, read: _Views, context: AppState) -> None:
    guarded = [Depends(context.admin_guard)]

    @routes.get(
        "/workers",
        dependencies=guarded,
        response_model=schemas.WorkerList,
        openapi_extra=GUARDED,
    )
    async def workers() -> Response:
        """All workers with capacity and load."""
        return await read.workers()

    @routes.get(
        "/nodes",
        dependencies=guarded,
        response_model=schemas.NodeList,
        openapi_extra=GUARDED,
    )
    async def nodes() -> Response:
        """All app nodes that share this Redis, with their sessions and viewers."""
        return await read.nodes()


def _add_changing(routes: APIRouter, read: _Views, context: AppState) -> None:
    guarded = [Depends(context.admin_guard)]

    @routes.patch(
        "/streams/{stream}",
        dependencies=guarded,
        response_model=schemas.Stream,
        openapi_extra=GUARDED,
    )
    async def change(stream: str, changes: schemas.StreamChange) -> Response:
        """Switches enhancement on or off, chooses the net or its style, or says who helps."""
        check_name(stream)
        before = await context.node.directory.default_spec(stream)
        check_change(changes, before, await read.models(), context.defaults.model)
        await context.node.directory.change(
            stream,
            enhance=changes.enhance,
            model=changes.model,
            strength=changes.strength,
            team=wire_team(changes),
        )
        context.snapshot.forget()  # Else the answer may be half a second old.
        return await read.stream(stream)

    @routes.delete(
        "/streams/{stream}",
        status_code=204,
        dependencies=guarded,
        response_class=Response,
        openapi_extra=GUARDED,
    )
    async def end(stream: str) -> Response:
        """Ends a stream: its publisher and its viewers are disconnected."""
        await context.node.directory.end(check_name(stream))
        context.snapshot.forget()
        return Response(status_code=204)


def _add_renditions(routes: APIRouter, read: _Views, context: AppState) -> None:
    path, guarded = "/streams/{stream}/renditions/{name}", [Depends(context.admin_guard)]

    @routes.put(path, dependencies=guarded, response_model=schemas.Stream, openapi_extra=GUARDED)
    async def put(stream: str, name: str, spec: schemas.RenditionSettings) -> Response:
        """Adds an enhanced rendition to a stream, or gives one that is there another spec."""
        check_name(stream)
        _check_rendition(name)
        check_spec(spec, await read.models(), context.defaults.model)
        await context.node.directory.put_rendition(stream, name, wire_spec(spec))
        context.snapshot.forget()
        return await read.stream(stream)

    @routes.delete(
        path,
        status_code=204,
        dependencies=guarded,
        response_class=Response,
        openapi_extra=GUARDED,
    )
    async def remove(stream: str, name: str) -> Response:
        """Removes an enhanced rendition; its viewers are disconnected."""
        await context.node.directory.remove_rendition(check_name(stream), name)
        context.snapshot.forget()
        return Response(status_code=204)


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")


def _check_rendition(name: str) -> None:
    """Checks the name of an enhanced rendition. Raises BadRequest."""
    if not is_rendition(name) or name == AUTO:
        raise BadRequest(
            "A rendition's name is 1 to 16 lower-case letters, digits and dashes; it is not "
            f"source or auto, and does not end in {' or '.join(f'-{codec}' for codec in VARIANTS)}."
        )
