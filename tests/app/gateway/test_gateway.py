"""The port and its sessions: replacement, restart, stop, heartbeat, floods."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import time

import pytest

from app.gateway.gateway import Gateway, GatewayOptions, bind_gateway
from tests.app.gateway.joining import connected, joined, new_identity, running_gateway
from tests.app.peers import until
from wire import keys
from wire.connection import Redis, command
from wire.devices import Devices
from wire.errors import BadSettings
from wire.gateway_heartbeat import GatewayBeat, GatewayHeartbeats
from wire.join_tokens import JoinTokens
from wire.remote import calls
from wire.settings import load_settings


async def listed(client: Redis) -> GatewayBeat:
    """The heartbeat of a gateway at which a device is."""
    beats: list[GatewayBeat] = []
    async with asyncio.timeout(5.0):
        while not beats:
            beats = [each for each in await GatewayHeartbeats(client).list() if each.devices]
            await asyncio.sleep(0.05)
    return beats[0]


async def test_a_device_joins_calls_and_leaves(
    redis_client: Redis, gateway: Gateway, port: int
) -> None:
    async with joined(port, "dev1") as (device, welcome):
        assert welcome.name == "dev1"
        reply = await device.call(calls.Claim())
        assert (reply.error, reply.value) == ("", None)
        assert gateway.devices == ["dev1"]
        record = await Devices(redis_client).get("dev1")
        assert record is not None
        assert record.address == "127.0.0.1"
    await until(lambda: gateway.devices == [])
    assert gateway.joins == 1


async def test_a_device_that_joins_again_replaces_its_old_session(
    gateway: Gateway, port: int
) -> None:
    identity = new_identity()
    async with (
        joined(port, "dev1", identity=identity) as (old, _),
        joined(port, "other-name", identity=identity) as (new, welcome),
    ):
        assert welcome.name == "dev1"
        assert await old.is_gone()
        assert (await new.call(calls.Claim())).error == ""
        assert gateway.devices == ["dev1"]


async def test_a_device_that_joins_at_another_gateway_is_replaced_too(
    redis_client: Redis, gateway: Gateway, port: int
) -> None:
    identity = new_identity()
    async with (
        running_gateway(redis_client) as other,
        joined(port, "dev1", identity=identity) as (old, _),
        joined(other.address[1], "dev1", identity=identity) as (new, _),
    ):
        assert old.peer.secure.fingerprint == new.peer.secure.fingerprint
        assert await old.is_gone()
        assert gateway.devices == []
        assert (await new.call(calls.Claim())).error == ""


async def test_a_restart_keeps_names_and_the_key_of_the_gateway(redis_client: Redis) -> None:
    identity = new_identity()
    seen = []
    for name in ("dev1", "dev2"):
        async with (
            running_gateway(redis_client) as gateway,
            joined(gateway.address[1], name, identity=identity) as (device, welcome),
        ):
            assert welcome.name == "dev1"
            seen.append(device.peer.secure.fingerprint)
    assert seen[0] == seen[1]
    assert [each.name for each in await Devices(redis_client).list()] == ["dev1"]


async def test_a_gateway_that_stops_closes_the_connections(redis_client: Redis) -> None:
    async with contextlib.AsyncExitStack() as stack:
        async with running_gateway(redis_client) as gateway:
            device, _ = await stack.enter_async_context(joined(gateway.address[1], "dev1"))
            await listed(redis_client)
        assert await device.is_gone()
        assert await GatewayHeartbeats(redis_client).list() == []


async def test_the_heartbeat_shows_the_links(
    redis_client: Redis, gateway: Gateway, port: int
) -> None:
    async with joined(port, "dev1") as (device, _):
        await device.call(calls.Claim())
        beat = await listed(redis_client)
        assert (beat.name, beat.port, beat.joins) == (gateway.name, port, 1)
        assert beat.is_shared_token_set
        assert beat.fingerprint == device.peer.secure.fingerprint
        (link,) = beat.devices
        assert (link.name, link.address) == ("dev1", "127.0.0.1")
        assert link.silent_ms < 2000
        assert 0 < link.rtt_ms < 1000
        assert set(link.messages) == {"sent", "received", "restored", "late", "refused"}


async def test_a_device_at_work_is_known_again_when_redis_forgot_everything(
    redis_client: Redis, gateway: Gateway, port: int
) -> None:
    identity = new_identity()
    devices = Devices(redis_client)
    made = await JoinTokens(redis_client).make()
    assert made is not None
    async with joined(port, "dev1", token=made.token, identity=identity) as (device, _):
        gateway_key = (await listed(redis_client)).fingerprint
        await command(redis_client, "FLUSHALL")
        async with asyncio.timeout(5.0):
            while await devices.get("dev1") is None:  # noqa: ASYNC110 - of Redis, which tells nobody
                await asyncio.sleep(0.05)
        assert (await device.call(calls.Claim())).error == ""
        assert gateway.devices == ["dev1"]
        # Devices that come back find the gateway that they know, here and at another one.
        assert (await listed(redis_client)).fingerprint == gateway_key
        assert (await devices.keep_identity(new_identity())).fingerprint == gateway_key
    async with joined(port, "x", token=made.token, identity=identity) as (_, welcome):
        assert welcome.name == "dev1"


async def test_garbage_costs_little_and_disturbs_nobody(gateway: Gateway, port: int) -> None:
    rng = random.Random(3)
    heads = (b"", b"\x16\xfe\xfd", b"\x16\xfe\xff\0\0\0\0\0\0\0\0", b"\x17\xfe\xfd")
    async with joined(port, "dev1") as (device, _):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            cpu = time.process_time()
            for number in range(2000):
                junk = heads[number % 4] + rng.randbytes(rng.randrange(1, 1200))
                stranger.sendto(junk, ("127.0.0.1", port))
                if number % 50 == 0:
                    await asyncio.sleep(0)
            assert (await device.call(calls.Claim())).error == ""
            cpu = time.process_time() - cpu
        assert cpu < 2.0
        assert gateway.devices == ["dev1"]
        # Whoever comes after the noise joins as ever.
        async with joined(port, "dev2"):
            assert gateway.devices == ["dev1", "dev2"]


async def test_garbage_from_the_address_of_a_device_ends_nothing(
    gateway: Gateway, port: int
) -> None:
    rng = random.Random(4)
    async with joined(port, "dev1") as (device, _):
        for number in range(300):
            junk = rng.randbytes(rng.randrange(1, 1200))
            device.endpoint._send([b"\x17\xfe\xfd"[: number % 4] + junk], ("127.0.0.1", port))
        assert (await device.call(calls.Claim())).error == ""
        assert gateway.devices == ["dev1"]


async def test_handshakes_of_one_address_are_limited(gateway: Gateway, port: int) -> None:
    async with joined(port, "dev1") as (device, _), contextlib.AsyncExitStack() as stack:
        opened = 0
        with contextlib.suppress(TimeoutError):
            for _ in range(60):
                async with asyncio.timeout(1.0):
                    await stack.enter_async_context(connected(port))
                opened += 1
        assert 20 < opened <= 42
        assert (await device.call(calls.Claim())).error == ""


async def test_keys_of_the_registry_are_in_one_slot(redis_client: Redis, port: int) -> None:
    async with joined(port, "dev1"):
        found = await command(redis_client, "KEYS", "*device*")
    assert found
    assert all(name.startswith(b"{devices}:") for name in found)
    assert keys.device("dev1").encode() in found


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1"])
def test_a_host_that_is_not_this_machine_is_one_sentence(host: str) -> None:
    with pytest.raises(BadSettings, match=r"^SHARPCAST_GATEWAY_HOST: .* this machine: .*\.$"):
        bind_gateway(GatewayOptions(host, 0))


async def test_a_port_in_use_is_one_sentence(port: int) -> None:
    with pytest.raises(BadSettings, match=r"^SHARPCAST_GATEWAY_PORT: .* listened on: .*\.$"):
        bind_gateway(GatewayOptions("127.0.0.1", port))


def test_without_a_host_there_is_no_gateway() -> None:
    token = "t" * 24
    assert GatewayOptions.of(load_settings({"SHARPCAST_JOIN_TOKEN": token})) is None
    variables = {
        "SHARPCAST_GATEWAY_HOST": "0.0.0.0",
        "SHARPCAST_GATEWAY_PORT": "9000",
        "SHARPCAST_JOIN_TOKEN": token,
    }
    found = GatewayOptions.of(load_settings(variables))
    assert found == GatewayOptions("0.0.0.0", 9000, token)
    assert token not in repr(found)
