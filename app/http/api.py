"""The admin API under ``/api/v1``."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel

from app.delivery.quality_levels import AUTO
from app.errors import BadRequest, RedisAway, StreamNotFound
from app.http import schemas, serializers, server_schemas
from app.http.app_state import AppState
from app.http.consent import add_consent
from app.http.node_views import node_view
from app.http.openapi import GUARDED
from app.http.recording_views import entries_of, stream_recording
from app.http.rendition_specs import check_change, check_spec, wire_spec
from app.http.snapshot import Seen
from app.http.stream_change import change_stream
from app.http.whip_common import check_name
from media.send_size import shipped_sizes
from wire.keys import VARIANTS, is_rendition
from wire.stream_record import StreamRecord

SEND_SIZES = shipped_sizes()
"""Sizes to send, smallest first; the file is part of the package and does not change."""

MAX_SIZES_S = 0.5
"""Seconds that the question for publishers' settings waits for Redis: pages take a server for dead
that does not answer, and a hanging Redis holds a command for ten."""


MAX_TURN_S = 0.004
"""Seconds of rendering after which waiting packets have their turn."""

Limit = Annotated[int | None, Query(ge=1, le=1000, description="Streams at most; all without it")]
After = Annotated[
    str, Query(max_length=64, description="Only streams behind this name, by alphabet")
]
Everything = Annotated[
    bool,
    Query(alias="all", description="Also streams that are not public; needs the admin token"),
]


def router(context: AppState) -> APIRouter:
    """Returns the routes. Public streams may be read by all; changes need a token."""
    routes = APIRouter(prefix="/api/v1", tags=["API"])
    read = _Views(context)
    _add_reading(routes, read)
    _add_streams(routes, read, context)
    _add_guarded_reading(routes, read, context)
    _add_changing(routes, read, context)
    _add_ending(routes, context)
    _add_renditions(routes, read, context)
    add_consent(routes, context, read.stream)
    return routes


@dataclasses.dataclass(frozen=True, slots=True)
class _Asked:
    """The part of the list of streams that is asked for."""

    after: str = ""
    "Name of the last stream of the part before."
    limit: int | None = None


class _Views:
    """The views of the newest snapshot."""

    def __init__(self, context: AppState) -> None:
        self._context = context
        self._reading: asyncio.Task[bool] | None = None

    async def stream(self, stream: str) -> Response:
        seen = await self._context.snapshot.get()
        record = seen.record(stream)
        if record is None:
            raise StreamNotFound(f"{stream} is not live.")
        return _json(self._text(record, seen))

    async def streams(self, asked: _Asked, is_listed: Callable[[str], bool]) -> Response:
        """Returns the live streams that are listed, those behind ``asked.after``."""
        seen = await self._context.snapshot.get()
        live = [each for each in seen.records if each.state == "live" and is_listed(each.id)]
        behind = [each for each in live if each.id > asked.after]
        texts, begun = [], time.monotonic()
        for record in behind[: asked.limit]:
            texts.append(self._text(record, seen))
            # A thousand streams take a quarter of a second, and packets must not wait for them.
            if time.monotonic() - begun > MAX_TURN_S:
                await asyncio.sleep(0)
                begun = time.monotonic()
        return _json(b'{"streams":[%b],"total":%d}' % (b",".join(texts), len(live)))

    def _text(self, record: StreamRecord, seen: Seen) -> bytes:
        # The text is made once for each copy of Redis: a thousand pages that poll cost one
        # rendering.
        return seen.json(f"streams/{record.id}", lambda: self._view(record, seen))

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

    async def counters(self, request: Request) -> Response:
        seen = await self._context.snapshot.get()
        hidden = await self._context.access.unlisted(request)
        return _json(await self._context.figures.counters(seen, hidden))

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
        found = serializers.stream_view(
            record,
            seen.enhanced(record),
            seen.beats,
            seen.nodes,
            self._context.defaults,
            view=self._context.access.view_of(record.id),
        )
        found.hls = f"/hls/{record.id}/index.m3u8" if self._context.hls else ""
        found.recording = stream_recording(
            self._context.access.store.recording_of(record.id),
            self._context.defaults.recording,
            entries_of(record, seen.recordings),
        )
        return found

    async def server(self) -> server_schemas.Server:
        context = self._context
        return server_schemas.Server(
            version=context.version,
            instance=context.instance,
            publish_token_needed=context.access.publish_needs_token,
            admin_token_needed=context.access.admin_needs_token,
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

    @routes.get("/counters", response_model=schemas.CounterList)
    async def counters(request: Request) -> Response:
        """All counters of this app and of the workers, as in `/metrics`.

        Of streams that are not public, those that the token of the request may watch.
        """
        return await read.counters(request)

    @routes.get("/models")
    async def models() -> schemas.ModelListing:
        """The nets that running workers can load."""
        return schemas.ModelListing(models=await read.models())


def _add_streams(routes: APIRouter, read: _Views, context: AppState) -> None:
    access = context.access

    @routes.get("/streams", response_model=schemas.StreamList)
    async def streams(
        request: Request, limit: Limit = None, after: After = "", everything: Everything = False
    ) -> Response:
        """The live streams that are public, and those that the token of the request may watch."""
        if everything:
            await access.admin(request)
            return await read.streams(_Asked(after, limit), lambda _: True)
        grant = await access.lister(request)
        return await read.streams(
            _Asked(after, limit), lambda stream: access.is_listed(stream, grant)
        )

    @routes.get("/streams/{stream}", response_model=schemas.Stream)
    async def stream(stream: str, request: Request) -> Response:
        """One stream. Where its view permission is `token`, one is needed."""
        await access.check_view(request, check_name(stream))
        return await read.stream(stream)


def _add_guarded_reading(routes: APIRouter, read: _Views, context: AppState) -> None:
    guarded = [Depends(context.access.admin)]

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
    owned = [Depends(context.access.owner)]

    @routes.patch(
        "/streams/{stream}",
        dependencies=owned,
        response_model=schemas.Stream,
        openapi_extra=GUARDED,
    )
    async def change(stream: str, request: Request, changes: schemas.StreamChange) -> Response:
        """Switches enhancement on or off, chooses the net, its style, who helps or who may watch.

        A view permission stays for the name, also while nobody publishes it.
        """
        check_name(stream)
        before = await context.node.directory.default_spec(stream)
        check_change(changes, before, await read.models(), context.defaults.model)
        await change_stream(context, request, stream, changes)
        context.snapshot.forget()  # Else the answer may be half a second old.
        return await read.stream(stream)


def _add_ending(routes: APIRouter, context: AppState) -> None:
    guarded = [Depends(context.access.admin)]

    @routes.delete(
        "/streams/{stream}",
        status_code=204,
        dependencies=guarded,
        response_class=Response,
        openapi_extra=GUARDED,
    )
    async def end(stream: str, request: Request) -> Response:
        """Ends a stream: its publisher and its viewers are disconnected."""
        await context.node.directory.end(check_name(stream))
        await context.access.note(request, "stream_ended", stream)
        context.snapshot.forget()
        return Response(status_code=204)


def _add_renditions(routes: APIRouter, read: _Views, context: AppState) -> None:
    path, guarded = "/streams/{stream}/renditions/{name}", [Depends(context.access.owner)]

    @routes.put(path, dependencies=guarded, response_model=schemas.Stream, openapi_extra=GUARDED)
    async def put(
        stream: str, name: str, request: Request, spec: schemas.RenditionSettings
    ) -> Response:
        """Adds an enhanced rendition to a stream, or gives one that is there another spec."""
        check_name(stream)
        _check_rendition(name)
        check_spec(spec, await read.models(), context.defaults.model)
        await context.node.directory.put_rendition(stream, name, wire_spec(spec))
        await context.access.note(request, "rendition_put", f"{stream}/{name}", _words(spec))
        context.snapshot.forget()
        return await read.stream(stream)

    @routes.delete(
        path,
        status_code=204,
        dependencies=guarded,
        response_class=Response,
        openapi_extra=GUARDED,
    )
    async def remove(stream: str, name: str, request: Request) -> Response:
        """Removes an enhanced rendition; its viewers are disconnected."""
        await context.node.directory.remove_rendition(check_name(stream), name)
        await context.access.note(request, "rendition_removed", f"{stream}/{name}")
        context.snapshot.forget()
        return Response(status_code=204)


def _words(changes: BaseModel) -> str:
    """Returns what was asked for, for the audit log."""
    return changes.model_dump_json(exclude_unset=True)


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")


def _check_rendition(name: str) -> None:
    """Checks the name of an enhanced rendition. Raises BadRequest."""
    if not is_rendition(name) or name == AUTO:
        raise BadRequest(
            "A rendition's name is 1 to 16 lower-case letters, digits and dashes; it is not "
            f"source or auto, and does not end in {' or '.join(f'-{codec}' for codec in VARIANTS)}."
        )
