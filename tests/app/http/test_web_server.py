"""The listening socket and uvicorn between it and the routes."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import ssl
from pathlib import Path

import pytest

from app.http.certificate import Certificate
from app.http.edge.connections import ConnectionCounts
from app.http.web_server import WebServer, bind, bind_shared
from tests.app.http.conftest import Site
from tests.app.http.edge.conftest import Serve, serve  # noqa: F401  # a fixture
from tests.certificates import write_certificate
from wire.errors import BadSettings
from wire.settings import Settings, load_settings

HEAD = "GET /healthz HTTP/1.1\nHost: localhost\nConnection: close\n\n"


def on_port(port: int, host: str = "127.0.0.1") -> Settings:
    tokens = {"SHARPCAST_PUBLISH_TOKEN": "p" * 12, "SHARPCAST_ADMIN_TOKEN": "a" * 12}
    return load_settings({**tokens, "SHARPCAST_HTTP_PORT": str(port), "SHARPCAST_HTTP_HOST": host})


def test_a_free_port_is_chosen_for_port_0() -> None:
    with bind(on_port(0), ConnectionCounts()) as listener:
        host, port = listener.getsockname()
        assert host == "127.0.0.1"
        with socket.create_connection((host, port)):
            pass


def test_a_port_that_is_taken_is_said_in_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        words = f"SHARPCAST_HTTP_PORT: 127.0.0.1:{port} cannot be listened on: .+"
        with pytest.raises(BadSettings, match=words):
            bind(on_port(port), ConnectionCounts())


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_of_another_machine_is_said_in_a_sentence(host: str) -> None:
    with pytest.raises(BadSettings, match=f"SHARPCAST_HTTP_HOST: {host} is no address of this"):
        bind(on_port(0, host), ConnectionCounts())


def test_processes_share_a_port_and_connections_are_spread() -> None:
    sockets = bind_shared(on_port(0), 3)
    port = sockets[0].getsockname()[1]
    assert {each.getsockname()[1] for each in sockets} == {port}
    clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(60)]
    counts = []
    for listener in sockets:
        listener.setblocking(False)
        counts.append(0)
        with contextlib.suppress(BlockingIOError):
            while True:
                listener.accept()[0].close()
                counts[-1] += 1
    assert sum(counts) == 60
    assert min(counts) >= 5, "20 on average"
    for each in (*clients, *sockets):
        each.close()


@pytest.mark.parametrize("count", [1, 2])
def test_a_second_server_is_not_let_into_a_port_that_is_shared(count: int) -> None:
    sockets = bind_shared(on_port(0), count)
    port = sockets[0].getsockname()[1]
    words = f"SHARPCAST_HTTP_PORT: 127.0.0.1:{port} cannot be listened on: .+"
    for again in (
        lambda: bind(on_port(port), ConnectionCounts()),
        lambda: bind_shared(on_port(port), 2),
    ):
        with pytest.raises(BadSettings, match=words):
            again()
    for each in sockets:
        each.close()


def test_a_port_may_be_taken_again_at_once() -> None:
    with bind(on_port(0), ConnectionCounts()) as listener:
        host, port = listener.getsockname()
        with socket.create_connection((host, port)) as client:
            client.close()
            listener.accept()[0].close()
    with bind(on_port(port), ConnectionCounts()) as again:
        assert again.getsockname()[1] == port


async def test_connections_share_the_delays_of_addresses(site: Site) -> None:
    server = WebServer(site.app, None)
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    made = [server._make_protocol() for _ in range(2)]
    assert made[0] is not made[1]
    assert {id(each.penalties) for each in made} == {id(site.app.penalties)}


async def test_signals_are_left_to_the_process(site: Site) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with WebServer(site.app, None).capture_signals():
        during = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    assert during == before


async def test_it_says_nothing_of_itself(serve: Serve) -> None:  # noqa: F811
    async with serve() as served:
        answer = await served.ask(HEAD)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert b"\r\nserver:" not in head.lower()
    assert body == b'{"status":"ok"}'


async def test_forwarded_addresses_are_read_by_the_edge_alone(
    serve: Serve,  # noqa: F811
    guarded: Site,
) -> None:
    async with serve(guarded) as served:
        forged = HEAD.replace("\n\n", "\nX-Forwarded-For: 203.0.113.9\n\n", 1)
        for _ in range(3):
            assert (await served.ask(forged)).startswith(b"HTTP/1.1 200")
    # Nobody was told to trust loopback, so the peer itself was counted.
    assert list(guarded.app.limits._tables["files"]._buckets) == ["127.0.0.1"]


async def test_with_a_certificate_only_tls_is_spoken(serve: Serve, tmp_path: Path) -> None:  # noqa: F811
    cert, key = write_certificate(tmp_path, hosts=["localhost"])
    trust = ssl.create_default_context(cafile=str(cert))
    async with serve(certificate=Certificate(cert, key)) as served:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", served.port, ssl=trust, server_hostname="localhost"
        )
        writer.write(HEAD.replace("\n", "\r\n").encode())
        assert (await reader.read(-1)).startswith(b"HTTP/1.1 200")
        writer.close()
        plain_reader, plain = await served.connect()
        plain.write(HEAD.replace("\n", "\r\n").encode())
        with contextlib.suppress(ConnectionError):
            assert b"HTTP" not in await plain_reader.read(-1)
        plain.close()
