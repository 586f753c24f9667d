"""``/healthz``, ``/readyz`` and ``/metrics``."""

from __future__ import annotations

from fastapi import APIRouter, Response

from app.errors import RedisAway
from app.http.context import Context
from wire.connection import REDIS_DOWN, command
from wire.heartbeat import Heartbeats
from wire.server_memory import ServerMemory, read_memory


def router(context: Context) -> APIRouter:
    """Open to all: nothing secret is in them."""
    routes = APIRouter(tags=["Health"])
    heartbeats = Heartbeats(context.redis)

    @routes.get("/healthz")
    async def healthz() -> dict[str, str]:
        """The process answers."""
        return {"status": "ok"}

    @routes.get("/readyz")
    async def readyz() -> dict[str, str | int]:
        """Streams can be taken: Redis answers. Workers may come and go."""
        try:
            await command(context.redis, "PING")
            workers = len(await heartbeats.list())
            memory = await read_memory(context.redis) or ServerMemory()
        except REDIS_DOWN as error:
            raise RedisAway from error
        return {
            "status": "ready",
            "workers": workers,
            "redis_memory_percent": round(100 * memory.share),
        }

    @routes.get("/metrics", response_class=Response)
    async def metrics() -> Response:
        """Prometheus text format."""
        try:
            beats = await heartbeats.list()
            records = await context.hub.records()
            context.metrics.redis_memory = await read_memory(context.redis)
        except (*REDIS_DOWN, RedisAway):
            beats, records = [], []
        text = context.metrics.exposition(records, beats)
        return Response(text, media_type=context.metrics.content_type)

    return routes
