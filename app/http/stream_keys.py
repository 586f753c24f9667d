"""Stream keys under ``/api/v1/keys`` (admin token), and view tokens of a stream (its owner)."""

from __future__ import annotations

import time

from fastapi import APIRouter, Depends, Request, Response

from app.access.grants import Act, GrantKind
from app.access.key_store import KeyRequest, ShownKey
from app.access.view_token import ViewToken, end_of, make_view_token
from app.errors import RedisAway, StreamNotFound
from app.http import key_schemas as schemas
from app.http.app_state import AppState
from app.http.openapi import GUARDED
from app.http.serializers import iso
from app.http.snapshot import Seen
from app.http.whip_common import check_name
from wire.clock import now_us
from wire.stream_keys import KeyLimits, StreamKey, View


def router(context: AppState) -> APIRouter:
    """Returns the routes."""
    routes = APIRouter(prefix="/api/v1", tags=["API"])
    keys = _Keys(context)
    _add_keys(routes, keys, context)
    _add_revocation(routes, keys, context)
    _add_view_tokens(routes, context)
    _add_views(routes, context)
    return routes


class _Keys:
    """The keys with the streams that are live under them."""

    def __init__(self, context: AppState) -> None:
        self._context = context
        self._store = context.access.store

    async def listed(self) -> schemas.KeyList:
        seen, found = await self._context.snapshot.get(), self._store.tables.keys.values()
        ordered = sorted(found, key=lambda key: key.created_us)
        return schemas.KeyList(keys=[key_view(key, seen) for key in ordered])

    async def add(self, asked: schemas.KeySettings) -> ShownKey:
        return await self._store.add(
            KeyRequest(
                streams=asked.streams,
                note=asked.note,
                life_s=asked.life_s,
                view=View(asked.view),
                limits=KeyLimits(**asked.limits.model_dump()),
            )
        )

    async def end_streams(self, key_id: str) -> list[str]:
        """Ends what is live under a key; returns the names of these streams."""
        self._context.snapshot.forget()
        seen = await self._context.snapshot.get()
        ended = live_under(key_id, seen)
        for stream in ended:
            try:
                await self._context.node.directory.end(stream)
            except StreamNotFound:
                continue  # it ended by itself
        self._context.snapshot.forget()
        return ended

    async def shown(self, made: ShownKey, response: Response) -> schemas.NewKey:
        response.headers["Cache-Control"] = "no-store"
        try:
            seen = await self._context.snapshot.get()
        except RedisAway:
            # The secret is in this answer alone, which must not be lost for a list of streams.
            seen = Seen()
        return schemas.NewKey(key=key_view(made.key, seen), secret=made.secret)


def _add_keys(routes: APIRouter, keys: _Keys, context: AppState) -> None:
    guarded, access = [Depends(context.access.admin)], context.access

    @routes.get("/keys", dependencies=guarded, openapi_extra=GUARDED)
    async def stream_keys() -> schemas.KeyList:
        """All stream keys, without their secrets."""
        return await keys.listed()

    @routes.post("/keys", status_code=201, dependencies=guarded, openapi_extra=GUARDED)
    async def add_key(
        request: Request, response: Response, asked: schemas.KeySettings
    ) -> schemas.NewKey:
        """Makes a stream key. Its secret is in this answer alone."""
        made = await keys.add(asked)
        await access.note(request, "key_made", made.key.id, f"for {made.key.streams}")
        return await keys.shown(made, response)

    @routes.post("/keys/{key}/rotation", dependencies=guarded, openapi_extra=GUARDED)
    async def rotate_key(
        request: Request, response: Response, key: str, asked: schemas.KeyRotation
    ) -> schemas.NewKey:
        """Gives a key another secret; the old one stays good for a while."""
        made = await access.store.rotate(key, grace_s=asked.grace_s)
        await access.note(request, "key_rotated", key, f"the old secret ends in {asked.grace_s} s")
        return await keys.shown(made, response)


def _add_revocation(routes: APIRouter, keys: _Keys, context: AppState) -> None:
    guarded, access = [Depends(context.access.admin)], context.access

    @routes.delete(
        "/keys/{key}",
        status_code=204,
        dependencies=guarded,
        response_class=Response,
        openapi_extra=GUARDED,
    )
    async def revoke_key(request: Request, key: str, end: bool = False) -> Response:
        """Revokes a key. Its live streams go on, unless `end=true` ends them."""
        revoked = await access.store.revoke(key)
        await access.note(request, "key_revoked", key, f"for {revoked.streams}")
        if end:
            for stream in await keys.end_streams(key):
                await access.note(request, "stream_ended", stream, f"with key {key}")
        return Response(status_code=204)


def _add_view_tokens(routes: APIRouter, context: AppState) -> None:
    @routes.post(
        "/streams/{stream}/view-tokens",
        status_code=201,
        dependencies=[Depends(context.access.exchanger)],
        openapi_extra=GUARDED,
    )
    async def make_token(
        request: Request, response: Response, stream: str, asked: schemas.ViewTokenRequest
    ) -> schemas.NewViewToken:
        """Makes a token with which the stream can be watched until it ends: at the latest with the
        stream key that it is made with. Who may watch and is no owner gets one for six hours at
        most.
        """
        check_name(stream)
        if asked.life_s > schemas.MAX_EXCHANGED_LIFE_S:
            await context.access.owner(request)
        response.headers["Cache-Control"] = "no-store"
        grant, tables, now_s = request.state.grant, context.access.store.tables, int(time.time())
        key = tables.keys.get(grant.who) if grant.kind is GrantKind.KEY else None
        expires_s = end_of(asked.life_s, key.expires_us if key else 0, now_s=now_s)
        token = ViewToken(stream, expires_s, key.id if key else "")
        # Who exchanges a token of its own gives nobody a right, and must not fill the audit log.
        if grant.allows(Act.OWN, stream):
            life = f"for {expires_s - now_s} s"
            await context.access.note(request, "view_token_made", stream, life)
        return schemas.NewViewToken(
            token=make_view_token(token, tables.signing),
            stream=stream,
            expires_at=iso(expires_s * 1_000_000),
        )


def _add_views(routes: APIRouter, context: AppState) -> None:
    path, owned = "/streams/{stream}/view", [Depends(context.access.owner)]

    async def change(request: Request, stream: str, view: View | None) -> Response:
        is_live = (await context.snapshot.get()).record(check_name(stream)) is not None
        await context.access.set_view(request, stream, view, is_live=is_live)
        words = view.value if view is not None else "as never set"
        await context.access.note(request, "view_changed", stream, words)
        context.snapshot.forget()
        return Response(status_code=204)

    @routes.put(
        path,
        status_code=204,
        dependencies=owned,
        response_class=Response,
        openapi_extra=GUARDED,
    )
    async def set_view(request: Request, stream: str, asked: schemas.ViewChange) -> Response:
        """Says who may watch a stream, live or not; it stays for its name."""
        return await change(request, stream, View(asked.view))

    @routes.delete(
        path,
        status_code=204,
        dependencies=owned,
        response_class=Response,
        openapi_extra=GUARDED,
    )
    async def forget_view(request: Request, stream: str) -> Response:
        """Forgets who may watch a stream: it is public until a key sets a first permission."""
        return await change(request, stream, None)


def live_under(key_id: str, seen: Seen) -> list[str]:
    """Returns the streams that are published with this key."""
    return [record.id for record in seen.records if record.key == key_id]


def key_view(key: StreamKey, seen: Seen) -> schemas.KeyView:
    """Returns a key as the API shows it."""
    now, limits = now_us(), key.limits
    has_old = key.old_until_us > now
    return schemas.KeyView(
        id=key.id,
        streams=key.streams,
        note=key.note,
        view=key.view.value,
        limits=schemas.Limits(
            streams=limits.streams,
            kbps=limits.kbps,
            pixels=limits.pixels,
            viewers=limits.viewers,
        ),
        created_at=iso(key.created_us),
        expires_at=iso(key.expires_us) if key.expires_us else None,
        is_expired=key.is_over(now),
        old_secret_until=iso(key.old_until_us) if has_old else None,
        live=live_under(key.id, seen),
    )
