"""Addresses that peers are offered and come from: real peers, and a NAT between them."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable

import aioice.ice
import pytest

from app.errors import NoCandidate
from app.webrtc import ice, peer_ports
from app.webrtc.peer import Peer
from app.webrtc.peer_state import PeerState
from app.webrtc.sdp_offer import check_play_offer
from app.webrtc.udp_port import bind_udp
from tests.app.peers import Signal, Viewer, connected, until
from tests.app.webrtc.conftest import add_tracks
from tests.app.webrtc.relay import UNITS, Relay, addresses_of, agent, place


class _Offers:
    """A peer of ours that answers whatever it is offered."""

    def __init__(self) -> None:
        self.peer = Peer(lambda state: None)

    async def signal(self, sdp: str) -> str:
        checked = check_play_offer(sdp)
        add_tracks(self.peer, checked)
        return await self.peer.answer(checked)


async def test_a_stranger_in_the_middle_of_the_handshake_does_not_matter() -> None:
    viewer, offers = Viewer("video"), _Offers()
    alert = b"\x15\xfe\xfd" + bytes(8) + b"\x00\x02\x02\x28"
    hello = b"\x16\xfe\xfd" + bytes(8) + b"\x00\x20\x01" + bytes(31)

    async def race(place: tuple[str, int]) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            while True:
                for data in (alert, hello, b"", b"\x14" + bytes(30), b"\x80" * 1501):
                    stranger.sendto(data, place)
                await asyncio.sleep(0.005)  # the socket's buffer must not be what it tries

    racing: list[asyncio.Task[None]] = []

    async def signal(sdp: str) -> str:
        answer = await offers.signal(sdp)
        loop = asyncio.get_running_loop()
        racing.append(loop.create_task(race(addresses_of(answer)[0]), name="race"))
        return answer

    try:
        await viewer.start(signal)
        await until(lambda: offers.peer.state is PeerState.CONNECTED)
        assert offers.peer._ports.refused["stranger"] > 10
        assert offers.peer.transport._channel.waiting.empty()
    finally:
        for task in racing:
            task.cancel()
        await asyncio.gather(*racing, return_exceptions=True)
        await asyncio.gather(viewer.close(), offers.peer.close())


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


async def answer_of(offers: _Offers, route: ice.PeerRoute) -> str:
    viewer = Viewer("video")
    await viewer.connection.setLocalDescription(await viewer.connection.createOffer())
    try:
        checked = check_play_offer(str(viewer.connection.localDescription.sdp))
        add_tracks(offers.peer, checked)
        return await offers.peer.answer(checked, route=route)
    finally:
        await viewer.close()


async def test_local_and_mapped_addresses_are_both_offered_the_best_first() -> None:
    both = ice.IceAddresses(("127.0.0.1", "127.0.0.2"), ("203.0.113.5", "8.8.8.8", "2600::1"))
    for route, first in (
        (ice.PeerRoute("127.0.0.2", "127.0.0.9"), "127.0.0.2"),
        (ice.PeerRoute("127.0.0.2", "1.1.1.1"), "8.8.8.8"),
    ):
        peer_ports.install(both)
        offers = _Offers()
        found = addresses_of(await answer_of(offers, route))
        await offers.peer.close()
        assert found[0][0] == first
        assert {a for a, _ in found} == {"127.0.0.1", "127.0.0.2", "203.0.113.5", "8.8.8.8"}


async def test_where_only_mapped_addresses_were_wanted_no_other_is_told() -> None:
    peer_ports.install(ice.IceAddresses(("127.0.0.1",), ("203.0.113.5",), hides_local=True))
    offers = _Offers()
    found = addresses_of(await answer_of(offers, ice.PeerRoute()))
    assert [a for a, _ in found] == ["203.0.113.5"]
    assert found[0][1] == place(offers)[1]
    await offers.peer.close()


async def test_where_no_port_is_left_the_offer_is_refused_for_now() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        peer_ports.install(ice.IceAddresses(("127.0.0.1",), ()), udp_port=port)
        offers = _Offers()
        with pytest.raises(NoCandidate) as refused:
            await answer_of(offers, ice.PeerRoute())
        assert (refused.value.status, refused.value.retry_after_s) == (503, 5)
    offers = _Offers()
    assert addresses_of(await answer_of(offers, ice.PeerRoute())) == [("127.0.0.1", port)]
    await offers.peer.close()


async def test_where_files_run_out_the_offer_is_refused_for_now(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(address: str, port: int) -> socket.socket:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(peer_ports, "bind_udp", full)
    with pytest.raises(NoCandidate):
        await answer_of(_Offers(), ice.PeerRoute())


class Nat:
    """A way through another port, which changes as a NAT's does after a while."""

    def __init__(self) -> None:
        self.inside = self._listen(self._from_client)
        self.outside = self._listen(self._from_server)
        self.server = self.client = ("127.0.0.1", 9)

    def _listen(self, take: Callable[[bytes, tuple[str, int]], None]) -> socket.socket:
        made = bind_udp("127.0.0.1", 0)
        asyncio.get_running_loop().add_reader(made, lambda: take(*made.recvfrom(2000)))
        return made

    def _from_client(self, data: bytes, source: tuple[str, int]) -> None:
        self.client = source
        self.outside.sendto(data, self.server)

    def _from_server(self, data: bytes, source: tuple[str, int]) -> None:
        self.inside.sendto(data, self.client)

    def rebind(self) -> None:
        """Sends the client's datagrams from another source from now on."""
        self._forget(self.outside)
        self.outside = self._listen(self._from_server)

    def behind(self, signal: Signal) -> Signal:
        """Signalling that names this port instead of the server's."""

        async def through(sdp: str) -> str:
            answer = await signal(sdp)
            self.server = addresses_of(answer)[0]
            port = self.inside.getsockname()[1]
            return answer.replace(f" {self.server[1]} ", f" {port} ")

        return through

    def _forget(self, closing: socket.socket) -> None:
        asyncio.get_running_loop().remove_reader(closing)
        closing.close()

    def close(self) -> None:
        self._forget(self.inside)
        self._forget(self.outside)


async def test_a_publisher_whose_nat_gives_it_another_port_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(aioice.ice, "CONSENT_INTERVAL", 0.1)
    made, nat = Relay(), Nat()
    task: asyncio.Task[None] | None = None
    try:
        await made.publisher.start(nat.behind(made.publish))
        task = asyncio.get_running_loop().create_task(made.publisher.run(UNITS), name="publish")
        await until(lambda: made.units > 10)
        for _ in range(3):
            nat.rebind()
            units = made.units
            await until(lambda n=units: made.units > n + 20)  # type: ignore[misc]
        assert peer_ports.installed().refused["stranger"], "until its next check"
        assert made.ends == []
    finally:
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await made.close()
        nat.close()


def has_ipv6() -> bool:
    try:
        bind_udp("::1", 0).close()
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback")
async def test_peers_connect_over_ipv6_whose_addresses_have_more_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda **_: ["::1"])
    peer_ports.install(ice.IceAddresses(("::1",), ()))
    made = Relay()
    try:
        await made.publisher.start(made.publish)
        made.publisher.video.put(UNITS[0], ticks=0)
        await until(lambda: made.units)
        assert {path[1][0] for path in agent(made.ingest).paths} == {"::1"}
    finally:
        await made.close()
