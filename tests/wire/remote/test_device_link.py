"""A device that joins a gateway over real sockets and real encryption, again and again."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import logging
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from wire.errors import ServerAway, ServerRefuses
from wire.link.endpoint import Endpoint, LinkPeer
from wire.link.link import ControlReceived
from wire.link.secure import Identity, make_identity
from wire.link.udp_socket import bound_socket
from wire.remote import calls, device_link
from wire.remote.device_identity import KnownGateways
from wire.remote.device_link import DeviceLink, JoinOptions
from wire.remote.device_link_state import DeviceLinkState
from wire.remote.join import DEVICE, GATEWAY, check_proof, make_proof, token_id
from wire.remote.link_site import LinkSite

TOKEN = "a-token-of-twenty-letters"


def identity() -> Identity:
    return make_identity(now=datetime.datetime.now(datetime.UTC))


class Gateway:
    """A gateway that lets devices join, and answers each call with its number."""

    def __init__(self, *, port: int = 0, token: str = TOKEN, key: Identity | None = None) -> None:
        self._port = port
        self._token = token
        self._key = key or identity()
        self.hellos: list[calls.Hello] = []
        self.fingerprints: list[str] = []
        self.resumed: list[list[str]] = []
        self.refusal = ""
        self.is_mute = False
        self._tasks: set[asyncio.Task[None]] = set()
        self.endpoint: Endpoint

    @property
    def port(self) -> int:
        return self.endpoint.port

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[Gateway]:
        self.endpoint = Endpoint(self._key, is_server=True, joined=self._joined)
        self.endpoint.open(bound_socket("127.0.0.1", self._port))
        try:
            yield self
        finally:
            self.endpoint.close()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _joined(self, peer: LinkPeer) -> None:
        task = asyncio.create_task(self._serve(peer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, peer: LinkPeer) -> None:
        while (event := await peer.events.get()) is not None:
            if self.is_mute or not isinstance(event, ControlReceived):
                continue
            for reply in self._replies(peer, calls.parse_from_device(event.content)):
                peer.link.send_control(calls.encode(reply))
            self.endpoint.flush(peer)

    def _replies(self, peer: LinkPeer, message: calls.FromDevice) -> list[calls.FromGateway]:
        match message:
            case calls.Hello():
                self.hellos.append(message)
                self.fingerprints.append(peer.secure.fingerprint)
                if self.refusal:
                    return [calls.Refused(reason=self.refusal)]
                proof = make_proof(self._token, peer.secure.exporter, GATEWAY)
                is_good = check_proof(message.proof, TOKEN, peer.secure.exporter, DEVICE)
                assert is_good and message.token == token_id(TOKEN)
                return [calls.Welcome(name=message.name, proof=proof)]
            case calls.Request(number=number, call=calls.Resume(entries=entries)):
                self.resumed.append(entries)
                return [calls.Reply(number=number, value=entries)]
            case calls.Request(number=number):
                return [calls.Reply(number=number, value=number)]
            case _:
                return []


class Place:
    """A device's link, running."""

    def __init__(self, port: int, folder: Path, host: str = "127.0.0.1") -> None:
        self.site = LinkSite()
        self.known = KnownGateways(folder)
        self.identity = identity()
        options = JoinOptions(host, port, TOKEN, "dev1")
        self.link = DeviceLink(self.site, options, self.identity, self.known)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Place]:
        task = asyncio.create_task(self.link.run())
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def until(self, state: DeviceLinkState) -> None:
        async with asyncio.timeout(15):
            while self.link.state is not state:  # noqa: ASYNC110 - a state, no event
                await asyncio.sleep(0.01)


async def test_a_device_joins_and_calls(tmp_path: Path) -> None:
    async with Gateway().serving() as gateway, Place(gateway.port, tmp_path).running() as place:
        assert await place.link.first_answer(10.0)
        assert place.link.state is DeviceLinkState.UP and place.site.is_attached
        (hello,) = gateway.hellos
        assert (hello.name, hello.version) == ("dev1", calls.VERSION)
        assert gateway.fingerprints == [place.identity.fingerprint]
        assert await place.site._gateway.call(calls.Leave()) is not None
        address = f"127.0.0.1:{gateway.port}"
        assert place.known.get(address) == gateway._key.fingerprint
        assert KnownGateways(tmp_path).get(address) == gateway._key.fingerprint


async def test_a_device_joins_again_whenever_the_gateway_is_back(tmp_path: Path) -> None:
    key = identity()
    first = Gateway(key=key)
    async with first.serving():
        port = first.port
        place = Place(port, tmp_path)
        async with place.running():
            await place.until(DeviceLinkState.UP)
            first.endpoint.close()
            await place.until(DeviceLinkState.AWAY)
            assert not place.site.is_attached
            with pytest.raises(ServerAway):
                await place.site.heartbeats.leave("dev1")
            async with Gateway(port=port, key=key).serving() as second:
                await place.until(DeviceLinkState.UP)
                assert len(second.hellos) == 1 and place.link.joins == 2


async def test_jobs_that_go_on_are_named_first(tmp_path: Path) -> None:
    place_jobs = ["1-0", "2-0"]
    async with Gateway().serving() as gateway:
        place = Place(gateway.port, tmp_path)
        place.site.jobs._renewed = dict.fromkeys(place_jobs, 1e12)
        async with place.running():
            await place.until(DeviceLinkState.UP)
        assert gateway.resumed == [place_jobs]


async def test_a_refusal_at_the_first_join_is_raised_in_its_words(tmp_path: Path) -> None:
    gateway = Gateway()
    gateway.refusal = "The token is not known here."
    async with gateway.serving(), Place(gateway.port, tmp_path).running() as place:
        with pytest.raises(ServerRefuses, match="The token is not known here"):
            await place.link.first_answer(10.0)
        # It goes on trying: whoever works does not end because of an operator's mistake.
        gateway.refusal = ""
        await place.until(DeviceLinkState.UP)


async def test_a_gateway_that_does_not_know_the_token_is_left(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gateway = Gateway(token="another-token-of-its-own")
    async with gateway.serving(), Place(gateway.port, tmp_path).running() as place:
        async with asyncio.timeout(10):
            while len(gateway.hellos) < 2:  # noqa: ASYNC110 - a list, no event
                await asyncio.sleep(0.01)
        assert not place.site.is_attached
        assert place.known.get(f"127.0.0.1:{gateway.port}") == ""
    said = [each for each in caplog.records if getattr(each, "action", "") == "gateway_away"]
    assert len(said) == 1 and "does not know the token" in said[0].message


async def test_a_gateway_with_a_new_key_is_noted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with Gateway().serving() as gateway:
        place = Place(gateway.port, tmp_path)
        place.known.keep(f"127.0.0.1:{gateway.port}", "f" * 64)
        with caplog.at_level(logging.WARNING):
            async with place.running():
                await place.until(DeviceLinkState.UP)
        assert place.known.get(f"127.0.0.1:{gateway.port}") == gateway._key.fingerprint
    assert "gateway_key_changed" in [getattr(each, "action", "") for each in caplog.records]


async def test_a_gateway_that_says_nothing_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_link, "WELCOME_S", 0.1)
    gateway = Gateway()
    gateway.is_mute = True
    async with gateway.serving(), Place(gateway.port, tmp_path).running() as place:
        assert not await place.link.first_answer(0.5)
        gateway.is_mute = False
        await place.until(DeviceLinkState.UP)


async def test_where_nobody_listens_it_tries_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_link, "HANDSHAKE_S", 0.2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind(("127.0.0.1", 0))
        port = mute.getsockname()[1]
        place = Place(port, tmp_path)
        async with place.running():
            await place.until(DeviceLinkState.CONNECTING)
            await place.until(DeviceLinkState.AWAY)
            mute.close()
            async with Gateway(port=port).serving():
                await place.until(DeviceLinkState.UP)


async def test_a_name_that_is_not_known_is_said_and_tried_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = Place(9443, tmp_path, host="nowhere.invalid")
    async with place.running():
        assert not await place.link.first_answer(0.5)
        assert place.link.state is not DeviceLinkState.UP
    assert "nowhere.invalid:9443 cannot be reached" in caplog.text
