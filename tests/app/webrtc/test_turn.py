"""TURN logins: by the draft's rule, and as a real coturn takes them."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import dataclasses
import hashlib
import hmac
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aioice.turn
import pytest
from aioice.stun import TransactionFailed

from app.webrtc.ice import IceServer
from app.webrtc.turn import LOGIN_S, IceServerList, make_login
from benchmarks.server import free_port
from tests.compose.project import load

SECRET = "a-long-random-word"


def test_a_login_names_its_end_and_is_signed() -> None:
    user, password = make_login(SECRET, now_s=1_800_000_000.9, name="x1")
    assert user == f"{1_800_000_000 + LOGIN_S}:x1"
    signed = hmac.new(SECRET.encode(), user.encode(), hashlib.sha1).digest()
    assert base64.b64decode(password) == signed


def test_each_peer_gets_a_login_of_its_own_for_turn_alone() -> None:
    servers = (IceServer("stun:a:1"), IceServer("turn:b:2"), IceServer("turns:c:3", "u", "p"))
    given = IceServerList(servers, SECRET)
    first, second = given.for_peer(now_s=0), given.for_peer(now_s=0)
    assert first[0] == servers[0]
    assert first[2] == servers[2], "a server with a login of its own keeps it"
    assert first[1].urls == "turn:b:2"
    assert first[1].username.startswith(f"{LOGIN_S}:")
    assert first[1].username != second[1].username


def test_without_a_secret_servers_are_given_as_they_are() -> None:
    servers = (IceServer("stun:a"), IceServer("turn:b", "u", "p"))
    assert IceServerList(servers).for_peer(now_s=0) == servers
    assert IceServerList().for_peer(now_s=0) == ()


def test_the_secret_is_not_shown() -> None:
    assert SECRET not in repr(IceServerList((), SECRET))


@dataclasses.dataclass(frozen=True, slots=True)
class Coturn:
    """A running server with the options of docker-compose.yml."""

    port: int

    async def allocate(self, user: str, password: str) -> asyncio.DatagramTransport:
        """A relay. Raises TransactionFailed where the login is refused."""
        transport, _ = await aioice.turn.create_turn_endpoint(
            asyncio.DatagramProtocol,
            server_addr=("127.0.0.1", self.port),
            username=user,
            password=password,
        )
        return transport  # type: ignore[return-value]


def options(secret: str, port: int, allowed: str) -> list[str]:
    """Those of the Compose file, on this machine's loopback."""
    service: dict[str, Any] = load(
        {
            "SHARPCAST_PUBLISH_TOKEN": "p",
            "SHARPCAST_ADMIN_TOKEN": "a",
            "SHARPCAST_ICE_ADDRESSES": allowed,
            "REDIS_PASSWORD": "r",
        }
    )["turn"]
    given = [word for word in service["command"] if not word.startswith("--listening-port")]
    return [*given, f"--static-auth-secret={secret}", f"--listening-port={port}"]


@pytest.fixture
async def coturn(tmp_path: Path) -> AsyncIterator[Coturn]:
    """Relays to 192.0.2.7 and nowhere else."""
    if shutil.which("turnserver") is None:
        pytest.skip("Debian's coturn is not installed")
    port = free_port()
    with (tmp_path / "log").open("w") as log:
        process = await asyncio.create_subprocess_exec(
            "turnserver",
            "-n",
            *options(SECRET, port, "192.0.2.7"),
            "--listening-ip=127.0.0.1",
            "--relay-ip=127.0.0.1",
            "--log-file=stdout",
            f"--pidfile={tmp_path / 'pid'}",
            f"--userdb={tmp_path / 'db'}",
            stdout=log,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            await _until_it_answers(port)
            yield Coturn(port)
        finally:
            process.terminate()
            await process.wait()


async def _until_it_answers(port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                await writer.wait_closed()
                return
            await asyncio.sleep(0.05)


async def test_coturn_takes_our_logins_and_no_other(coturn: Coturn) -> None:
    relay = await coturn.allocate(*make_login(SECRET, now_s=time.time(), name="a"))
    relay.close()
    for user, password in (
        make_login(SECRET, now_s=time.time() - LOGIN_S - 1, name="a"),
        make_login("another-word", now_s=time.time(), name="a"),
        ("sharpcast", ""),
    ):
        with pytest.raises(TransactionFailed, match="401"):
            await coturn.allocate(user, password)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.5", "172.17.0.1", "192.168.1.1", "169.254.169.254", "203.0.113.9"],
)
async def test_coturn_relays_to_our_address_and_no_other(coturn: Coturn, address: str) -> None:
    relay: Any = await coturn.allocate(*make_login(SECRET, now_s=time.time(), name="a"))
    client = relay._TurnTransport__inner_protocol
    try:
        with pytest.raises(TransactionFailed, match="403"):
            await client.channel_bind(0x4000, (address, 6379))
        await client.channel_bind(0x4001, ("192.0.2.7", 50000))
    finally:
        relay.close()
