"""Keeps the stream keys of ``sharpcast up`` in a file, as its own Redis forgets them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from app.access.key_file import KeyFile
from wire.connection import connect
from wire.settings import Settings


async def keep_keys(
    settings: Settings, redis_url: str, stop: asyncio.Event
) -> Coroutine[Any, Any, None]:
    """Brings the keys of the file back, and returns what keeps it current until ``stop``."""
    client = connect(redis_url, prefix=settings.redis_prefix)
    file = KeyFile(settings.keys_file)
    try:
        await file.load(client)
    except BaseException:
        await client.aclose()
        raise

    async def keep() -> None:
        task = asyncio.get_running_loop().create_task(file.run(client), name="key-file")
        try:
            await stop.wait()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await client.aclose()

    return keep()
