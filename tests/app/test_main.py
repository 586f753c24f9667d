"""``main.py``: the whole app process in this one."""

from __future__ import annotations

import asyncio
import dataclasses
import socket
import ssl
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiortc import RTCPeerConnection

from app import main
from app.loop_lag import LoopLag
from tests.app import coding
from tests.app.external_access.issuer import ISSUER, answers, jwks, token
from tests.app.gateway.joining import SHARED, joined
from tests.app.peers import no_tasks_but, publishing, until, watching
from tests.certificates import write_certificate
from wire.connection import Redis
from wire.embedded import EmbeddedServer
from wire.errors import BadSettings, NoRedisServer, ServerRefuses
from wire.settings import Settings, load_settings


@dataclasses.dataclass
class Served:
    """A server at work."""

    address: str
    stop: asyncio.Event
    task: asyncio.Task[None]


Serve = Callable[..., AbstractAsyncContextManager[Served]]


def settings(**values: object) -> Settings:
    given = {"HTTP_PORT": "0", "UDP_PORT": "0", **values}
    return load_settings({f"SHARPCAST_{name}": str(value) for name, value in given.items()})


@pytest.fixture
def serve(redis_server: EmbeddedServer, redis_client: Redis) -> Serve:
    """Serves over the shared Redis for a while; gives it."""

    @asynccontextmanager
    async def served(**values: object) -> AsyncIterator[Served]:
        ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        stop = asyncio.Event()
        task = asyncio.get_running_loop().create_task(
            main.serve(
                settings(**values),
                redis_url=redis_server.url,
                stop=stop,
                on_ready=ready.set_result,
            ),
            name="serve",
        )
        try:
            running: list[asyncio.Future[Any]] = [task, ready]
            await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            yield Served(ready.result(), stop, task)
        finally:
            stop.set()
            await task

    return served


async def test_it_answers_on_the_free_port_it_names(serve: Serve) -> None:
    async with serve() as served, httpx.AsyncClient(base_url=served.address) as client:
        address = served.address
        assert address.startswith("http://127.0.0.1:")
        assert not address.endswith(":0")
        assert (await client.get("/readyz")).json()["status"] == "ready"


async def test_threads_let_the_event_loop_have_its_turn(serve: Serve) -> None:
    before = sys.getswitchinterval()
    try:
        async with serve():
            assert sys.getswitchinterval() == pytest.approx(main.SWITCH_INTERVAL_S)
    finally:
        sys.setswitchinterval(before)


async def test_it_speaks_https_with_a_certificate(serve: Serve, tmp_path: Path) -> None:
    cert, key = write_certificate(tmp_path)
    context = ssl.create_default_context(cafile=str(cert))
    async with (
        serve(TLS_CERT=cert, TLS_KEY=key) as served,
        httpx.AsyncClient(base_url=served.address, verify=context) as client,
    ):
        assert served.address.startswith("https://127.0.0.1:")
        assert (await client.get("/healthz")).status_code == 200


async def test_it_takes_jwts_and_asks_the_hook_of_the_settings(
    serve: Serve, tmp_path: Path
) -> None:
    path = tmp_path / "jwks.json"
    path.write_bytes(jwks())
    issuer = f"issuer={ISSUER.issuer} audience={ISSUER.audience} keys={path}"
    async with answers(status=b"403 Forbidden") as hook:
        values = {"JWT": issuer, "ACCESS_HOOK": hook.url, "WEBHOOK_SECRET": "a-long-random-word"}
        async with serve(**values) as served, httpx.AsyncClient(base_url=served.address) as client:
            for text, status in ((token(), 400), (token(exp=1), 401), ("opaque", 401)):
                headers = {"Authorization": f"Bearer {text}", "Content-Type": "application/sdp"}
                answer = await client.post("/whip/cam1", content="v=0", headers=headers)
                assert answer.status_code == status
            metrics = (await client.get("/metrics")).text
    assert len(hook.got) == 1
    for line in (
        'jwks_fetches_total{result="ok"} 1.0',
        'jwts_refused_total{reason="expired"} 1.0',
        'access_hook_questions_total{result="refused"} 1.0',
    ):
        assert f"sharpcast_{line}" in metrics


async def test_devices_join_at_the_port_of_the_settings(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    gateway = {"GATEWAY_HOST": "127.0.0.1", "GATEWAY_PORT": port, "JOIN_TOKEN": SHARED}
    async with (
        serve(**gateway) as served,
        joined(port, "dev1") as (device, _),
        httpx.AsyncClient(base_url=served.address) as client,
    ):
        listed = (await client.get("/api/v1/devices")).json()
        assert [each["name"] for each in listed["devices"]] == ["dev1"]
        served.stop.set()
        assert await device.is_gone()


async def test_it_stops_within_5_s_with_a_device_while_redis_is_away(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    with EmbeddedServer() as server:
        task = asyncio.get_running_loop().create_task(
            main.serve(
                settings(
                    GATEWAY_HOST="127.0.0.1",
                    GATEWAY_PORT=port,
                    JOIN_TOKEN=SHARED,
                    REDIS_URL=server.url,
                ),
                redis_url=server.url,
                stop=stop,
                on_ready=ready.set_result,
            ),
            name="serve",
        )
        await ready
        async with joined(port, "dev1") as (device, _):
            server.stop()
            begun = time.monotonic()
            stop.set()
            assert await device.is_gone()
            await task
            assert time.monotonic() - begun < 5.0


async def test_a_port_of_the_gateway_that_is_taken_is_one_sentence(serve: Serve) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(BadSettings, match=r"^SHARPCAST_GATEWAY_PORT: 127\.0\.0\.1:.*\.$"):
            async with serve(GATEWAY_HOST="127.0.0.1", GATEWAY_PORT=port):
                pass


def _is_closed(connection: RTCPeerConnection) -> bool:
    return bool(connection.connectionState == "closed")


async def test_a_taken_port_is_one_sentence(serve: Serve) -> None:
    async with serve() as served:
        port = served.address.rpartition(":")[2]
        with pytest.raises(BadSettings, match=rf"SHARPCAST_HTTP_PORT: 127\.0\.0\.1:{port} .*\.$"):
            await main.serve(
                settings(HTTP_PORT=port),
                redis_url="unix:///nonexistent",
                stop=asyncio.Event(),
                on_ready=print,
            )


@pytest.mark.parametrize("host", ["nosuchhost.invalid", "192.0.2.1"])
async def test_a_host_that_is_not_this_machine_is_one_sentence_about_the_host(host: str) -> None:
    tokens = {"PUBLISH_TOKEN": "a-long-token", "ADMIN_TOKEN": "another-token"}
    with pytest.raises(BadSettings, match=r"^SHARPCAST_HTTP_HOST: .* this machine: .*\.$"):
        await main.serve(
            settings(HTTP_HOST=host, **tokens),
            redis_url="unix:///nonexistent",
            stop=asyncio.Event(),
            on_ready=print,
        )


async def test_no_redis_is_one_sentence_without_the_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(main, "REDIS_START_S", 0.1)
    with pytest.raises(NoRedisServer) as caught:
        await main.serve(
            settings(),
            redis_url="redis://user:secret-word@127.0.0.1:1/0",
            stop=asyncio.Event(),
            on_ready=print,
        )
    assert "secret-word" not in str(caught.value)
    assert "127.0.0.1:1" in str(caught.value)


@pytest.mark.parametrize(("streams", "most"), [(1, 512), (32, 512), (200, 1600), (10_000, 9_000)])
def test_there_are_connections_for_as_many_streams_as_are_carried(streams: int, most: int) -> None:
    assert main.redis_connections(streams) == most


async def test_a_wrong_redis_password_is_one_sentence_at_once(
    redis_server: EmbeddedServer, redis_client: Redis
) -> None:
    began = asyncio.get_running_loop().time()
    with pytest.raises(ServerRefuses, match="refuses the user name or the password") as caught:
        await main.serve(
            settings(),
            redis_url=redis_server.url.replace("//", "//user:secret-word@"),
            stop=asyncio.Event(),
            on_ready=print,
        )
    assert "secret-word" not in str(caught.value)
    assert asyncio.get_running_loop().time() - began < 1.0


async def test_stop_ends_publisher_and_viewer_within_5_s_and_leaves_no_task(serve: Serve) -> None:
    before = asyncio.all_tasks()
    async with httpx.AsyncClient() as client:

        async def post(url: str, sdp: str) -> str:
            headers = {"Content-Type": "application/sdp"}
            response = await client.post(url, content=sdp, headers=headers)
            response.raise_for_status()
            return response.text

        async with serve() as served:
            address = served.address
            async with publishing(
                lambda sdp: post(f"{address}/whip/cam1", sdp), coding.h264(98, 54, 10)
            ) as publisher:
                async with asyncio.timeout(15):
                    while True:
                        listed = await client.get(f"{address}/api/v1/streams")
                        if listed.json()["streams"]:
                            break
                        await asyncio.sleep(0.02)
                url = f"{address}/whep/cam1?rendition=source"
                async with watching(lambda sdp: post(url, sdp)) as viewer:
                    await until(lambda: viewer.received["video"].packets)
                    started = time.monotonic()
                    served.stop.set()
                    await asyncio.wait([served.task], timeout=10)
                    assert served.task.done()
                    assert time.monotonic() - started < 5
                    for peer in (publisher, viewer):
                        await until(partial(_is_closed, peer.connection))
    await no_tasks_but(before)


async def test_a_helper_that_dies_ends_the_server_with_its_error(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def die(_: LoopLag) -> None:
        await asyncio.sleep(0.2)
        raise LookupError("dead")

    monkeypatch.setattr(LoopLag, "run", die)
    with pytest.raises(LookupError, match="dead"):
        async with serve() as served:
            await asyncio.wait([served.task], timeout=10)
