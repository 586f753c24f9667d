"""The audit log under ``/api/v1/audit``, for the admin token."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from app.errors import RedisAway
from app.http import key_schemas as schemas
from app.http.app_state import AppState
from app.http.openapi import GUARDED
from app.http.serializers import iso
from wire.audit_log import MAX_ENTRIES
from wire.connection import REDIS_DOWN
from wire.errors import DamagedKey

_LIMIT = "Acts of the operator at most, and of all others"
Limit = Annotated[int, Query(ge=1, le=MAX_ENTRIES, description=_LIMIT)]


def router(context: AppState) -> APIRouter:
    """Returns the route."""
    routes = APIRouter(prefix="/api/v1", tags=["API"])

    @routes.get("/audit", dependencies=[Depends(context.access.admin)], openapi_extra=GUARDED)
    async def audit(limit: Limit = 100) -> schemas.AuditList:
        """The last administrative acts, the newest first: who, from where, what, when."""
        try:
            found = await context.access.audit.list(limit)
        except (*REDIS_DOWN, DamagedKey) as error:
            raise RedisAway from error
        return schemas.AuditList(
            entries=[
                schemas.AuditEntryView(
                    at=iso(each.at_us),
                    who=each.who,
                    address=each.address,
                    act=each.act,
                    target=each.target,
                    detail=each.detail,
                )
                for each in found
            ]
        )

    return routes
