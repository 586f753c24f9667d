"""Devices that join a gateway by their own sockets, and gateways that run for a test."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime
from collections.abc import AsyncIterator

from app.gateway.gateway import Gateway, GatewayOptions, bind_gateway
from tests.app.peers import until
from wire.connection import Redis
from wire.link.endpoint import Endpoint, LinkPeer
from wire.link.link import ControlReceived
from wire.link.secure import Identity, make_identity
from wire.link.udp_socket import bound_socket
from wire.remote import calls
from wire.remote.join import DEVICE, GATEWAY, check_proof, make_proof, token_id

WAIT_S = 10.0
SHARED = "a-token-for-all-of-the-tests"


def new_identity() -> Identity:
    return make_identity(now=datetime.datetime.now(datetime.UTC))


@contextlib.asynccontextmanager
async def running_gateway(
    client: Redis, *, shared_token: str = SHARED, port: int = 0, name: str = ""
) -> AsyncIterator[Gateway]:
    """A gateway on a free port of loopback, until the block ends."""
    options = GatewayOptions("127.0.0.1", port, shared_token, name)
    gateway = Gateway(client, options, bind_gateway(options))
    task = asyncio.get_running_loop().create_task(gateway.run(), name="gateway")
    try:
        await until(lambda: gateway.is_open)
        yield gateway
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@dataclasses.dataclass(slots=True)
class Device:
    """A device with one connection. Its calls are answered in the order of their numbers."""

    endpoint: Endpoint
    peer: LinkPeer
    number: int = 0

    async def control(self) -> calls.FromGateway | None:
        """Returns the next control message of the gateway, None once the connection is gone."""
        async with asyncio.timeout(WAIT_S):
            while True:
                event = await self.peer.events.get()
                if event is None:
                    return None
                if isinstance(event, ControlReceived):
                    return calls.parse_from_gateway(event.content)

    def tell(self, content: bytes) -> None:
        """Sends a control message."""
        assert self.peer.link.send_control(content)
        self.endpoint.flush(self.peer)

    def hello(
        self, name: str, token: str, *, proof: bytes | None = None, version: int = calls.VERSION
    ) -> None:
        """Says hello, with the proof of the token unless another one is given."""
        made = make_proof(token, self.peer.secure.exporter, DEVICE)
        self.tell(
            calls.encode(
                calls.Hello(
                    version=version,
                    name=name,
                    token=token_id(token),
                    proof=made if proof is None else proof,
                )
            )
        )

    async def call(self, call: calls.Call) -> calls.Reply:
        """Calls the gateway and returns its reply; what else comes meanwhile is thrown away."""
        self.number += 1
        self.tell(calls.encode(calls.Request(number=self.number, call=call)))
        while True:
            found = await self.control()
            assert found is not None
            if isinstance(found, calls.Reply) and found.number == self.number:
                return found

    async def is_gone(self, timeout_s: float = WAIT_S) -> bool:
        """True once the gateway closed the connection."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while await self.peer.events.get() is not None:
                    pass
                return True
        return False


@contextlib.asynccontextmanager
async def connected(port: int, identity: Identity | None = None) -> AsyncIterator[Device]:
    """A device whose handshake is over."""
    endpoint = Endpoint(identity or new_identity(), is_server=False)
    endpoint.open(bound_socket("127.0.0.1"))
    try:
        peer = endpoint.connect(("127.0.0.1", port))
        await asyncio.wait_for(peer.opened.wait(), WAIT_S)
        yield Device(endpoint, peer)
    finally:
        endpoint.close()


@contextlib.asynccontextmanager
async def joined(
    port: int, name: str, *, token: str = SHARED, identity: Identity | None = None
) -> AsyncIterator[tuple[Device, calls.Welcome]]:
    """A device that was welcomed, and saw the gateway's proof."""
    async with connected(port, identity) as device:
        device.hello(name, token)
        answer = await device.control()
        assert isinstance(answer, calls.Welcome), answer
        assert check_proof(answer.proof, token, device.peer.secure.exporter, GATEWAY)
        yield device, answer


async def refused(port: int, name: str, token: str, *, identity: Identity | None = None) -> str:
    """Why a device may not join, as it is told."""
    async with connected(port, identity) as device:
        device.hello(name, token)
        answer = await device.control()
        assert isinstance(answer, calls.Refused), answer
        return answer.reason
