"""A change of a stream's settings and of who may watch it: all of it or nothing."""

from __future__ import annotations

from fastapi import Request

from app.errors import AppError
from app.http.app_state import AppState
from app.http.rendition_specs import wire_team
from app.http.schemas import StreamChange
from wire.stream_keys import View


async def change_stream(
    context: AppState, request: Request, stream: str, changes: StreamChange
) -> None:
    """Carries out a change that was checked, behind a guard, and notes it.

    Raises StreamNotFound, ViewsFull, EntriesHeld, RedisAway; nothing is changed then.
    """
    access, directory = context.access, context.node.directory
    view = View(changes.view) if changes.view is not None else None
    before = after = access.store.tables.views.get(stream)
    if view is not None:
        await directory.live(stream)
        # First: there may be no room for it, and it can be taken back, which settings cannot.
        await access.set_view(request, stream, view, is_live=True)
        after = access.store.tables.views.get(stream)
    try:
        await directory.change(
            stream,
            enhance=changes.enhance,
            model=changes.model,
            strength=changes.strength,
            team=wire_team(changes),
        )
    except AppError:
        if view is not None:
            await _take_back(context, request, stream, before=before, after=after)
        raise
    await access.note(
        request, "stream_changed", stream, changes.model_dump_json(exclude_unset=True)
    )


async def _take_back(
    context: AppState, request: Request, stream: str, *, before: View | None, after: View | None
) -> None:
    access = context.access
    try:
        await access.store.load()
        # Somebody else may have said something newer meanwhile.
        if access.store.tables.views.get(stream) is after:
            await access.set_view(request, stream, before, is_live=True)
    except AppError:
        # Redis went away in between, so this half of the change stands.
        words = after.value if after is not None else View.PUBLIC.value
        await access.note(request, "view_changed", stream, words)
