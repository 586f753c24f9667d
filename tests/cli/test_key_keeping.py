"""Stream keys of ``sharpcast up`` in their file."""

from __future__ import annotations

import asyncio
from pathlib import Path

from app.access.key_store import KeyRequest, KeyStore
from cli.key_keeping import keep_keys
from tests.app.access.test_key_store import is_good
from wire.connection import Redis, command
from wire.embedded import EmbeddedServer
from wire.settings import load_settings


async def test_keys_outlive_the_server_that_forgets_them(
    redis_client: Redis, redis_server: EmbeddedServer, tmp_path: Path
) -> None:
    path = tmp_path / "keys.json"
    settings = load_settings({"SHARPCAST_KEYS_FILE": str(path), "SHARPCAST_REDIS_PREFIX": "k:"})
    store = KeyStore(redis_client)
    # Both must mean the same keys: the fixture's client has no prefix of its own.
    settings = settings.model_copy(update={"redis_prefix": redis_client.prefix})
    stop = asyncio.Event()
    running = asyncio.ensure_future(await keep_keys(settings, redis_server.url, stop))
    await store.load()
    made = await store.add(KeyRequest("cam1"))
    stop.set()
    await running
    assert made.key.id in path.read_text()

    await command(redis_client, "FLUSHALL")
    stop = asyncio.Event()
    running = asyncio.ensure_future(await keep_keys(settings, redis_server.url, stop))
    again = KeyStore(redis_client)
    await again.load()
    assert is_good(again, made.secret)
    stop.set()
    await running
