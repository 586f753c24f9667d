"""The servers of the contract suite, as people run them."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests import redis_servers
from tests.contract import admin
from tests.contract.acl import rules
from wire import keys
from wire.connection import Redis, connect
from wire.embedded import EmbeddedServer, find_server

LOCAL = ("embedded", "redis-server")
PLACES = (*LOCAL, "confined", "sentinel", "cluster")
_LOCAL_MODULES = ("test_connection", "test_embedded", "test_server")

PASSWORD = "p#/?:@%w"


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Servers on which the suite runs, with the addresses of those who use them."""

    url: str
    owner_url: str
    "Of one who may do anything."
    prefix: str = ""
    server: EmbeddedServer | None = None


def _binary(name: str) -> Path:
    return find_server() if name == "embedded" else Path(redis_servers.binary())


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests that end and restart their server run on those that they may end."""
    names = metafunc.fixturenames
    module = metafunc.module.__name__.rpartition(".")[2]
    if "binary" in names:
        metafunc.parametrize("binary", LOCAL, indirect=True, scope="session")
    elif "place" in names:
        local = "server" in names or module in _LOCAL_MODULES
        places = LOCAL if local else PLACES
        metafunc.parametrize("place", places, indirect=True, scope="session")


@pytest.fixture(scope="session")
def binary(request: pytest.FixtureRequest) -> Path:
    """Each server's program."""
    return _binary(request.param)


@pytest.fixture(scope="session")
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """One way to run Redis, for all tests that run there."""
    name, folder = request.param, tmp_path_factory.mktemp("redis")
    with contextlib.ExitStack() as stack:
        if name == "cluster":
            cluster = redis_servers.Cluster(folder)
            stack.enter_context(cluster.running())
            yield Place(cluster.url, cluster.url, prefix="c:")
        elif name == "sentinel":
            sentinels = redis_servers.Sentinels(folder)
            stack.enter_context(sentinels.running())
            yield Place(sentinels.url, sentinels.url)
        else:
            server = stack.enter_context(EmbeddedServer(_binary(name)))
            url = server.url
            if name == "confined":
                url = url.replace("unix://", f"unix://sharpcast:{PASSWORD}@")
                yield Place(url, server.url, prefix=keys.PREFIX, server=server)
            else:
                yield Place(url, url, server=server)


@pytest.fixture
def server(place: Place) -> EmbeddedServer:
    """The running server; tests may restart it, and must leave it running."""
    assert place.server is not None
    return place.server


@pytest.fixture
async def client(place: Place) -> AsyncIterator[Redis]:
    """A client of the empty server or servers."""
    found, owner = connect(place.url, prefix=place.prefix), connect(place.owner_url)
    admin.OWNERS[found] = owner
    await admin.command(found, "FLUSHALL")
    if place.url != place.owner_url:
        words = ("on", f">{PASSWORD}", *rules("app"), *rules("worker"))
        await admin.command(found, "ACL", "SETUSER", "sharpcast", *words)
    yield found
    await found.aclose()
    await owner.aclose()
