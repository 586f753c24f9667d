"""Fixtures that more than one folder of tests needs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from wire import telemetry
from wire.connection import Redis, command, connect
from wire.embedded import EmbeddedServer

# Tests that use the engines' libraries by themselves report to nobody either.
telemetry.turn_off()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[EmbeddedServer]:
    """One embedded server for all tests that do not end or restart it."""
    with EmbeddedServer() as server:
        yield server


@pytest.fixture
async def redis_client(redis_server: EmbeddedServer) -> AsyncIterator[Redis]:
    """A client of an empty server."""
    client = connect(redis_server.url)
    await command(client, "FLUSHALL")
    yield client
    await client.aclose()
