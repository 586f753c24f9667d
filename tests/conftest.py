"""Fixtures that more than one folder of tests needs."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator

import pytest

from wire.connection import Redis, command, connect
from wire.embedded import EmbeddedServer

# Tests that use ONNX Runtime by themselves report to nobody either.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")


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
