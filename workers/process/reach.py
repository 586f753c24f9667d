"""The worker's site, by the settings: next to Redis, or behind a gateway."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from wire.connection import connect, wait_until_up
from wire.remote.device_identity import KnownGateways, held_identity
from wire.remote.device_link import DeviceLink, JoinOptions
from wire.remote.link_site import LinkSite
from wire.settings import Settings
from wire.site import RedisSite, Site

_REFUSAL_S = 0.5
"""Time to wait for Redis at the start: a refusal comes at once; for an absent server the worker
waits while it works."""

_JOIN_S = 3.0
"""The same for a gateway: a handshake and a hello over a path that loses packets."""


def missing(settings: Settings) -> str:
    """Returns a sentence about the setting that a worker lacks to reach a site, or an empty one."""
    if settings.join and settings.redis_url:
        return (
            "SHARPCAST_JOIN: a worker joins a gateway or reaches Redis itself; unset it or "
            "SHARPCAST_REDIS_URL."
        )
    if settings.join and settings.worker_role == "compose":
        return (
            "SHARPCAST_WORKER_ROLE: a worker that joins a gateway runs nets; composers work beside "
            "Redis."
        )
    if settings.join and not settings.join_token.get_secret_value():
        return "SHARPCAST_JOIN_TOKEN: a worker that joins a gateway needs a token of it."
    if not settings.join and not settings.redis_url:
        return (
            "SHARPCAST_REDIS_URL: a worker needs the address of the Redis server, or that of a "
            "gateway in SHARPCAST_JOIN."
        )
    return ""


@contextlib.asynccontextmanager
async def reached(settings: Settings) -> AsyncIterator[Site]:
    """Yields the site. Raises ServerRefuses if Redis or the gateway refuses the worker now, and
    BadSettings if the device's key cannot be kept.
    """
    if settings.join:
        async with _joined(settings) as site:
            yield site
        return
    client = connect(settings.redis_url, prefix=settings.redis_prefix)
    async with contextlib.aclosing(client):
        await wait_until_up(client, _REFUSAL_S)
        yield RedisSite(client, settings.worker_name)


@contextlib.asynccontextmanager
async def _joined(settings: Settings) -> AsyncIterator[Site]:
    host, port = settings.gateway_to_join
    token = settings.join_token.get_secret_value()
    options = JoinOptions(host, port, token, settings.worker_name)
    folder = settings.engine_cache.parent
    with held_identity(folder) as identity:
        site = LinkSite()
        link = DeviceLink(site, options, identity, KnownGateways(folder))
        running = asyncio.get_running_loop().create_task(link.run(), name="link to the gateway")
        try:
            await link.first_answer(_JOIN_S)
            yield site
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
