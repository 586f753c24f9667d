"""Connections on real sockets that say little, too much, or no HTTP."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import time
from typing import Any

import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st
from uvicorn.server import ServerState

from app.http.edge import asgi, penalties, protocol
from app.http.edge.connection_state import ConnectionState
from app.http.edge.penalties import Penalties
from app.http.edge.protocol import TimedProtocol
from tests.app.http.edge.conftest import Serve, Served
from tests.app.http.edge.test_asgi import EVERY
from tests.app.peers import until
from wire.state_machine import IllegalTransition

HURRIED_S = {
    ConnectionState.HEAD: 0.3,
    ConnectionState.ANSWER: 1.5,
    ConnectionState.CLOSING: 0.3,
}


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time limits that a test can wait for."""
    monkeypatch.setattr(protocol, "LIMITS_S", HURRIED_S)
    monkeypatch.setattr(asgi, "BODY_S", 0.3)


async def closed_after(served: Served, *parts: bytes, every_s: float = 0.0) -> float:
    """How long a connection stands that sends this and no more."""
    began = time.monotonic()
    reader, writer = await served.connect()
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
        assert min(found) > 0.25
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


async def test_an_answer_to_head_has_no_body_that_could_be_taken_for_another_answer(
    serve: Serve,
) -> None:
    head = "HEAD /api/v1/streams HTTP/1.1\nHost: localhost\n\n"
    last = "GET /healthz HTTP/1.1\nHost: localhost\nConnection: close\n\n"
    async with serve() as served:
        first, second, body = (await served.ask(head + last)).split(b"\r\n\r\n")
    assert first.startswith(b"HTTP/1.1 200 ")
    length = re.search(rb"content-length: (\d+)", first)
    assert length is not None and int(length[1]) > 0
    assert second.startswith(b"HTTP/1.1 200 ")
    assert body == b'{"status":"ok"}'


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


@pytest.mark.usefixtures("hurried")
async def test_a_client_that_reads_no_answer_does_not_keep_its_connection(serve: Serve) -> None:
    loop = asyncio.get_running_loop()
    # What the kernel's buffers do not hold waits in the transport, which is closed meanwhile.
    async with serve(send_buffer=4096) as served:
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.setblocking(False)
            await loop.sock_connect(client, ("127.0.0.1", served.port))
            head = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            await loop.sock_sendall(client, head)
            await until(lambda: served.counts.open == 1)
            await until(lambda: served.counts.open == 0, timeout_s=5.0)


BLOCKING_ROUNDS = 12


def asked_at_once(port: int, head: str, body: bytes, step: int) -> bytes:
    """The answer to a client that sends all it has before it reads anything."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(head.replace("\n", "\r\n").encode())
        for place in range(0, len(body), step):
            line.sendall(body[place : place + step])
        found = bytearray()
        while part := line.recv(65536):
            found += part
        return bytes(found)


@pytest.mark.parametrize(
    ("method", "path", "size", "step"),
    [
        ("POST", "/whip/cam1", 1_000_000, 1_000_000),
        ("PATCH", "/whip/cam1/x", 18_000, 18_000),
        ("POST", "/whep/cam1", 200_000, 1_000),
        ("POST", "/api/v1/streams/cam1", 200_000, 50_000),
    ],
)
@pytest.mark.parametrize("chunked", [False, True])
async def test_a_refusal_arrives_whatever_still_comes(
    method: str, path: str, size: int, step: int, chunked: bool, serve: Serve
) -> None:
    body = b"x" * size
    length = f"Content-Length: {size}"
    if chunked:
        body, length = b"%x\r\n" % size + body + b"\r\n0\r\n\r\n", "Transfer-Encoding: chunked"
    head = f"{method} {path} HTTP/1.1\nHost: localhost\n{length}\n\n"
    async with serve() as served:
        for _ in range(BLOCKING_ROUNDS):
            answer = await asyncio.to_thread(asked_at_once, served.port, head, body, step)
            assert answer.startswith(b"HTTP/1.1 413 ")
            assert answer.endswith(b"}")
        assert served.site.app.held.held == 0
        await until(lambda: served.counts.open == 0)


class Wire(asyncio.Transport):
    """A transport without a socket."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 4711), "sockname": ("127.0.0.1", 80)})
        self.written = bytearray()
        self.reads = True
        self._closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        pass

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        self._closing = True

    def abort(self) -> None:
        self._closing = True

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True


GET = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
PIECES = (
    GET,
    GET * 3,
    GET[:9],
    GET[9:],
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n",
    b"POST /slow HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"3\r\nabc\r\n",
    b"0\r\n\r\n",
    b"123456789",
    b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
    b"POST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n",
    b"\x16\x03\x01\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
)


class Talk:
    """A connection without a socket, whose routes fail a test that they break."""

    def __init__(self) -> None:
        self.faults: list[IllegalTransition] = []
        config = uvicorn.Config(
            self.answer, interface="asgi3", log_config=None, access_log=False, ws="none"
        )
        self.protocol = TimedProtocol(config, ServerState(), {})
        self.protocol.penalties = Penalties()
        self.wire = Wire()
        self.protocol.connection_made(self.wire)

    async def answer(self, scope: Any, receive: Any, send: Any) -> None:
        """Reads a body, but for early answers, and answers 200 in two parts."""
        while scope["path"] == "/slow":
            message = await receive()
            if message["type"] != "http.request" or not message["more_body"]:
                break
        try:
            # No route answers CONNECT; 200 would end HTTP on the connection.
            status = 404 if scope["method"] == "CONNECT" else 200
            await send({"type": "http.response.start", "status": status, "headers": []})
            await asyncio.sleep(0)
            await send({"type": "http.response.body", "body": b"x"})
        except IllegalTransition as fault:
            self.faults.append(fault)

    @property
    def state(self) -> ConnectionState:
        return self.protocol._life.state


@given(
    pieces=st.lists(st.tuples(st.sampled_from(PIECES), st.integers(0, 4)), max_size=8),
    refusals=st.sampled_from([0, 100]),
)
@settings(max_examples=100, deadline=None)
def test_no_order_of_bytes_and_answers_is_foreign_to_the_table(
    pieces: list[tuple[bytes, int]], refusals: int
) -> None:
    async def talk() -> None:
        found = Talk()
        for data, turns in pieces:
            for _ in range(refusals):
                found.protocol.penalties.on_refusal("127.0.0.1", now=time.monotonic())
            if found.wire.reads and not found.wire.is_closing():
                found.protocol.data_received(data)
            for _ in range(turns):
                await asyncio.sleep(0)
            if found.protocol.transport.is_closing():
                assert found.state is ConnectionState.CLOSING
            elif found.state is ConnectionState.IDLE:
                assert found.protocol.timeout_keep_alive_task is not None
            else:
                # One timer runs at any moment: ours, or uvicorn's in the state IDLE.
                assert found.protocol._timer is not None
        found.protocol.connection_lost(None)
        assert found.state is ConnectionState.CLOSED
        assert found.protocol._timer is None
        assert not found.protocol._wire.is_lingering
        await asyncio.sleep(0)
        assert found.faults == []

    asyncio.run(talk())
