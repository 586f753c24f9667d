"""The servers of the contract suite."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from wire.connection import Redis, command, connect
from wire.embedded import EmbeddedServer, find_server


def _binary(name: str) -> Path:
    if name == "embedded":
        return find_server()
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return Path(found)


@pytest.fixture(scope="session", params=["embedded", "redis-server"])
def binary(request: pytest.FixtureRequest) -> Path:
    """Each server's program."""
    return _binary(request.param)


@pytest.fixture(scope="session")
def server(binary: Path) -> Iterator[EmbeddedServer]:
    """A running server; tests may restart it, and must leave it running."""
    with EmbeddedServer(binary) as running:
        yield running


@pytest.fixture
async def client(server: EmbeddedServer) -> AsyncIterator[Redis]:
    """A client of the empty server."""
    found = connect(server.url)
    await command(found, "FLUSHALL")
    yield found
    await found.aclose()
