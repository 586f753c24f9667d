"""Records of streams and their default rendition, as an app makes them."""

from __future__ import annotations

from typing import Any

from wire import keys
from wire.connection import Redis
from wire.rendition_record import RenditionRecord, RenditionRegistry, RenditionSpec
from wire.stream_record import StreamRegistry


async def begin_stream(
    client: Redis, stream: str = "cam1", *, spec: RenditionSpec | None = None, **fields: Any
) -> int:
    """Makes the records of a stream and of its default rendition; the publisher's epoch."""
    epoch = await StreamRegistry(client).create(stream, **fields)
    await RenditionRegistry(client).ensure(stream, keys.ENHANCED, epoch, spec or RenditionSpec())
    return epoch


async def take_lead(
    client: Redis, epoch: int, worker: str = "a", *, stream: str = "cam1", **how: str
) -> int:
    """Takes the lead of the default rendition; the lead's epoch."""
    registry = RenditionRegistry(client)
    return await registry.take_lead(stream, keys.ENHANCED, epoch, worker, **how)


async def renew_watch(
    client: Redis, epoch: int, log: str = keys.ENHANCED, stream: str = "cam1"
) -> bool:
    """Says that somebody reads a log of a rendition; true if nobody did until now."""
    name, codec = keys.rendition_of(log)
    return await RenditionRegistry(client).renew_watch(stream, name, epoch, codec)


async def enhanced(client: Redis, stream: str = "cam1") -> RenditionRecord:
    """The record of the default rendition."""
    return await RenditionRegistry(client).get(stream, keys.ENHANCED)


async def set_enhanced(client: Redis, epoch: int, stream: str = "cam1", **fields: Any) -> None:
    """Sets fields of the default rendition's record."""
    await RenditionRegistry(client).set_config(stream, keys.ENHANCED, epoch, **fields)
