"""Connected peers among datagrams of strangers, and of somebody at the peer's own address."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import resource
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from aioice import stun

from app.errors import NoCandidate
from app.rtc import ice
from app.rtc.gate import MAX_ADDRESSES, Refusals
from app.rtc.guarded import GuardedConnection, GuardedDtls
from app.rtc.offer import check_play_offer, check_publish_offer
from app.rtc.payloads import packetize
from app.rtc.peer import Peer
from app.rtc.publisher import PublisherEvents, PublisherPeer
from app.rtc.send_queue import Outgoing
from app.rtc.viewer import ViewerEvents, ViewerPeer
from tests.app import coding
from tests.app.peers import Publisher, Viewer, connected, until
from tests.app.rtc.junk import datagrams
from wire.batch import AccessUnit, Kind

UNITS = coding.h264(160, 90, 20)
MANY = 100_000
BATCH = 20
"""Pairs of datagrams sent before the loop reads them: the socket's buffer must hold them."""


@pytest.fixture(autouse=True, scope="module")
def loopback() -> None:
    ice.install(ice.IceAddresses(("127.0.0.1",), ()))


class Relay:
    """A publisher's peer whose units go to a viewer's, as the app does it but without Redis."""

    def __init__(self) -> None:
        self.refusals = Refusals()
        self.ends: list[str] = []
        self.units = 0
        self.ingest = PublisherPeer(
            PublisherEvents(on_unit=self._relay, on_end=self.ends.append),
            timeout_s=30.0, refusals=self.refusals,
        )  # fmt: skip
        self.watch = ViewerPeer(
            ViewerEvents(
                on_connected=lambda: None,
                on_key_frame_needed=self.ingest.request_key_frame,
                on_end=self.ends.append,
            ),
            rtp_offset=0, refusals=self.refusals,
        )  # fmt: skip
        self.publisher, self.viewer = Publisher(), Viewer()

    async def publish(self, sdp: str) -> str:
        return await self.ingest.answer(check_publish_offer(sdp), start_kbps=1500)

    async def play(self, sdp: str) -> str:
        return await self.watch.answer(check_play_offer(sdp))

    def _relay(self, unit: AccessUnit) -> None:
        self.units += 1
        payloads = packetize(unit.codec, unit.payload, picture_id=self.units)
        is_video = unit.kind is Kind.VIDEO
        self.watch.push(
            Outgoing(
                tuple(payloads),
                unit.codec,
                unit.pts,
                unit.clock_rate,
                unit.capture_us,
                is_video,
                unit.is_key or not is_video,
            )  # fmt: skip
        )

    @property
    def got(self) -> int:
        """Video packets at the viewer."""
        return len(self.viewer.received["video"].packets)

    async def close(self) -> None:
        await asyncio.gather(
            self.publisher.close(), self.viewer.close(), self.ingest.close(), self.watch.close()
        )


@pytest.fixture
async def relay() -> AsyncIterator[Relay]:
    made = Relay()
    await made.viewer.start(made.play)
    await made.publisher.start(made.publish)
    task = asyncio.get_running_loop().create_task(made.publisher.run(UNITS), name="publish")
    await until(lambda: made.got > 10)
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await made.close()


def transport(peer: Any) -> Any:
    """The DTLS transport of a peer of ours or of aiortc's connection."""
    if hasattr(peer, "peer"):
        peer = peer.peer
    elif hasattr(peer, "_peer"):
        peer = peer._peer
    connection = peer._connection if isinstance(peer, Peer) else peer.connection
    return connection.getTransceivers()[0].receiver.transport


def guarded(peer: Any) -> GuardedConnection:
    found = transport(peer).transport._connection
    assert isinstance(found, GuardedConnection)
    return found


def udp(connection: Any) -> asyncio.DatagramTransport:
    """The socket of an ICE connection's pair."""
    return connection._nominated[1].protocol.transport  # type: ignore[no-any-return]


def ssrcs(peer: Any) -> list[int]:
    """Those whose packets authenticated."""
    return list(transport(peer)._rx_srtp._seen)


def check(connection: GuardedConnection) -> bytes:
    """A request that knows our password."""
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    message.attributes["USERNAME"] = f"{connection.local_username}:{connection.remote_username}"
    message.attributes["ICE-CONTROLLING"] = 1
    message.add_message_integrity(connection.local_password.encode())
    return bytes(message)


def resident_mb() -> float:
    """Memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


class Attacker:
    """Sends junk to one guarded peer from a socket of its own and through the peer's client."""

    def __init__(self, target: Any, client: Any) -> None:
        self.connection = guarded(target)
        self.target = target
        self.client = transport(client).transport._connection
        self.place = udp(self.connection).get_extra_info("sockname")
        self.real = [check(self.connection)]
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
        name, known = self.connection.local_username, ssrcs(self.target)
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
    relay: Relay, caplog: pytest.LogCaptureFixture
) -> None:
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
    assert during > 10 * took_s, f"{during} video packets in {took_s:.1f} s"
    after = relay.got
    await until(lambda: relay.got > after + 20)
    assert sum(relay.refusals.values()) > 0.6 * MANY, relay.refusals
    for reason in ("empty", "oversize", "stranger", "unknown", "stun_stranger", "srtp"):
        assert relay.refusals[reason], reason
    assert relay.refusals["rtp_unwanted"], "the viewer sent media"
    for attacker in attackers:
        assert attacker.connection._queue.qsize() < 100
        assert len(attacker.connection._remote_candidates) <= MAX_ADDRESSES
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
        place = udp(guarded(target)).get_extra_info("sockname")
        ice_connection = transport(client).transport._connection
        udp(ice_connection).get_extra_info("socket")._sock.sendto(data, place)
    got = relay.got
    await until(lambda: relay.got > got + 10)
    assert relay.ends == []


async def test_a_parser_that_fails_costs_its_packet_and_one_line(
    relay: Relay, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    dtls = transport(relay.ingest)
    assert isinstance(dtls, GuardedDtls)
    read, failures = dtls._handle_rtp_data, 0

    async def fail_sometimes(data: bytes, arrival_time_ms: int) -> None:
        nonlocal failures
        failures += 1
        if failures % 2:
            raise IndexError("of whatever it did not expect")
        await read(data, arrival_time_ms=arrival_time_ms)

    monkeypatch.setattr(dtls, "_handle_rtp_data", fail_sometimes)
    await until(lambda: failures > 20)
    units = relay.units
    await until(lambda: relay.units > units)
    assert relay.ends == []
    assert relay.ingest.packets["unreadable"] >= 10
    assert len([r for r in caplog.records if r.name.startswith("app.rtc")]) == 1


async def test_addresses_that_a_peer_checks_from_are_bounded_and_the_used_one_stays(
    relay: Relay,
) -> None:
    connection = guarded(relay.watch)
    used = connection._nominated[1].remote_candidate
    with contextlib.ExitStack() as held:
        for _ in range(3 * MAX_ADDRESSES):
            moving = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            moving.sendto(check(connection), udp(connection).get_extra_info("sockname"))
        await until(lambda: relay.refusals["addresses"] >= MAX_ADDRESSES)
    assert len(connection._remote_candidates) <= MAX_ADDRESSES
    assert any(candidate is used for candidate in connection._remote_candidates)
    assert len(connection.gate._admitted) <= MAX_ADDRESSES
    got = relay.got
    await until(lambda: relay.got > got + 10)


async def test_a_check_without_priority_is_answered_and_admits_its_sender(relay: Relay) -> None:
    # Older ffmpeg builds leave PRIORITY out, which RFC 8445 section 7.1.1 asks for.
    connection = guarded(relay.ingest)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as moving:
        moving.bind(("127.0.0.1", 0))
        moving.sendto(check(connection), udp(connection).get_extra_info("sockname"))
        await until(lambda: connection.gate.is_admitted(moving.getsockname()))
    assert relay.refusals["stun_malformed"] == 0


async def test_strangers_get_no_answer(relay: Relay) -> None:
    connection = guarded(relay.ingest)
    place = udp(connection).get_extra_info("sockname")
    wrong = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    wrong.attributes["USERNAME"] = f"{connection.local_username}:x"
    wrong.add_message_integrity(b"not the password")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.setblocking(False)
        for data in (bytes(wrong), b"\x00\x01\x00\x00" + bytes(16), b"hello"):
            stranger.sendto(data, place)
        stranger.sendto(check(connection), place)
        await until(lambda: relay.refusals["stranger"] + relay.refusals["unknown"] >= 1)
        await asyncio.sleep(0.1)
        answer = stun.parse_message(stranger.recv(2000))
        assert answer.message_class is stun.Class.RESPONSE, "the right password's"


class _Offers:
    """A peer of ours that answers whatever it is offered."""

    def __init__(self) -> None:
        self.peer = Peer(lambda state: None)

    async def signal(self, sdp: str) -> str:
        self.peer.add_track("video", "sendonly")
        return await self.peer.answer(check_play_offer(sdp), start_kbps=None)


@pytest.mark.parametrize("ending", ["", "a=end-of-candidates\r\n"])
async def test_a_peer_that_names_no_usable_candidate_connects(ending: str) -> None:
    """Firefox by default names mDNS candidates only, and says that these are all."""
    viewer, offers = Viewer("video"), _Offers()

    async def hide(sdp: str) -> str:
        lines = [line for line in sdp.split("\r\n") if "candidate" not in line]
        named = "a=candidate:1 1 UDP 2122252543 0f3c4a2e-1c5b-4f8a-9d11-5a6b.local 50000 typ host"
        return await offers.signal("\r\n".join([*lines[:-1], named, ending]))

    try:
        await viewer.start(hide)
        await connected(viewer.connection)
    finally:
        await asyncio.gather(viewer.close(), offers.peer.close())


def addresses_of(sdp: str) -> list[tuple[str, int]]:
    """Those of an answer's first section, by priority and as they stand, which must be alike."""
    lines = sdp.split("m=")[1].split("\r\n")
    found = [line.split(" ") for line in lines if line.startswith("a=candidate:")]
    assert [int(f[3]) for f in found] == sorted((int(f[3]) for f in found), reverse=True)
    return [(f[4], int(f[5])) for f in found]


@pytest.fixture
def restore() -> Iterator[None]:
    yield
    ice.install(ice.IceAddresses(("127.0.0.1",), ()))


async def answer_of(offers: _Offers, route: ice.Route) -> str:
    viewer = Viewer("video")
    await viewer.connection.setLocalDescription(await viewer.connection.createOffer())
    try:
        checked = check_play_offer(str(viewer.connection.localDescription.sdp))
        offers.peer.add_track("video", "sendonly")
        return await offers.peer.answer(checked, start_kbps=None, route=route)
    finally:
        await viewer.close()


async def test_local_and_mapped_addresses_are_both_offered_the_best_first(restore: None) -> None:
    both = ice.IceAddresses(("127.0.0.1", "127.0.0.2"), ("203.0.113.5", "8.8.8.8", "2600::1"))
    for route, first in (
        (ice.Route("127.0.0.2", "127.0.0.9"), "127.0.0.2"),
        (ice.Route("127.0.0.2", "1.1.1.1"), "8.8.8.8"),
    ):
        ice.install(both)
        offers = _Offers()
        found = addresses_of(await answer_of(offers, route))
        await offers.peer.close()
        assert found[0][0] == first
        assert {a for a, _ in found} == {"127.0.0.1", "127.0.0.2", "203.0.113.5", "8.8.8.8"}


async def test_where_only_mapped_addresses_were_wanted_no_other_is_told(restore: None) -> None:
    ice.install(ice.IceAddresses(("127.0.0.1",), ("203.0.113.5",), hides_local=True))
    offers = _Offers()
    found = addresses_of(await answer_of(offers, ice.Route()))
    assert [a for a, _ in found] == ["203.0.113.5"]
    assert found[0][1] == guarded(offers)._protocols[0].local_candidate.port
    await offers.peer.close()


async def test_where_no_port_is_left_the_offer_is_refused_for_now(restore: None) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        ice.install(ice.IceAddresses(("127.0.0.1",), ()), (port, port))
        offers = _Offers()
        with pytest.raises(NoCandidate) as refused:
            await answer_of(offers, ice.Route())
        assert (refused.value.status, refused.value.retry_after_s) == (503, 5)
    offers = _Offers()
    assert addresses_of(await answer_of(offers, ice.Route())) == [("127.0.0.1", port)]
    await offers.peer.close()


async def test_where_files_run_out_the_offer_is_refused_for_now(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(address: str, port: int) -> socket.socket:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(ice, "bind_udp", full)
    with pytest.raises(NoCandidate):
        await answer_of(_Offers(), ice.Route())
