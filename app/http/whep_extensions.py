"""WHEP's extensions: server-sent events and video layer selection, under a session's address."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request, Response
from starlette.responses import StreamingResponse

from app.delivery.viewer_events import (
    EVENTS,
    PICTURE,
    EventPolicy,
    PlayedLayer,
    StreamSight,
    largest_within,
)
from app.delivery.viewer_queries import (
    CloseEvents,
    EventStream,
    OpenEvents,
    Query,
    SeeEvents,
    SelectLayer,
    encode_query,
    parse_event_names,
    parse_event_stream,
    parse_layer,
)
from app.errors import AppError, SessionNotFound
from app.http import serializers
from app.http.app_state import AppState
from app.http.openapi import EVENT_LOCATION, EVENT_STREAM, JSON_BODY
from app.http.picture_teller import PictureTeller
from app.http.snapshot import Seen
from app.http.whip_common import base_address, check_name, read_text
from wire.node_messages import SessionKind

EVENTS_REL = "urn:ietf:params:whep:ext:core:server-sent-events"
LAYER_REL = "urn:ietf:params:whep:ext:core:layer"
JSON = "application/json"

REFRESH_S = 1.0
"""Interval in seconds at which a stream is looked at for its event streams; they share one
reading."""

SEE_S = 5.0
"""Interval in seconds at which a session of another node is asked for; one of this node is looked
at each time."""

POLL_S = 25.0
"""Seconds after which an event stream is closed for its player to open it again. An answer may take
30 s in all, so that nobody holds a connection for ever without asking."""

RETRY_MS = 500
"""Pause after which players open it again."""


def with_extensions(created: Response) -> Response:
    """Adds the links of the extensions to the answer that made a session, and returns it."""
    address = created.headers["Location"]
    created.headers.append(
        "Link", f'<{address}/events>; rel="{EVENTS_REL}"; events="{",".join(EVENTS)}"'
    )
    created.headers.append("Link", f'<{address}/layer>; rel="{LAYER_REL}"')
    return created


def add_extensions(routes: APIRouter, context: AppState) -> None:
    """Adds the routes below a viewer's session."""
    extensions = _Extensions(context)
    _add_events(routes, extensions)
    _add_layer(routes, extensions)


def _add_events(routes: APIRouter, extensions: _Extensions) -> None:
    path = "/{stream}/{session}/events"

    @routes.post(
        path,
        status_code=201,
        response_class=Response,
        responses=EVENT_LOCATION,
        openapi_extra=JSON_BODY,
    )
    async def open_events(stream: str, session: str, request: Request) -> Response:
        """Opens an event stream; the body may list the events that the player takes."""
        names = parse_event_names(await read_text(request, JSON, may_lack=True))
        made = await extensions.events(stream, session, OpenEvents(names))
        address = f"{base_address(request, extensions.context)}/whep/{stream}/{session}"
        return Response(status_code=201, headers={"Location": f"{address}/events/{made.id}"})

    @routes.get(path + "/{event_stream}", response_class=Response, responses=EVENT_STREAM)
    async def read_events(
        stream: str, session: str, event_stream: str, request: Request
    ) -> Response:
        """Sends the events of a session as they come (`text/event-stream`), for at most 25 s."""
        opened = await extensions.events(stream, session, SeeEvents(event_stream))
        told = extensions.tell(
            stream, session, opened, request.headers.get("last-event-id", "")[:64]
        )
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(told, media_type="text/event-stream", headers=headers)

    @routes.delete(path + "/{event_stream}", response_class=Response)
    async def close_events(stream: str, session: str, event_stream: str) -> Response:
        """Ends an event stream."""
        await extensions.events(stream, session, CloseEvents(event_stream))
        return Response(status_code=200)


def _add_layer(routes: APIRouter, extensions: _Extensions) -> None:
    path = "/{stream}/{session}/layer"

    @routes.post(path, response_class=Response, openapi_extra=JSON_BODY)
    async def select_layer(stream: str, session: str, request: Request) -> Response:
        """Moves the viewer to the rendition in `rid`; without one, to what it asked for."""
        wanted = parse_layer(await read_text(request, JSON))
        layers = (await extensions.sight(stream)).layers
        name = wanted.name or largest_within(layers, wanted.max_width, wanted.max_height)
        await extensions.ask(stream, session, SelectLayer(name, wanted.media_id or ""))
        return Response(status_code=200)

    @routes.delete(path, response_class=Response)
    async def unselect_layer(stream: str, session: str) -> Response:
        """Moves the viewer back to the rendition that it asked for."""
        await extensions.ask(stream, session, SelectLayer())
        return Response(status_code=200)


class _Extensions:
    """Asks the node that has a session, and tells of its stream."""

    def __init__(self, context: AppState) -> None:
        self.context = context
        self._seen: Seen | None = None
        "The copy of the records that the sights below are of."
        self._sights: dict[str, StreamSight] = {}

    async def ask(self, stream: str, session: str, query: Query) -> str:
        """Has a query answered where the session is."""
        check_name(stream)
        text = encode_query(query)
        return await self.context.node.sessions.ask(SessionKind.WHEP, stream, session, text)

    async def events(self, stream: str, session: str, query: Query) -> EventStream:
        """Has a query on event streams answered."""
        return parse_event_stream(await self.ask(stream, session, query))

    async def sight(self, stream: str) -> StreamSight:
        """Returns the stream as players see it. Raises RedisAway."""
        seen = await self.context.snapshot.get()
        if self._seen is not seen:
            self._seen, self._sights = seen, {}
        # Once for all who listen to a stream, as many as its viewers.
        if stream not in self._sights:
            self._sights[stream] = self._sight_in(seen, stream)
        return self._sights[stream]

    def _sight_in(self, seen: Seen, stream: str) -> StreamSight:
        record = seen.record(stream)
        if record is None or record.state != "live":
            return StreamSight(is_live=False)
        view = serializers.stream_view(
            record, seen.enhanced(record), seen.beats, seen.nodes, self.context.defaults
        )
        layers = tuple(
            PlayedLayer(each.name, each.width, each.height, round(each.kbps * 1000))
            for each in view.renditions
            if not each.of
        )
        # What the broadcaster wants holds whatever a worker does.
        state = view.enhancement.state if view.enhancement.allowed else "owner"
        return StreamSight(True, view.viewers, layers, state)

    async def tell(
        self, stream: str, session: str, opened: EventStream, last_id: str
    ) -> AsyncIterator[str]:
        """Yields the events of an event stream until it ends."""
        loop = asyncio.get_running_loop()
        policy, end = EventPolicy(opened.names, opened.media), loop.time() + POLL_S
        is_own = session.startswith(f"{self.context.node.name}.")
        picture = PictureTeller(self, stream, session, opened, is_own=is_own)
        sees = not opened.names or set(opened.names) != {PICTURE}
        due = loop.time() + SEE_S
        # The first bytes at once: a browser counts the stream as open with them.
        yield f"retry: {RETRY_MS}\n\n"
        if sees:
            policy.resume(await self._sight_or_none(stream), last_id)
        try:
            while loop.time() < end:
                if is_own or loop.time() >= due:
                    due = loop.time() + SEE_S
                    await self._check_open(stream, session, opened.id)
                if sees:
                    for event in policy.take(await self._sight_or_none(stream)):
                        yield event.encode(policy.event_id)
                wait_s = REFRESH_S if sees else end - loop.time()
                if picture.is_wanted:
                    for event in await picture.next(wait_s):
                        yield event.encode(policy.event_id)
                else:
                    await asyncio.sleep(wait_s)
        except SessionNotFound:
            for text in await self._farewell(stream, policy):
                yield text

    async def _sight_or_none(self, stream: str) -> StreamSight:
        try:
            return await self.sight(stream)
        except AppError:
            return StreamSight(is_live=False)

    async def _check_open(self, stream: str, session: str, event_stream: str) -> None:
        """Raises SessionNotFound where the event stream is over."""
        try:
            await self.events(stream, session, SeeEvents(event_stream))
        except SessionNotFound:
            raise
        except AppError:
            return  # its node does not answer at the moment

    async def state(self, stream: str) -> str:
        """Returns the state of the stream's enhancement, `owner` where the broadcaster wants none;
        empty where it is not known.
        """
        try:
            return (await self.sight(stream)).enhancement
        except AppError:
            return ""

    async def _farewell(self, stream: str, policy: EventPolicy) -> list[str]:
        """Returns what a player is told whose session ended: to come again, if the stream lives."""
        sight = await self._sight_or_none(stream)
        return [event.encode("") for event in policy.leave()] if sight.is_live else []
