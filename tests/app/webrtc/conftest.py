"""Real connections over loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from app.webrtc import ice, peer_ports
from app.webrtc.peer import Peer
from app.webrtc.sdp_answer import OwnSource, SendRates
from app.webrtc.sdp_offer import Offer
from tests.app.fakes import SilentTrack
from tests.app.peers import until
from tests.app.rtp.ingest import Ingest
from tests.app.webrtc.relay import UNITS, Relay

Answer = Callable[..., Awaitable[str]]


def add_tracks(peer: Peer, checked: Offer) -> None:
    """Gives a peer of ours a track for each kind, which sends and takes nothing."""
    for kind in checked.kinds:
        source = None if checked.publishes else OwnSource.make(cname="c", stream_id="s")
        peer.add_track(kind, SilentTrack(), source)


@pytest.fixture(autouse=True)
def loopback() -> None:
    """Peers are at loopback, whatever a test before used."""
    peer_ports.install(ice.IceAddresses(("127.0.0.1",), ()))


@pytest.fixture
async def ingest() -> AsyncIterator[Ingest]:
    """A publisher's connection; it is closed at the end."""
    made = Ingest()
    yield made
    await made.peer.close()


@pytest.fixture
async def answer() -> AsyncIterator[Answer]:
    """Answers a checked offer with a real connection; they are closed at the end."""
    peers = []

    async def made(checked: Offer) -> str:
        peer = Peer(lambda state: None)
        peers.append(peer)
        add_tracks(peer, checked)
        return await peer.answer(checked, rates=SendRates(1500 if checked.publishes else None))

    yield made
    for peer in peers:
        await peer.close()


@pytest.fixture
async def relay() -> AsyncIterator[Relay]:
    """A publisher whose video a viewer gets."""
    made = Relay()
    await made.viewer.start(made.play)
    await made.publisher.start(made.publish)
    task = asyncio.get_running_loop().create_task(made.publisher.run(UNITS), name="publish")
    await until(lambda: made.got > 10)
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await made.close()
