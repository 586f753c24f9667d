"""The listening socket, and what it counts."""

from __future__ import annotations

import asyncio
import socket

import pytest

from app.http.edge.connections import ConnectionCounts
from app.http.edge.listener import Listener
from tests.app.http.edge.conftest import Serve
from tests.app.peers import until


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


def listening(counts: ConnectionCounts, host: str = "127.0.0.1") -> Listener:
    """A socket that listens on a free port of loopback, and does not wait."""
    listener = Listener.make(host, counts)
    listener.bind((host, 0))
    listener.listen(64)
    listener.setblocking(False)
    return listener


def joined(listener: Listener, count: int) -> list[socket.socket]:
    """Connections that the kernel has taken for the listener."""
    return [socket.create_connection(listener.getsockname()[:2]) for _ in range(count)]


def test_what_is_accepted_counts_until_it_is_closed() -> None:
    counts = ConnectionCounts()
    with listening(counts) as listener:
        clients = joined(listener, 3)
        held = [listener.accept()[0] for _ in clients]
        assert counts.open == 3
        held[0].close()
        held[0].close()  # once more does not count
        assert counts.open == 2
        for each in (*held, *clients):
            each.close()
    assert (counts.open, counts.refused) == (0, 0)


async def test_small_answers_leave_at_once() -> None:
    delays: list[int] = []

    class Accepted(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            taken = transport.get_extra_info("socket")
            delays.append(taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            transport.close()

    listener = listening(ConnectionCounts())
    server = await asyncio.get_running_loop().create_server(Accepted, sock=listener)
    _, writer = await asyncio.open_connection(*listener.getsockname()[:2])
    await until(lambda: bool(delays))
    writer.close()
    server.close()
    assert delays == [1]


def test_nobody_waiting_is_said_as_asyncio_expects_it() -> None:
    with listening(ConnectionCounts()) as listener, pytest.raises(BlockingIOError):
        listener.accept()


def test_who_is_beyond_the_limit_is_closed_without_a_word() -> None:
    counts = ConnectionCounts(most=10, most_per_key=1)
    with listening(counts) as listener:
        clients = joined(listener, 3)
        held, _ = listener.accept()
        with pytest.raises(BlockingIOError):
            listener.accept()
        assert (counts.open, counts.refused) == (1, 2)
        for refused in clients[1:]:
            refused.settimeout(5.0)
            assert refused.recv(10) == b""
        held.close()
        clients += joined(listener, 1)
        listener.accept()[0].close()
        for client in clients:
            client.close()
    assert counts.open == 0


def test_a_flood_of_refused_connections_does_not_hold_the_loop() -> None:
    counts = ConnectionCounts(most=0)
    with listening(counts) as listener:
        clients = joined(listener, 20)
        for done in (8, 16, 20):
            with pytest.raises(BlockingIOError):
                listener.accept()
            assert counts.refused == done
        for client in clients:
            client.close()


def test_the_host_gives_the_family() -> None:
    with Listener.make("::1", ConnectionCounts()) as six:
        assert six.family is socket.AF_INET6
    with Listener.make("0.0.0.0", ConnectionCounts()) as four:
        assert four.family is socket.AF_INET
        assert four.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)


def test_a_socket_that_another_program_opened_is_taken_over() -> None:
    counts = ConnectionCounts()
    with socket.create_server(("127.0.0.1", 0)) as opened:
        listener = Listener.adopt(opened.detach(), counts)
    with listener, socket.create_connection(listener.getsockname()):
        listener.setblocking(True)
        connection, _ = listener.accept()
        assert counts.open == 1
        connection.close()
        assert counts.open == 0
