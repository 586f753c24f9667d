"""A server of its own for tests that stop or restart it, and nodes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from app.node import AppNode, NodeOptions
from app.streams.publishers import PublisherOptions
from app.streams.readers import ReaderTimes
from app.webrtc import ice, peer_ports
from tests.app.external_access.issuer import Answers, answers, jwk, jwks
from wire.connection import Redis, connect
from wire.embedded import EmbeddedServer

MakeNode = Callable[..., AppNode]
_TIMES = ReaderTimes()


@pytest.fixture
def own_server() -> Iterator[EmbeddedServer]:
    """A server that the test may stop and restart."""
    with EmbeddedServer() as server:
        yield server


@pytest.fixture
async def own_client(own_server: EmbeddedServer) -> AsyncIterator[Redis]:
    client = connect(own_server.url)
    yield client
    await client.aclose()


@pytest.fixture
async def fresh_client(own_server: EmbeddedServer) -> AsyncIterator[Redis]:
    """Another client; it connects at its first use, so after a restart if that comes first."""
    client = connect(own_server.url)
    yield client
    await client.aclose()


@pytest.fixture
async def make_node(redis_client: Redis) -> AsyncIterator[MakeNode]:
    """Hubs over the shared server, closed at the end."""
    peer_ports.install(ice.IceAddresses(("127.0.0.1",), ()))
    made: list[AppNode] = []

    def make(
        *,
        max_streams: int = 8,
        max_viewers: int = 8,
        grace_s: float = 10.0,
        timeout_s: float = 10.0,
        times: ReaderTimes = _TIMES,
    ) -> AppNode:
        publishers = PublisherOptions(
            max_streams=max_streams,
            start_bitrate_kbps=1500,
            publisher_timeout_s=timeout_s,
            publisher_grace_s=grace_s,
        )
        options = NodeOptions(publishers, max_viewers, reader_times=times)
        made.append(AppNode(redis_client, options))
        return made[-1]

    yield make
    for node in made:
        await node.close()


@pytest.fixture
async def keys() -> AsyncIterator[Answers]:
    """A server that has the keys of an issuer of JWTs."""
    async with answers(body=jwks(jwk())) as made:
        yield made


@pytest.fixture
async def hook() -> AsyncIterator[Answers]:
    """A server that is asked who may do what."""
    async with answers() as made:
        yield made
