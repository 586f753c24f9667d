"""``connections.py``, ``listener.py``, ``protocol.py``: sockets that say little or too much."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from app.http.edge import asgi, penalties, protocol
from app.http.edge.connections import ConnectionCounts
from app.http.edge.protocol import Phase
from tests.app.http.edge.conftest import Serve, Served
from tests.app.http.edge.test_asgi import EVERY
from tests.app.peers import until


def test_counts_admit_up_to_their_limits_and_forget_who_left() -> None:
    counts = ConnectionCounts(most=3, most_per_key=2)
    assert [counts.admit(key) for key in "aaabc"] == [True, True, False, True, False]
    assert (counts.open, counts.refused) == (3, 2)
    counts.leave("a")
    assert counts.admit("c")
    for key in "abc":
        counts.leave(key)
    assert counts.open == 0
    assert counts._by_key == {}


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time limits that a test can wait for."""
    monkeypatch.setattr(protocol, "LIMITS_S", {Phase.HEAD: 0.3, Phase.ANSWER: 1.5})
    monkeypatch.setattr(asgi, "BODY_S", 0.3)


async def closed_after(served: Served, *parts: bytes, every_s: float = 0.0) -> float:
    """How long a connection stands that sends this and no more."""
    reader, writer = await served.connect()
    began = time.monotonic()
    for part in parts:
        writer.write(part)
        await asyncio.sleep(every_s)
    try:
        while await reader.read(65536):
            pass
    except ConnectionError:
        pass
    writer.close()
    return time.monotonic() - began


@pytest.mark.usefixtures("hurried")
async def test_connections_that_say_nothing_are_closed(serve: Serve) -> None:
    async with serve() as served:
        found = await asyncio.gather(*(closed_after(served) for _ in range(50)))
        assert min(found) > 0.1
        assert max(found) < 5.0
        await until(lambda: served.counts.open == 0)


@pytest.mark.usefixtures("hurried")
async def test_a_head_that_trickles_is_cut_off(serve: Serve) -> None:
    async with serve() as served:
        drops = [bytes([byte]) for byte in b"GET / HTTP/1.1\r\n"]
        assert await closed_after(served, *drops, every_s=0.05) < 5.0


@pytest.mark.usefixtures("hurried")
async def test_a_second_head_that_trickles_is_cut_off(serve: Serve) -> None:
    async with serve() as served:
        first = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
        assert await closed_after(served, first, b"G", every_s=0.2) < 5.0


@pytest.mark.parametrize(("method", "path"), EVERY)
@pytest.mark.usefixtures("hurried")
async def test_a_body_that_never_ends_is_refused_on_every_route(
    method: str, path: str, serve: Serve
) -> None:
    head = f"{method} {path} HTTP/1.1\nHost: localhost\nTransfer-Encoding: chunked\n\n"
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    async with serve() as served:
        answer = await served.ask(head, *[chunk] * 2000)
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b"access-control-allow-origin: *" in answer
        assert served.site.app.held.held == 0


async def test_a_body_that_trickles_is_refused_on_every_route(serve: Serve, hurried: None) -> None:
    async with serve() as served:

        async def trickle(method: str, path: str) -> bytes:
            head = f"{method} {path} HTTP/1.1\nHost: localhost\nContent-Length: 900\n\n"
            reader, writer = await served.connect()
            writer.write(head.replace("\n", "\r\n").encode())
            line = asyncio.get_running_loop().create_task(reader.readline())
            while not line.done():
                writer.write(b"x")
                await asyncio.sleep(0.05)
            writer.close()
            return line.result()

        began = time.monotonic()
        found = await asyncio.gather(*(trickle(method, path) for method, path in EVERY))
        assert {line.split()[1] for line in found} == {b"408"}
        assert time.monotonic() - began < 6.0


@pytest.mark.parametrize(("method", "path"), EVERY)
async def test_a_head_that_is_too_large_is_refused_on_every_route(
    method: str, path: str, serve: Serve
) -> None:
    async with serve() as served:
        line = "X-Long: " + "a" * 40_000
        answer = await served.ask(f"{method} {path} HTTP/1.1\nHost: localhost\n{line}\n\n")
        status, _, body = answer.partition(b"\r\n\r\n")
        assert status.startswith(b"HTTP/1.1 431 ")
        assert json.loads(body)["status"] == 431


async def test_what_is_no_http_is_answered_by_a_problem(serve: Serve) -> None:
    async with serve() as served:
        for text in ("\x16\x03\x01\n\n", "GET\n\n", "GET / HTTP/1.1\n\n"):
            answer = await served.ask(text)
            assert answer.startswith(b"HTTP/1.1 400 ")
            assert b"application/problem+json" in answer
            assert b"access-control-allow-origin: *" in answer


async def test_one_address_cannot_take_all_connections(serve: Serve) -> None:
    counts = ConnectionCounts(most=100, most_per_key=20)
    async with serve(counts=counts) as served:
        held = [await served.connect() for _ in range(60)]
        await until(lambda: counts.refused == 40)
        assert counts.open == 20
        for _, writer in held:
            writer.close()
        await until(lambda: counts.open == 0)
        head = "GET /healthz HTTP/1.1\nHost: localhost\nConnection: close\n\n"
        assert (await served.ask(head)).startswith(b"HTTP/1.1 200 ")


async def test_memory_stays_flat_under_an_endless_body(serve: Serve) -> None:
    head = "PATCH /api/v1/streams/x HTTP/1.1\nHost: localhost\nTransfer-Encoding: chunked\n\n"
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    async with serve() as served:
        answers = await asyncio.gather(*(served.ask(head, *[chunk] * 500) for _ in range(20)))
        assert all(answer.startswith(b"HTTP/1.1 413 ") for answer in answers)
        assert served.site.app.held.held == 0


async def test_a_flood_on_one_connection_waits_unread_and_goes_on_later(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(penalties, "PAUSE_S", 0.3)
    async with serve() as served:
        for _ in range(100):
            served.site.app.penalties.on_refusal("127.0.0.1", now=time.monotonic())
        began = time.monotonic()
        head = "GET /healthz HTTP/1.1\nHost: localhost\nConnection: close\n\n"
        assert (await served.ask(head)).startswith(b"HTTP/1.1 200 ")
        assert time.monotonic() - began > 0.2
        assert served.site.app.refused["paused"] >= 1


async def test_an_upgrade_is_answered_as_the_request_that_it_is(serve: Serve) -> None:
    head = (
        "GET /healthz HTTP/1.1\nHost: localhost\nConnection: close, Upgrade\nUpgrade: websocket\n"
        "Sec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n\n"
    )
    async with serve() as served:
        assert (await served.ask(head)).startswith(b"HTTP/1.1 200 ")


async def test_many_requests_in_one_packet_are_answered_in_their_order(serve: Serve) -> None:
    request = "GET /healthz HTTP/1.1\nHost: localhost\n\n"
    last = "GET /nothing HTTP/1.1\nHost: localhost\nConnection: close\n\n"
    async with serve() as served:
        answer = await served.ask(request * 20 + last)
        assert answer.count(b"HTTP/1.1 200 ") == 20
        assert answer.count(b"HTTP/1.1 404 ") == 1


@pytest.mark.parametrize(
    ("head", "status", "sentence"),
    [
        ("GET /api/v1/streams HTTP/1.0\n\n", b" 421 ", "The request names no host"),
        ("GET /api/v1/streams HTTP/1.1\nHost:\nConnection: close\n\n", b" 421 ", "no host"),
        ("GET / HTTP/1.1\n\n", b" 400 ", "The request has no Host header"),
        ("GET / HTTP/1.1\nHost: localhost\nHost: a\n\n", b" 400 ", "more than one Host header"),
    ],
)
async def test_a_request_that_names_no_host_or_two_is_told_so(
    head: str, status: bytes, sentence: str, serve: Serve
) -> None:
    async with serve() as served:
        answer = await served.ask(head)
        line, _, body = answer.partition(b"\r\n\r\n")
        assert status in line.split(b"\r\n")[0]
        assert sentence in json.loads(body)["detail"]


@pytest.mark.parametrize("path", ["/healthz", "/api/v1/streams", "/nothing"])
async def test_a_body_with_two_lengths_ends_the_connection(path: str, serve: Serve) -> None:
    head = f"GET {path} HTTP/1.1\nHost: localhost\n"
    both = "Content-Length: 3\nTransfer-Encoding: chunked\n\n"
    async with serve() as served:
        # What follows would be a request of somebody else's.
        answer = await served.ask(head + both + "0\n\n" + head + "\n")
        assert answer.count(b"HTTP/1.1 ") == 1
        assert answer.lower().count(b"connection: close") == 1


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("http://localhost:8080/healthz", 200),
        ("HTTP://LOCALHOST/healthz?x=/y", 200),
        ("http://localhost", 200),
        ("http://localhost:80?x", 200),
        ("http://localhost/api/v1/streams/", 200),
        ("http://localhost/%68ealthz", 200),
        ("http://localhost/nothing", 404),
        ("http://evil.example/api/v1/streams", 421),
        ("http://localhost@evil.example/api/v1/streams", 421),
        ("ftp://localhost/healthz", 404),
    ],
)
async def test_a_target_in_absolute_form_is_taken_and_its_host_is_the_one_that_counts(
    target: str, status: int, serve: Serve
) -> None:
    host = "evil.example" if status == 200 else "localhost"
    async with serve() as served:
        answer = await served.ask(f"GET {target} HTTP/1.1\nHost: {host}\nConnection: close\n\n")
        assert int(answer.split()[1]) == status
