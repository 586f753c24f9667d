"""The routes of devices at other sites, over a real gateway."""

from __future__ import annotations

import asyncio
import shlex

import pytest

from app.gateway.gateway import Gateway
from tests.app.gateway.joining import connected, joined, running_gateway
from tests.app.http.answers import check_problem
from tests.app.http.conftest import ADMIN_TOKEN, MakeSite, Site
from tests.app.peers import until
from wire.connection import Redis, connect
from wire.gateway_heartbeat import GatewayHeartbeats
from wire.join_tokens import MAX_TOKENS, JoinTokens
from wire.remote import calls

ADMIN = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
PATH = "/api/v1/devices"


async def until_listed(client: Redis, gateway: Gateway, devices: int) -> None:
    """Waits for a heartbeat with so many devices."""
    async with asyncio.timeout(5.0):
        while True:
            beats = await GatewayHeartbeats(client).list()
            if any(each.name == gateway.name and len(each.devices) == devices for each in beats):
                return
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", PATH),
        ("POST", PATH),
        ("DELETE", f"{PATH}/dev1"),
        ("DELETE", f"{PATH}/tokens/0123456789abcdef"),
    ],
)
async def test_all_of_it_needs_the_admin_token(guarded: Site, method: str, path: str) -> None:
    answer = await guarded.client.request(method, path, json={})
    check_problem(answer, 401)


async def test_without_devices_the_lists_are_empty(guarded: Site) -> None:
    answer = await guarded.client.get(PATH, headers=ADMIN)
    assert answer.json() == {"gateways": [], "devices": [], "tokens": []}


async def test_without_a_gateway_no_device_can_be_added(site: Site) -> None:
    detail = check_problem(await site.client.post(PATH, json={}), 409)
    assert "SHARPCAST_GATEWAY_HOST" in detail


async def test_a_device_is_added_joins_is_shown_and_removed(
    site: Site, redis_client: Redis
) -> None:
    async with running_gateway(redis_client, shared_token="") as gateway:
        await until_listed(redis_client, gateway, 0)
        answer = await site.client.post(PATH, json={"name": "attic"})
        assert answer.status_code == 201
        assert answer.headers["cache-control"] == "no-store"
        made = answer.json()
        port = gateway.address[1]
        assert made["gateway"] == f"127.0.0.1:{port}"
        assert shlex.split(made["command"]) == [
            "sharpcast", "join", made["gateway"], f"--token={made['token']}",
        ]  # fmt: skip
        listed = (await site.client.get(PATH)).json()
        (waiting,) = listed["tokens"]
        assert waiting == {key: made[key] for key in ("id", "name", "expires_at")}
        assert made["token"] not in str(listed)

        async with joined(port, "x", token=made["token"]) as (device, _):
            await until_listed(redis_client, gateway, 1)
            listed = (await site.client.get(PATH)).json()
            assert listed["tokens"] == []
            (shown,) = listed["devices"]
            assert (shown["name"], shown["state"], shown["jobs"]) == ("attic", "joined", [])
            assert (shown["address"], shown["gateway"]) == ("127.0.0.1", gateway.name)
            assert 0.0 <= shown["link"]["loss"] < 0.5
            (place,) = listed["gateways"]
            assert (place["port"], place["devices"], place["shared_token"]) == (port, 1, False)
            assert place["fingerprint"] == device.peer.secure.fingerprint

            assert (await site.client.delete(f"{PATH}/attic")).status_code == 204
            assert isinstance(await device.control(), calls.Refused)
        await until(lambda: gateway.devices == [])
        assert (await site.client.get(PATH)).json()["devices"] == []
        check_problem(await site.client.delete(f"{PATH}/attic"), 404)


async def test_a_device_that_left_is_away(site: Site, redis_client: Redis) -> None:
    async with running_gateway(redis_client) as gateway:
        async with joined(gateway.address[1], "dev1"):
            await until_listed(redis_client, gateway, 1)
        await until_listed(redis_client, gateway, 0)
    (shown,) = (await site.client.get(PATH)).json()["devices"]
    assert (shown["state"], shown["link"], shown["gateway"]) == ("away", None, "")
    assert shown["seen_at"] >= shown["first_joined_at"]


async def test_a_token_can_be_withdrawn(site: Site, redis_client: Redis) -> None:
    async with running_gateway(redis_client) as gateway:
        await until_listed(redis_client, gateway, 0)
        made = (await site.client.post(PATH, json={})).json()
        path = f"{PATH}/tokens/{made['id']}"
        assert (await site.client.delete(path)).status_code == 204
        check_problem(await site.client.delete(path), 404)
        async with connected(gateway.address[1]) as device:
            device.hello("dev1", made["token"])
            assert isinstance(await device.control(), calls.Refused)


async def test_a_name_is_checked_and_given_once(site: Site, redis_client: Redis) -> None:
    async with running_gateway(redis_client) as gateway:
        await until_listed(redis_client, gateway, 0)
        async with joined(gateway.address[1], "dev1"):
            detail = check_problem(await site.client.post(PATH, json={"name": "dev1"}), 409)
            assert "dev1" in detail
        for name in ("a b", "{x}", "../x"):
            check_problem(await site.client.post(PATH, json={"name": name}), 400)
        bodies: list[object] = [{"name": 3}, {"name": "a" * 65}, {"other": ""}, []]
        for body in bodies:
            check_problem(await site.client.post(PATH, json=body), 422)


async def test_so_many_tokens_wait_at_most(site: Site, redis_client: Redis) -> None:
    async with running_gateway(redis_client) as gateway:
        await until_listed(redis_client, gateway, 0)
        tokens = JoinTokens(redis_client)
        await asyncio.gather(*(tokens.make() for _ in range(MAX_TOKENS)))
        check_problem(await site.client.post(PATH, json={}), 409)


async def test_the_metrics_show_links_and_what_was_refused(site: Site, redis_client: Redis) -> None:
    async with (
        running_gateway(redis_client, name="g1") as gateway,
        joined(gateway.address[1], "dev1"),
    ):
        await until_listed(redis_client, gateway, 1)
        text = (await site.client.get("/metrics")).text
    for line in (
        "sharpcast_devices 1.0",
        'sharpcast_gateway_joins_total{gateway="g1"} 1.0',
        'sharpcast_gateway_refused_total{gateway="g1",reason="messages"} 0.0',
        'sharpcast_link_messages_total{device="dev1",what="late"} 0.0',
        'sharpcast_link_loss_ratio{device="dev1"} ',
    ):
        assert line in text, line


async def test_while_redis_is_away_it_says_so(make_site: MakeSite) -> None:
    client = connect("unix:///nonexistent/redis.sock")
    site = make_site(redis=client)
    check_problem(await site.client.get(PATH), 503)
    check_problem(await site.client.post(PATH, json={}), 503)
    check_problem(await site.client.delete(f"{PATH}/dev1"), 503)
    check_problem(await site.client.delete(f"{PATH}/tokens/x"), 503)
    await client.aclose()
