"""ICE over TCP: connections of peers, framed packets, bounds: ``tcp_port.py``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.ice.lite_agent import Path
from app.ice.stun import MAX_MESSAGE_BYTES
from app.webrtc import tcp_port
from app.webrtc.tcp_port import MAX_UNSENT_BYTES, TcpConnection, TcpPort
from tests.app.peers import until


def framed(*packets: bytes) -> bytes:
    """Packets as RFC 4571 section 2 has them."""
    return b"".join(len(packet).to_bytes(2, "big") + packet for packet in packets)


class Ends:
    """A port and what it told."""

    def __init__(self) -> None:
        self.taken: list[tuple[bytes, Path]] = []
        self.lost: list[Path] = []
        self.known: set[Path] = set()
        self.port = TcpPort(
            take=lambda data, path, now: self.taken.append((data, path)),
            is_known=lambda path: path in self.known,
            on_lost=self.lost.append,
        )

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A client."""
        return await asyncio.open_connection(self.port.host, self.port.port)

    async def connection(self) -> TcpConnection:
        """The port's end of the one client."""
        await until(lambda: self.port.connections)
        (found,) = self.port.connections
        return found


@pytest.fixture
async def ends() -> AsyncIterator[Ends]:
    made = Ends()
    await made.port.listen("127.0.0.1", 0)
    yield made
    made.port.close()
    made.port.close()
    await until(lambda: not made.port.connections)


async def test_packets_are_cut_out_of_the_stream_however_it_arrives(ends: Ends) -> None:
    _, writer = await ends.connect()
    stream = framed(b"one", b"", bytes(MAX_MESSAGE_BYTES), b"four")
    for at in range(0, len(stream), 7):
        writer.write(stream[at : at + 7])
        await asyncio.sleep(0)
    await until(lambda: len(ends.taken) == 4)
    assert [data for data, _ in ends.taken] == [b"one", b"", bytes(MAX_MESSAGE_BYTES), b"four"]
    connection = await ends.connection()
    assert {path for _, path in ends.taken} == {(connection, writer.get_extra_info("sockname"))}
    writer.close()


async def test_packets_are_framed_for_the_peer(ends: Ends) -> None:
    reader, writer = await ends.connect()
    connection = await ends.connection()
    connection.send([b"one", b"twotwo"], connection.address)
    assert await reader.readexactly(13) == framed(b"one", b"twotwo")
    writer.close()


async def test_who_does_not_speak_of_packets_is_cut_off(ends: Ends) -> None:
    _, writer = await ends.connect()
    writer.write(b"GET / HTTP/1.1\r\n")
    await until(lambda: ends.lost)
    assert ends.taken == []
    assert len(ends.lost) == 1
    writer.close()


async def test_who_shows_no_check_in_time_is_cut_off_and_a_peer_is_not(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcp_port, "FIRST_CHECK_S", 0.1)
    reader, writer = await ends.connect()
    connection = await ends.connection()
    path = (connection, connection.address)
    ends.known.add(path)
    await asyncio.sleep(0.35)
    assert ends.port.connections == {connection}
    ends.known.clear()
    assert await reader.read() == b""
    assert ends.lost == [path]
    writer.close()


async def test_a_client_that_leaves_is_forgotten(ends: Ends) -> None:
    _, writer = await ends.connect()
    connection = await ends.connection()
    writer.close()
    await until(lambda: not ends.port.connections)
    assert ends.lost == [(connection, connection.address)]
    connection.send([b"late"], connection.address)


async def test_connections_are_bounded_in_all_and_for_an_address(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("MAX_PER_HOST", "MAX_CONNECTIONS"):
        with monkeypatch.context() as changed:
            changed.setattr(tcp_port, limit, 2)
            clients = [await ends.connect() for _ in range(3)]
            await until(lambda: ends.port.cut_off)
            assert len(ends.port.connections) == 2
            for _, writer in clients:
                writer.close()
            await until(lambda: not ends.port.connections)
            ends.port.cut_off = 0
    assert len(ends.lost) == 4


async def test_for_a_peer_that_does_not_read_packets_are_dropped_and_counted(ends: Ends) -> None:
    _, writer = await ends.connect()
    connection = await ends.connection()
    batch = [bytes(1200)] * 50
    sent = 0
    while not ends.port.unsent:
        connection.send(batch, connection.address)
        sent += 50
        assert sent < 1_000_000
    assert ends.port.unsent == 50
    assert connection._transport is not None
    assert connection._transport.get_write_buffer_size() < MAX_UNSENT_BYTES + 61_000
    writer.close()


async def test_a_port_that_is_taken_cannot_be_listened_on(ends: Ends) -> None:
    other = Ends()
    with pytest.raises(OSError, match="in use"):
        await other.port.listen("127.0.0.1", ends.port.port)
    other.port.close()
