"""The broadcaster's consent to enhancement, while the stream is live."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.http import schemas
from app.http.app_state import AppState
from app.http.openapi import GUARDED
from app.http.whip_common import check_name


class Consent(BaseModel):
    """The consent of a broadcaster."""

    model_config = ConfigDict(extra="forbid", strict=True)

    enhance: bool = Field(description="False: viewers are to see the original")


def add_consent(
    routes: APIRouter, context: AppState, view: Callable[[str], Awaitable[Response]]
) -> None:
    """Adds the route; ``view`` answers with the stream as the API has it."""

    @routes.put(
        "/streams/{stream}/consent",
        dependencies=[Depends(context.access.publisher)],
        response_model=schemas.Stream,
        openapi_extra=GUARDED,
    )
    async def consent(stream: str, request: Request, wanted: Consent) -> Response:
        """Sets what the broadcaster allows: that the stream is enhanced, or the original alone."""
        await context.node.directory.set_original(check_name(stream), not wanted.enhance)
        words = "enhanced" if wanted.enhance else "the original"
        await context.access.note(request, "consent_changed", stream, words)
        context.snapshot.forget()
        return await view(stream)
