"""Routes of recordings: the list, the files with ranges, their removal, and what is recorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.datastructures import Headers
from starlette.responses import FileResponse
from starlette.types import Message, Receive, Scope, Send

from app.errors import RecordingBusy, RecordingNotFound
from app.http.app_state import AppState
from app.http.openapi import GUARDED
from app.http.problems import problem
from app.http.recording_schemas import RecordingChoice, RecordingList, StreamRecording
from app.http.recording_views import entries_of, list_text, stream_recording
from app.http.whip_common import check_name
from app.recording.catalogue import MAX_LISTED
from app.recording.file_names import download_name, parse_name
from app.recording.recording_lists import ListPart

_USUAL_LIST = 200

_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"video/mp4": {}, "video/webm": {}}, "description": "The file."}
}

_RANGE_FAULTS = {
    400: ("Bad request", "The Range header is none that can be read."),
    416: ("Range not satisfiable", "The recording ends before this range."),
}
"""Title and sentence of what the framework says in plain text, by status."""

Before = Annotated[
    int, Query(ge=0, lt=2**53, description="Only those that began before this time, in Unix us")
]
Limit = Annotated[int, Query(ge=1, le=MAX_LISTED, description="How many are listed at most")]


class MediaFile(FileResponse):
    """A file that is read on threads, in parts large enough for a few hops of the event loop."""

    chunk_size = 256 * 1024

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers with the file or a part; what is wrong with a range becomes a problem answer."""
        unit = Headers(scope=scope).get("range", "").partition("=")[0].strip().lower()
        if unit != "bytes":
            # RFC 9110 section 14.2: a range of an unknown unit is ignored.
            kept = [each for each in scope["headers"] if each[0].lower() != b"range"]
            scope = {**scope, "headers": kept}
        is_refused = False

        async def checked(message: Message) -> None:
            nonlocal is_refused
            if message.get("status") in _RANGE_FAULTS:
                is_refused = True
                title, detail = _RANGE_FAULTS[message["status"]]
                place = Headers(raw=message["headers"]).get("content-range")
                headers = {"Content-Range": place} if place is not None else None
                await problem(message["status"], title, detail, headers)(scope, receive, send)
            elif not is_refused:
                await send(message)

        await super().__call__(scope, receive, checked)


def router(context: AppState) -> APIRouter:
    """Returns the routes. Reading is open, removing needs the admin token."""
    routes = APIRouter(tags=["Recordings"])
    _add_lists(routes, context)
    _add_files(routes, context)
    _add_choice(routes, context)
    return routes


def _add_lists(routes: APIRouter, context: AppState) -> None:
    @routes.get("/api/v1/recordings", response_model=RecordingList)
    async def recordings(
        request: Request, before: Before = 0, limit: Limit = _USUAL_LIST
    ) -> Response:
        """Recordings of public streams, and of those that the token of the request may watch."""
        grant = await context.access.lister(request)
        part = ListPart("", before, limit)
        return await _list(context, part, lambda name: context.access.is_listed(name, grant))

    @routes.get("/api/v1/recordings/{stream}", response_model=RecordingList)
    async def of_stream(
        stream: str, request: Request, before: Before = 0, limit: Limit = _USUAL_LIST
    ) -> Response:
        """Recordings of one stream. Where its view permission is `token`, one is needed."""
        await context.access.check_view(request, check_name(stream))
        return await _list(context, ListPart(stream, before, limit))


async def _list(
    context: AppState, part: ListPart, is_listed: Callable[[str], bool] = lambda _: True
) -> Response:
    text = await context.node.recorders.lists.text(part, list_text, is_listed)
    return Response(text, media_type="application/json")


def _add_files(routes: APIRouter, context: AppState) -> None:
    recorders = context.node.recorders

    @routes.get("/recordings/{stream}/{file}", response_class=Response, responses=_FILE)
    @routes.head("/recordings/{stream}/{file}", response_class=Response)
    async def media(stream: str, file: str, request: Request, download: bool = False) -> Response:
        """A recording, whole or in ranges (RFC 9110 section 14); also while it is written."""
        parts, path = parse_name(file), recorders.folder.path(stream, file)
        if parts is None or path is None:
            raise RecordingNotFound
        # First, or an answer would tell what there is to who may not see it.
        await context.access.check_view(request, stream)
        found = await recorders.status(stream, file)
        if found is None:
            raise RecordingNotFound
        return MediaFile(
            path,
            stat_result=found,
            media_type=parts.media_type,
            filename=download_name(stream, file),
            content_disposition_type="attachment" if download else "inline",
            headers={"Cache-Control": "no-cache"},
        )

    @routes.delete(
        "/api/v1/recordings/{stream}/{file}",
        status_code=204,
        dependencies=[Depends(context.access.admin)],
        response_class=Response,
        openapi_extra=GUARDED,
    )
    async def remove(stream: str, file: str, request: Request) -> Response:
        """Removes a recording; one that is being written stays until it has ended."""
        if await recorders.status(stream, file) is None:
            raise RecordingNotFound
        if not await recorders.remove(stream, file):
            raise RecordingBusy
        await context.access.note(request, "recording_removed", f"{stream}/{file}")
        return Response(status_code=204)


def _add_choice(routes: APIRouter, context: AppState) -> None:
    guarded, store = [Depends(context.access.recorder)], context.access.store

    async def shown(stream: str) -> StreamRecording:
        seen = await context.snapshot.get()
        entries = entries_of(seen.record(stream), seen.recordings)
        return stream_recording(store.recording_of(stream), context.defaults.recording, entries)

    @routes.get("/api/v1/streams/{stream}/recording", dependencies=guarded, openapi_extra=GUARDED)
    async def recording(stream: str) -> StreamRecording:
        """Tells what is recorded of a stream, live or not."""
        return await shown(check_name(stream))

    @routes.put("/api/v1/streams/{stream}/recording", dependencies=guarded, openapi_extra=GUARDED)
    async def choose(stream: str, request: Request, choice: RecordingChoice) -> StreamRecording:
        """Chooses what is recorded of a stream, live or not; it stays for its name. For the
        operator and whoever may publish it by a token or key.
        """
        is_live = (await context.snapshot.get()).record(check_name(stream)) is not None
        by = request.state.grant.setter(is_live=is_live)
        await store.set_recording(stream, choice.mode, by=by)
        await context.access.note(request, "recording_chosen", stream, choice.mode or "default")
        context.snapshot.forget()  # Else the answer may be half a second old.
        return await shown(stream)
