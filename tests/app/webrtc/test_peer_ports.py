"""The sockets of all peers and the candidates that they make: ``peer_ports.py``."""

from __future__ import annotations

import asyncio
import logging
import socket
import time

import pytest

from app.ice.stun import Attribute, StunKind, encode_address, encode_message, parse_message
from app.webrtc import peer_ports
from app.webrtc.ice import UNKNOWN_ROUTE, IceAddresses, PeerRoute
from app.webrtc.peer_ports import OwnCandidate, PeerPorts, opened_ports
from app.webrtc.udp_port import bind_udp
from tests.app.ice.full_agent import Session
from tests.app.peers import until
from wire.errors import BadSettings
from wire.settings import PREFIX, Settings, load_settings

LOOPBACK = IceAddresses(("127.0.0.1",), ())


def places(lines: list[str]) -> list[tuple[str, str]]:
    """(protocol, host) of candidates, whose priorities must fall."""
    found = [line.split(" ") for line in lines]
    priorities = [int(words[3]) for words in found]
    assert priorities == sorted(set(priorities), reverse=True)
    assert len({words[0] for words in found}) == len(found)
    return [(words[2], words[4]) for words in found]


async def test_the_ports_are_open_while_somebody_holds_them() -> None:
    ports = PeerPorts(LOOPBACK)
    assert ports.candidates(UNKNOWN_ROUTE) == []
    ports.acquire()
    ports.acquire()
    line = ports.candidates(UNKNOWN_ROUTE)
    ports.release()
    assert ports.candidates(UNKNOWN_ROUTE) == line
    number = int(line[0].split(" ")[5])
    with pytest.raises(OSError, match="in use"):
        bind_udp("127.0.0.1", number)
    ports.release()
    assert ports.candidates(UNKNOWN_ROUTE) == []
    bind_udp("127.0.0.1", number).close()


async def test_a_port_that_is_taken_is_said(caplog: pytest.LogCaptureFixture) -> None:
    with bind_udp("127.0.0.1", 0) as taken:
        ports = PeerPorts(LOOPBACK, udp_port=taken.getsockname()[1])
        with caplog.at_level(logging.WARNING), pytest.raises(OSError, match="in use"):
            ports.open()
        assert "no UDP port at 127.0.0.1" in caplog.text
        ports.close()


async def test_an_address_that_is_gone_is_left_out() -> None:
    ports = PeerPorts(IceAddresses(("192.0.2.77", "127.0.0.1"), ()))
    ports.open()
    assert places(ports.candidates(UNKNOWN_ROUTE)) == [("udp", "127.0.0.1")]
    ports.close()


async def test_mapped_addresses_have_the_port_of_a_local_one() -> None:
    ports = PeerPorts(IceAddresses(("127.0.0.1",), ("203.0.113.5", "2001:db8::5")))
    ports.open()
    found = ports.candidates(PeerRoute("", "1.1.1.1"))
    assert places(found) == [("udp", "127.0.0.1"), ("udp", "203.0.113.5")]
    assert len({line.split(" ")[5] for line in found}) == 1
    ports.close()


async def test_tcp_comes_behind_udp_and_waits_for_the_peer() -> None:
    ports = PeerPorts(LOOPBACK)
    ports.open()
    await ports.listen_tcp(0)
    found = ports.candidates(UNKNOWN_ROUTE)
    assert places(found) == [("udp", "127.0.0.1"), ("tcp", "127.0.0.1")]
    assert found[1].endswith(" typ host tcptype passive")
    ports.close()


def test_a_candidate_is_written_as_the_rfc_has_it() -> None:
    assert OwnCandidate("192.0.2.1", 8189).line(foundation=1, rank=0) == (
        "1 1 udp 2130706431 192.0.2.1 8189 typ host"
    )


async def test_checks_are_answered_and_the_round_trip_is_asked_for_at_once() -> None:
    ports = PeerPorts(LOOPBACK)
    ports.open()
    session = Session(ports.table, now=time.monotonic())
    place = ("127.0.0.1", int(ports.candidates(UNKNOWN_ROUTE)[0].split(" ")[5]))
    with bind_udp("127.0.0.1", 0) as client:
        loop = asyncio.get_running_loop()
        await loop.sock_sendto(client, session.request(nominates=True), place)
        answer, request = [await loop.sock_recv(client, 2000) for _ in range(2)]
        assert (answer[:2], request[:2]) == (b"\x01\x01", b"\x00\x01")
        await loop.sock_sendto(client, session.answer(request), place)
        await until(lambda: session.agent.round_trip_s is not None)
    session.agent.close()
    ports.close()


async def test_the_ticks_let_consent_expire(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer_ports, "TICK_S", 0.01)
    ports = PeerPorts(LOOPBACK)
    ports.open()
    session = Session(ports.table)
    session.check(nominates=True, now=0.0)  # the machine has run for longer than half a minute
    await until(lambda: session.agent.path is None)
    ports.close()


async def test_a_peer_is_reached_over_tcp_until_the_connection_ends() -> None:
    ports = PeerPorts(LOOPBACK)
    ports.open()
    await ports.listen_tcp(0)
    session = Session(ports.table, now=time.monotonic())
    number = int(ports.candidates(UNKNOWN_ROUTE)[1].split(" ")[5])
    reader, writer = await asyncio.open_connection("127.0.0.1", number)
    request = session.request(nominates=True)
    writer.write(len(request).to_bytes(2, "big") + request)
    answer = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
    assert answer[:2] == b"\x01\x01"
    path = session.agent.path
    assert path is not None and path[1] == writer.get_extra_info("sockname")
    assert ports._is_known(path)
    writer.close()
    await until(lambda: session.agent.path is None)
    ports.close()


class StunServer(asyncio.DatagramProtocol):
    """Answers as if the questions came from elsewhere."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        transaction = parse_message(data).transaction
        value = encode_address("203.0.113.9", 4567, transaction)
        answer = encode_message(
            StunKind.RESPONSE, transaction, [(Attribute.XOR_MAPPED_ADDRESS, value)]
        )
        self.transport.sendto(answer, address)  # type: ignore[attr-defined]


async def test_the_address_that_a_stun_server_tells_is_offered() -> None:
    loop = asyncio.get_running_loop()
    server, _ = await loop.create_datagram_endpoint(StunServer, local_addr=("127.0.0.1", 0))
    ports = PeerPorts(LOOPBACK)
    ports.open()
    await ports.ask_public("127.0.0.1", server.get_extra_info("sockname")[1])
    await until(lambda: len(ports.candidates(UNKNOWN_ROUTE)) == 2)
    found = ports.candidates(PeerRoute("", "1.1.1.1"))
    assert places(found)[1] == ("udp", "203.0.113.9")
    assert found[1].split(" ")[5] == "4567"
    assert ports.refused == {}
    server.close()
    ports.close()


async def test_no_stun_server_elsewhere_is_asked_from_loopback() -> None:
    ports = PeerPorts(LOOPBACK)
    ports.open()
    await ports.ask_public("192.0.2.1", 3478)
    assert (ports.unsent, ports._public) == (0, {})
    with pytest.raises(OSError, match="."):
        await ports.ask_public("nobody.invalid", 3478)
    ports.close()


async def test_other_ports_take_the_place_of_those_before() -> None:
    first = peer_ports.install(LOOPBACK)
    first.acquire()
    assert peer_ports.installed() is first
    second = peer_ports.install(LOOPBACK)
    assert peer_ports.installed() is second
    assert first.candidates(UNKNOWN_ROUTE) == []
    first.release()


def settings(**values: object) -> Settings:
    return load_settings({f"{PREFIX}{name}": str(value) for name, value in values.items()})


async def test_each_process_has_ports_of_its_own_behind_those_of_the_settings() -> None:
    first = free_range(2)
    for number in range(2):
        given = settings(UDP_PORT=first, ICE_TCP_PORT=first)
        async with opened_ports(given, number=number) as ports:
            assert peer_ports.installed() is ports
            found = [line.split(" ") for line in ports.candidates(UNKNOWN_ROUTE)]
            assert [(words[2], int(words[5])) for words in found] == [
                ("udp", first + number),
                ("tcp", first + number),
            ]
        assert ports.candidates(UNKNOWN_ROUTE) == []


async def test_of_free_ports_every_process_takes_any() -> None:
    async with opened_ports(settings(UDP_PORT=0), number=3) as ports:
        assert places(ports.candidates(UNKNOWN_ROUTE)) == [("udp", "127.0.0.1")]


@pytest.mark.parametrize(
    ("kind", "name"), [(socket.SOCK_DGRAM, "UDP_PORT"), (socket.SOCK_STREAM, "ICE_TCP_PORT")]
)
async def test_a_port_that_is_taken_stops_the_start_with_one_sentence(
    kind: socket.SocketKind, name: str
) -> None:
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        if kind is socket.SOCK_STREAM:
            taken.listen()
        port = taken.getsockname()[1]
        words = rf"^SHARPCAST_{name}: {port} cannot be had: .+\.$"
        with pytest.raises(BadSettings, match=words):
            async with opened_ports(settings(**{"UDP_PORT": 0, name: port})):
                pass
    assert peer_ports.installed().candidates(UNKNOWN_ROUTE) == []


async def test_a_stun_server_whose_name_is_unknown_is_said_and_no_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    given = settings(UDP_PORT=0, ICE_STUN="stun:nobody.invalid:3478")
    with caplog.at_level(logging.WARNING):
        async with opened_ports(given) as ports:
            assert len(ports.candidates(UNKNOWN_ROUTE)) == 1
    assert "SHARPCAST_ICE_STUN: nobody.invalid is not known" in caplog.text


def free_range(count: int) -> int:
    """The first of so many ports that are free for UDP and TCP."""
    while True:
        with bind_udp("127.0.0.1", 0) as probe:
            first = int(probe.getsockname()[1])
        try:
            for port in range(first, first + count):
                bind_udp("127.0.0.1", port).close()
                with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp:
                    tcp.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            continue
        return first
