"""Devices at other sites under ``/api/v1/devices``: list, add, remove. All need the admin token."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Request, Response

from app.errors import (
    BadRequest,
    DeviceNotFound,
    DeviceThere,
    NoGateway,
    RedisAway,
    TokenNotFound,
    TokensFull,
)
from app.http import device_schemas as schemas
from app.http.app_state import AppState
from app.http.device_views import device_list, new_device, place_of
from app.http.openapi import GUARDED
from wire.connection import REDIS_DOWN
from wire.devices import Devices
from wire.join_tokens import JoinTokens
from wire.keys import is_worker


def router(context: AppState) -> APIRouter:
    """Returns the routes."""
    routes = APIRouter(
        prefix="/api/v1/devices", tags=["API"], dependencies=[Depends(context.access.admin)]
    )
    registry = _Registry(context)

    @routes.get("", openapi_extra=GUARDED)
    async def devices() -> schemas.DeviceList:
        """All devices at other sites with their links, and the tokens that wait."""
        return await registry.list()

    @routes.post("", status_code=201, openapi_extra=GUARDED)
    async def add(
        request: Request, response: Response, asked: schemas.DeviceRequest
    ) -> schemas.NewDevice:
        """Makes a token with which one device can join once. It is in this answer alone."""
        response.headers["Cache-Control"] = "no-store"
        made = await registry.add(asked.name, request.url.hostname or "")
        await context.access.note(request, "device_token_made", asked.name or "any name")
        return made

    @routes.delete("/{name}", status_code=204, response_class=Response, openapi_extra=GUARDED)
    async def remove(name: str, request: Request) -> Response:
        """Removes a device: its session ends, its jobs go to others, and its key is refused."""
        await registry.remove(name)
        await context.access.note(request, "device_removed", name)
        return Response(status_code=204)

    @routes.delete(
        "/tokens/{token}", status_code=204, response_class=Response, openapi_extra=GUARDED
    )
    async def withdraw(token: str, request: Request) -> Response:
        """Withdraws a token that nobody has used, by its id."""
        await registry.withdraw(token)
        await context.access.note(request, "device_token_withdrawn", token)
        return Response(status_code=204)

    return routes


class _Registry:
    """The registry in Redis, with its failures as problems."""

    def __init__(self, context: AppState) -> None:
        self._context = context
        self._devices = Devices(context.redis)
        self._tokens = JoinTokens(context.redis)

    async def list(self) -> schemas.DeviceList:
        seen = await self._context.snapshot.get()
        try:
            records, tokens = await self._devices.list(), await self._tokens.list()
        except REDIS_DOWN as error:
            raise RedisAway from error
        return device_list(records, tokens, seen.gateways)

    async def add(self, name: str, asked_host: str) -> schemas.NewDevice:
        if name and not is_worker(name):
            raise BadRequest("A device's name is 1 to 64 letters, digits, dots, dashes or _.")
        gateways = (await self._context.snapshot.get()).gateways
        if not gateways:
            raise NoGateway
        host = urlsplit(self._context.public_url).hostname or asked_host
        try:
            if name and await self._devices.get(name) is not None:
                raise DeviceThere(f"There is a device {name} already; remove it first.")
            made = await self._tokens.make(name)
        except REDIS_DOWN as error:
            raise RedisAway from error
        if made is None:
            raise TokensFull
        return new_device(made, name, place_of(gateways[0], host))

    async def remove(self, name: str) -> None:
        try:
            if not (is_worker(name) and await self._devices.remove(name)):
                raise DeviceNotFound
        except REDIS_DOWN as error:
            raise RedisAway from error
        self._context.snapshot.forget()

    async def withdraw(self, token: str) -> None:
        try:
            if not (is_worker(token) and await self._tokens.remove(token)):
                raise TokenNotFound
        except REDIS_DOWN as error:
            raise RedisAway from error
