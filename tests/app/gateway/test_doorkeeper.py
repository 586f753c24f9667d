"""Who may join: tokens, keys, names and versions, over real sockets."""

from __future__ import annotations

import pytest

from app.gateway.doorkeeper import Applicant, Doorkeeper, RefusedDevice
from app.gateway.gateway import Gateway
from app.gateway.join_limits import JoinLimits
from tests.app.gateway.joining import (
    SHARED,
    connected,
    joined,
    new_identity,
    refused,
    running_gateway,
)
from wire import keys
from wire.connection import Redis, command, connect
from wire.devices import Devices
from wire.join_tokens import JoinTokens
from wire.remote import calls


async def test_a_token_for_one_device_is_used_once_and_names_the_device(
    redis_client: Redis,
) -> None:
    made = await JoinTokens(redis_client).make("attic")
    assert made is not None
    identity = new_identity()
    async with running_gateway(redis_client, shared_token="") as gateway:
        port = gateway.address[1]
        # The second time its key counts, and it sees the proof for its token all the same.
        for _ in range(2):
            async with joined(port, "x", token=made.token, identity=identity) as (_, welcome):
                assert welcome.name == "attic"
        assert "used" in await refused(port, "y", made.token)
        assert "token" in await refused(port, "y", SHARED)
        assert gateway.refused["wrong_token"] == 2
        assert await JoinTokens(redis_client).list() == []


async def test_a_known_device_needs_no_token_any_more(redis_client: Redis) -> None:
    identity = new_identity()
    async with (
        running_gateway(redis_client) as gateway,
        joined(gateway.address[1], "dev1", identity=identity),
    ):
        pass
    newer = "another-token-for-all-of-them"
    async with running_gateway(redis_client, shared_token=newer) as gateway:
        port = gateway.address[1]
        assert "token is not known" in await refused(port, "dev2", SHARED)
        # With its old token and with the new one it sees that the gateway is the right one.
        for token in (SHARED, newer, newer):
            async with joined(port, "x", token=token, identity=identity) as (_, welcome):
                assert welcome.name == "dev1"


async def test_a_known_device_may_be_given_a_token_of_its_own(
    redis_client: Redis, port: int
) -> None:
    identity = new_identity()
    tokens = JoinTokens(redis_client)
    async with joined(port, "dev1", identity=identity):
        pass
    made = await tokens.make("another-name")
    assert made is not None
    # It sees the proof for that token, again too, keeps its name, and the token is used up.
    for _ in range(2):
        async with joined(port, "x", token=made.token, identity=identity) as (_, welcome):
            assert welcome.name == "dev1"
    assert await tokens.list() == []


async def test_a_wrong_token_is_refused_and_limited(
    redis_client: Redis, gateway: Gateway, port: int
) -> None:
    identity = new_identity()
    async with joined(port, "old", identity=identity):
        pass
    for _ in range(10):
        assert "token is not known" in await refused(port, "dev", "x" * 24)
    # Now even the right one has to wait, but a device that is known has not.
    assert "Too many" in await refused(port, "dev", SHARED)
    assert gateway.refused == {"wrong_token": 10, "too_many_tries": 1}
    async with joined(port, "old", identity=identity):
        pass
    assert await Devices(redis_client).get("dev") is None


async def test_a_second_device_does_not_get_a_pinned_name(port: int) -> None:
    async with joined(port, "dev1") as (first, _):
        assert "name dev1 belongs" in await refused(port, "dev1", SHARED)
        assert (await first.call(calls.Claim())).error == ""


async def test_a_worker_of_the_site_keeps_its_name(redis_client: Redis, port: int) -> None:
    await command(redis_client, "HSET", keys.worker("dev1"), "beat", "x")
    assert "belongs" in await refused(port, "dev1", SHARED)


async def test_a_name_that_could_be_part_of_a_key_is_refused(port: int) -> None:
    for name in ("", "a b", "{x}", "é", "a:b", "a" * 65):
        assert "letters" in await refused(port, name, SHARED)


async def test_another_version_is_told_what_to_do(port: int) -> None:
    async with connected(port) as device:
        device.hello("dev1", SHARED, version=calls.VERSION + 1)
        answer = await device.control()
        assert isinstance(answer, calls.Refused)
        assert "same version" in answer.reason


async def test_a_removed_key_is_refused_and_its_name_is_free(
    redis_client: Redis, port: int
) -> None:
    identity = new_identity()
    async with joined(port, "dev1", identity=identity):
        pass
    assert await Devices(redis_client).remove("dev1")
    made = await JoinTokens(redis_client).make()
    assert made is not None
    for token in (SHARED, made.token):
        assert "removed" in await refused(port, "dev1", token, identity=identity)
    async with joined(port, "dev1"):
        pass


@pytest.mark.parametrize("proof", [b"", b"x", b"x" * 32, b"x" * 64])
async def test_a_proof_of_any_length_is_only_wrong(redis_client: Redis, proof: bytes) -> None:
    doorkeeper = Doorkeeper(redis_client, JoinLimits(), shared_token=SHARED)
    hello = calls.Hello(version=calls.VERSION, name="dev1", proof=proof)
    found = await doorkeeper.admit(hello, Applicant("192.0.2.1", "ab" * 32, bytes(32)), now=0.0)
    assert isinstance(found, RefusedDevice)
    assert found.what == "wrong_token"


async def test_without_redis_a_device_is_told_to_try_again() -> None:
    client = connect("unix:///nonexistent/redis.sock")
    doorkeeper = Doorkeeper(client, JoinLimits(), shared_token=SHARED)
    hello = calls.Hello(version=calls.VERSION, name="dev1", proof=b"")
    found = await doorkeeper.admit(hello, Applicant("192.0.2.1", "ab" * 32, bytes(32)), now=0.0)
    assert isinstance(found, RefusedDevice)
    assert (found.what, "try again" in found.sentence) == ("redis_away", True)
    await client.aclose()
