"""A gateway over the shared Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.gateway.gateway import Gateway
from tests.app.gateway.joining import new_identity, running_gateway
from wire.connection import Redis
from wire.link.endpoint import Endpoint, LinkPeer
from wire.link.udp_socket import bound_socket


@pytest.fixture
async def gateway(redis_client: Redis) -> AsyncIterator[Gateway]:
    """One with the shared token, on a free port of loopback."""
    async with running_gateway(redis_client) as found:
        yield found


@pytest.fixture
def port(gateway: Gateway) -> int:
    """Its port."""
    return gateway.address[1]


@pytest.fixture
async def false_gateway() -> AsyncIterator[tuple[Endpoint, asyncio.Queue[LinkPeer]]]:
    """A server with a key of its own and no token, and the peers that connected to it."""
    peers: asyncio.Queue[LinkPeer] = asyncio.Queue()
    endpoint = Endpoint(new_identity(), is_server=True, joined=peers.put_nowait)
    endpoint.open(bound_socket("127.0.0.1"))
    yield endpoint, peers
    endpoint.close()
