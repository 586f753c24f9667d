"""Connected peers among datagrams of strangers, and of somebody at the peer's own address."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aioice.ice
import pytest
from aiortc.rtp import AnyRtcpPacket, HeaderExtensionsMap, RtcpRrPacket, RtpPacket

from app.ice.lite_agent import MAX_PATHS, LiteAgent
from app.ice.refusals import PacketRefusals, Refusals
from app.ice.stun import StunKind, parse_message
from app.rtp.transport_feedback import TransportFeedback
from app.webrtc import peer_ports
from app.webrtc.peer_state import PeerState
from app.webrtc.peer_transport import log_unreadable
from tests.app.peers import until
from tests.app.webrtc.junk import datagrams
from tests.app.webrtc.relay import (
    Relay,
    agent,
    check,
    inner,
    place,
    ssrcs,
    transport,
    udp,
)
from wire.log_limit import LogLimit

MANY = 100_000
BATCH = 20
"""Pairs of datagrams sent before the loop reads them: the socket's buffer must hold them."""


def resident_mb() -> float:
    """Memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


class Parser:
    """Stands in for a class whose ``parse`` is another one."""

    def __init__(self, parse: Callable[[bytes, HeaderExtensionsMap], RtpPacket]) -> None:
        self.parse = parse


class Attacker:
    """Sends junk to one guarded peer from a socket of its own and through the peer's client."""

    def __init__(self, target: Any, client: Any) -> None:
        self.target = target
        self.client = transport(client).transport._connection
        self.place = place(target)
        self.real = [check(target)]
        protocol = self.client._nominated[1].protocol
        send = protocol.send_data

        async def note(data: bytes, addr: tuple[str, int]) -> None:
            if len(self.real) < 200:
                self.real.append(data)
            await send(data, addr)

        protocol.send_data = note

    async def flood(self, count: int) -> None:
        """Half of the datagrams from each place."""
        await until(lambda: len(self.real) > 2)
        name, known = agent(self.target).credentials.local.ufrag, ssrcs(self.target)
        # The own address also repeats and damages a check that knows the password.
        ours = datagrams(1, count // 2, real=self.real, username=name, ssrcs=known)
        theirs = datagrams(2, count // 2, real=self.real[1:], username=name, ssrcs=known)
        own = udp(self.client).get_extra_info("socket")._sock
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.setblocking(False)
            for number, pair in enumerate(zip(ours, theirs, strict=True)):
                for sender, data in zip((own, stranger), pair, strict=True):
                    # asyncio's own sendto sends nothing where there is nothing to send.
                    sender.sendto(data, self.place)
                if number % BATCH == 0:
                    for _ in range(2 * BATCH):
                        await asyncio.sleep(0)


async def test_a_hundred_thousand_datagrams_end_nothing(
    relay: Relay, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a busy machine a socket's buffer overflows, and the clients' consent checks (RFC 7675) are
    # lost with the rest; what a line carries is not what is tried here.
    monkeypatch.setattr(aioice.ice, "CONSENT_FAILURES", 1000)
    caplog.set_level(logging.INFO)
    asyncio.get_running_loop().set_debug(False)  # it takes half of the time of a datagram
    attackers = [
        Attacker(relay.ingest, relay.publisher),
        Attacker(relay.watch, relay.viewer),
    ]
    memory = resident_mb()
    before, started = relay.got, asyncio.get_running_loop().time()
    for ssrc in range(3):  # what a viewer sends: wishes for key frames
        await relay.viewer.receiver("video")._send_rtcp_pli(ssrc)
    async with asyncio.TaskGroup() as group:
        for attacker in attackers:
            group.create_task(attacker.flood(MANY // 2))
    took_s = asyncio.get_running_loop().time() - started
    during = relay.got - before
    assert relay.ends == []
    assert during > 5 * took_s, f"{during} video packets in {took_s:.1f} s"
    after = relay.got
    await until(lambda: relay.got > after + 20)
    refused = relay.refusals + peer_ports.installed().refused
    assert refused.total() > 0.6 * MANY, refused
    for reason in ("empty", "oversize", "stranger", "unknown", "stun_stranger", "srtp"):
        assert refused[reason], reason
    assert relay.refusals["rtp_unwanted"], "the viewer sent media"
    for attacker in attackers:
        assert inner(attacker.target).transport._channel.waiting.qsize() < 100
        assert len(agent(attacker.target).paths) <= MAX_PATHS
        assert len(ssrcs(attacker.target)) <= 8
    assert len(caplog.records) <= took_s + 2, caplog.records[:5]
    assert resident_mb() - memory < 32, "what the viewer notes of the stream is a part of it"


@pytest.mark.parametrize(
    "data", [b"", b"\x80" * 1501, b"\xbf" * 9000, b"\x16", b"\x80", b"\x80\xc8"]
)
async def test_one_datagram_of_the_peers_own_address_ends_nothing(
    relay: Relay, data: bytes
) -> None:
    for target, client in ((relay.ingest, relay.publisher), (relay.watch, relay.viewer)):
        own = udp(transport(client).transport._connection)
        own.get_extra_info("socket")._sock.sendto(data, place(target))
    got = relay.got
    await until(lambda: relay.got > got + 10)
    assert relay.ends == []


async def test_a_parser_that_fails_costs_its_packet_and_one_line(
    relay: Relay, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, failures = RtpPacket.parse, 0

    def fail_sometimes(data: bytes, extensions: HeaderExtensionsMap) -> RtpPacket:
        nonlocal failures
        failures += 1
        if failures % 2:
            raise IndexError("of whatever it did not expect")
        return read(data, extensions)

    monkeypatch.setattr("app.webrtc.peer_transport.RtpPacket", Parser(fail_sometimes))
    await until(lambda: failures > 20)
    units = relay.units
    await until(lambda: relay.units > units)
    assert relay.ends == []
    assert relay.ingest.packets["unreadable"] >= 10
    assert len([r for r in caplog.records if r.name.startswith("app.webrtc")]) == 1


async def test_a_bug_is_not_taken_for_a_bad_packet_and_ends_its_own_session_only(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(packet: RtpPacket, arrival_ms: int) -> None:
        raise AttributeError("of our own")

    monkeypatch.setattr(relay.ingest._receivers["video"], "on_packet", fail)
    await until(lambda: relay.ends != [])
    assert len(relay.ends) == 1
    assert "unreadable" not in relay.ingest.packets


async def test_addresses_that_a_peer_checks_from_are_bounded_and_the_used_one_stays(
    relay: Relay,
) -> None:
    used = agent(relay.watch).path
    with contextlib.ExitStack() as held:
        for _ in range(3 * MAX_PATHS):
            moving = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            moving.sendto(check(relay.watch), place(relay.watch))
        await until(lambda: relay.refusals["addresses"] >= MAX_PATHS)
    assert len(agent(relay.watch).paths) <= MAX_PATHS
    assert agent(relay.watch).path == used
    assert used in agent(relay.watch).paths
    got = relay.got
    await until(lambda: relay.got > got + 10)


async def test_an_address_that_never_answers_is_sent_no_media(relay: Relay) -> None:
    """Whoever has a session may forge the source of its checks."""
    used = agent(relay.watch).path
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as victim:
        victim.setblocking(False)
        victim.bind(("127.0.0.1", 0))
        for _ in range(5):
            victim.sendto(check(relay.watch, nominates=True), place(relay.watch))
            await until(lambda got=relay.got: relay.got > got + 10)  # type: ignore[misc]
        received = []
        with contextlib.suppress(BlockingIOError):
            while True:
                received.append(victim.recv(2000))
    assert {data[0] for data in received} <= {0, 1}, "STUN alone"
    assert 6 <= len(received) <= 12, "five answers and a few requests"
    assert agent(relay.watch).path == used


async def test_a_viewer_connects_once_it_has_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Relay()
    held: list[bytes] = []
    take = LiteAgent.on_response
    monkeypatch.setattr(LiteAgent, "on_response", lambda *a, **k: held.append(a[2]))
    joining = asyncio.get_running_loop().create_task(made.viewer.start(made.play), name="join")
    await until(lambda: bool(held) and inner(made.watch).transport.is_connected)
    assert inner(made.watch).state is PeerState.CONNECTING
    monkeypatch.setattr(LiteAgent, "on_response", take)
    await until(lambda: inner(made.watch).state is PeerState.CONNECTED)
    await joining
    await made.close()


async def test_bad_packets_of_many_peers_are_a_line_a_second_without_a_stack(
    caplog: pytest.LogCaptureFixture,
) -> None:
    limit, totals = LogLimit(clock=lambda: 1.0), Refusals()
    for number in range(100):
        refusals = PacketRefusals(totals)
        for _ in range(3):
            log_unreadable(refusals, ValueError(f"{number}" + "x" * 10_000))
    assert totals == {"unreadable": 300}
    assert all(r.exc_info is None and len(r.getMessage()) < 200 for r in caplog.records)
    assert len(caplog.records) == 100
    assert sum(limit.filter(record) for record in caplog.records) == 1


async def test_a_check_without_priority_is_answered_and_admits_its_sender(relay: Relay) -> None:
    # Older ffmpeg builds leave PRIORITY out, which RFC 8445 section 7.1.1 asks for.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as moving:
        moving.bind(("127.0.0.1", 0))
        moving.sendto(check(relay.ingest), place(relay.ingest))
        own = moving.getsockname()
        await until(lambda: own in {path[1] for path in agent(relay.ingest).paths})
    assert relay.refusals["stun_malformed"] == 0


async def test_strangers_get_no_answer(relay: Relay) -> None:
    wrong = check(relay.ingest, password="not the password")
    refused = peer_ports.installed().refused
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.setblocking(False)
        for data in (wrong, b"\x00\x01\x00\x00" + bytes(16), b"hello"):
            stranger.sendto(data, place(relay.ingest))
        stranger.sendto(check(relay.ingest), place(relay.ingest))
        await until(lambda: refused["stranger"] + refused["unknown"] >= 1)
        await asyncio.sleep(0.1)
        answer = parse_message(stranger.recv(2000))
        assert answer.kind is StunKind.RESPONSE, "the right password's"


class Observer:
    """Notes the RTCP that concerns a path."""

    def __init__(self) -> None:
        self.feedback: list[bytes] = []
        self.others: list[str] = []

    def on_transport_feedback(self, data: bytes, *, now: float) -> None:
        self.feedback.append(data)

    def on_control(self, packet: AnyRtcpPacket) -> None:
        self.others.append(type(packet).__name__)


async def test_feedback_on_the_path_goes_to_its_observer_and_to_no_track(relay: Relay) -> None:
    observer = Observer()
    peer_transport = inner(relay.watch).transport
    peer_transport.observer = observer
    told = TransportFeedback(1, 2, 7, 0, 5, (0, None, 8)).encode()
    report = bytes(RtcpRrPacket(ssrc=1))
    peer_transport._take_control(told + report, 1.0)
    assert [each[: len(told)] for each in observer.feedback] == [told]
    assert "RtcpRrPacket" in observer.others
    assert "RtcpRtpfbPacket" not in observer.others
