"""One connection: hello or none, a man in the middle, a removal, what it may touch."""

from __future__ import annotations

import asyncio
import time

import pytest

from app.gateway.gateway import STRANGER_EVENTS, Gateway
from tests.app.gateway.joining import SHARED, Device, connected, joined
from tests.app.peers import until
from wire.connection import Redis
from wire.devices import Devices
from wire.jobs import JobQueue
from wire.link.endpoint import Endpoint, LinkPeer
from wire.link.link import ControlReceived
from wire.link.message import Message
from wire.remote import calls
from wire.remote.join import DEVICE, GATEWAY, check_proof, make_proof


@pytest.mark.parametrize("content", [b"", b"\xc1", b"\x80", b"x" * 3000])
async def test_whoever_says_no_hello_is_closed(gateway: Gateway, port: int, content: bytes) -> None:
    async with connected(port) as device:
        device.tell(content)
        assert await device.is_gone(2.0)
    assert gateway.refused == {"no_hello": 1}


async def test_a_request_in_the_place_of_a_hello_changes_nothing(
    gateway: Gateway, port: int
) -> None:
    async with connected(port) as device:
        device.tell(calls.encode(calls.Request(number=1, call=calls.Claim())))
        assert await device.is_gone(2.0)
    assert gateway.joins == 0


async def test_a_stranger_who_talks_without_end_fills_no_memory(
    redis_client: Redis, gateway: Gateway, port: int
) -> None:
    async with connected(port) as device:
        await until(lambda: len(gateway.sessions) == 1)
        (session,) = gateway.sessions
        for number in range(300):
            now = time.monotonic()
            message = Message(1, 1, number, bytes(20_000))
            device.peer.link.send(message, deadline=now + 5.0, now=now)
            device.endpoint.flush(device.peer)
            await asyncio.sleep(0)
        assert await device.is_gone()
        assert session.peer.events.qsize() <= STRANGER_EVENTS + 1
    assert gateway.refused["no_hello"] == 1


async def test_a_proof_of_another_connection_is_worth_nothing(port: int) -> None:
    async with connected(port) as first, connected(port) as second:
        proof = make_proof(SHARED, first.peer.secure.exporter, DEVICE)
        second.hello("dev", SHARED, proof=proof)
        assert isinstance(await second.control(), calls.Refused)
        first.hello("dev", SHARED, proof=proof)
        assert isinstance(await first.control(), calls.Welcome)


async def _hello_at(joined_peers: asyncio.Queue[LinkPeer]) -> tuple[LinkPeer, calls.FromDevice]:
    """The peer that connected to a server of ours, and its first message."""
    async with asyncio.timeout(10.0):
        peer = await joined_peers.get()
        event = await peer.events.get()
    assert isinstance(event, ControlReceived)
    return peer, calls.parse_from_device(event.content)


async def test_a_man_in_the_middle_can_forward_neither_proof(
    gateway: Gateway, port: int, false_gateway: tuple[Endpoint, asyncio.Queue[LinkPeer]]
) -> None:
    """He has a DTLS connection to each side, and hands everything on."""
    middle, peers = false_gateway
    async with connected(middle.port) as victim, connected(port) as onward:
        victim.hello("dev1", SHARED)
        peer, hello = await _hello_at(peers)
        assert isinstance(hello, calls.Hello)
        onward.tell(calls.encode(hello))
        answer = await onward.control()
        assert isinstance(answer, calls.Refused)
        assert "token is not known" in answer.reason
        # Nor can he pretend to be the gateway: his proof for this connection is a guess, and one
        # that a gateway made for another connection is another.
        async with joined(port, "own", token=SHARED) as (_, welcome):
            for proof in (welcome.proof, hello.proof, bytes(32)):
                exporter = peer.secure.exporter
                assert not check_proof(proof, SHARED, exporter, GATEWAY)
    assert "dev1" not in gateway.devices


async def test_a_removed_device_ends_at_once_and_its_jobs_are_free(
    redis_client: Redis, gateway: Gateway, port: int
) -> None:
    async with joined(port, "dev1") as (device, _):
        await JobQueue(redis_client, consumer="x").enqueue("cam1", "enhanced", 7)
        entry = await _claim(device)
        begun = time.monotonic()
        assert await Devices(redis_client).remove("dev1")
        answer = await device.control()
        assert isinstance(answer, calls.Refused)
        assert "removed" in answer.reason
        assert time.monotonic() - begun < 2.0
        assert await device.is_gone()
        other = JobQueue(redis_client, consumer="other")
        job = await other.take_over()
        assert job is not None
        assert job.entry == entry
    await until(lambda: gateway.devices == [])


async def _claim(device: Device) -> str:
    reply = await device.call(calls.Claim())
    assert reply.error == ""
    assert reply.value is not None
    return str(reply.value["entry"])


async def test_jobs_of_a_session_that_ends_are_free_at_once(
    redis_client: Redis, gateway: Gateway, port: int
) -> None:
    await JobQueue(redis_client, consumer="x").enqueue("cam1", "enhanced", 7)
    async with joined(port, "dev1") as (device, _):
        entry = await _claim(device)
    await until(lambda: gateway.devices == [])
    job = await JobQueue(redis_client, consumer="other").take_over()
    assert job is not None
    assert job.entry == entry
