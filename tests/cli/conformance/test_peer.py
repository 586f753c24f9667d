"""``peer.py``: the suite's own publisher and player, one against the other."""

from __future__ import annotations

import asyncio
import time

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from cli.conformance import peer
from cli.conformance.peer import LivePeer, PatternTrack
from cli.conformance.verdict import Unmet


async def answered_by(connection: RTCPeerConnection, offer: str) -> str:
    """The answer of a plain aiortc connection."""
    await connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
    await connection.setLocalDescription(await connection.createAnswer())
    return str(connection.localDescription.sdp)


def other() -> RTCPeerConnection:
    """A connection without STUN servers."""
    return RTCPeerConnection(RTCConfiguration(iceServers=[]))


async def test_a_publisher_offers_sound_and_a_picture_to_be_received() -> None:
    far, near, offers = other(), LivePeer(), []

    async def post(offer: str) -> str:
        offers.append(offer)
        return await answered_by(far, offer)

    try:
        await near.publish(post)
        assert near.state == "connected"
        assert offers[0].count("a=sendonly") == 2
        await far.close()
        assert await near.reaches("closed", "failed", within_s=5)
    finally:
        await near.close()
        await far.close()


async def test_a_player_counts_the_pictures_that_it_sees() -> None:
    far, near = other(), LivePeer()
    far.addTrack(PatternTrack())

    async def post(offer: str) -> str:
        assert offer.count("a=recvonly") == 2
        return await answered_by(far, offer)

    try:
        await near.play(post)
        assert await near.sees(3, within_s=10)
        assert not await near.sees(10_000, within_s=0.1)
        assert not await near.reaches("failed", within_s=0.1)
    finally:
        await near.close()
        await far.close()


async def test_a_peer_vanishes_without_a_word() -> None:
    far, near = other(), LivePeer()

    async def post(offer: str) -> str:
        return await answered_by(far, offer)

    try:
        await near.publish(post)
        await near.vanish()
        await asyncio.sleep(0.5)
        assert far.connectionState == "connected"  # it was told nothing
    finally:
        await near.close()
        await far.close()


@pytest.mark.parametrize("answer", ["", "hello", "v=0\r\n", "v=0\r\nm=video\r\n"])
async def test_an_answer_that_cannot_be_used_is_a_finding(answer: str) -> None:
    near = LivePeer()

    async def post(offer: str) -> str:
        return answer

    try:
        with pytest.raises(Unmet, match="cannot be used"):
            await near.play(post)
    finally:
        await near.close()


async def test_a_server_that_never_connects_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer, "CONNECT_S", 0.3)
    near, far = LivePeer(), other()

    async def post(offer: str) -> str:
        answer = await answered_by(far, offer)
        await far.close()
        return answer

    try:
        with pytest.raises(Unmet, match="not connected"):
            await near.publish(post)
    finally:
        await near.close()


async def test_pictures_come_at_their_times() -> None:
    track, begun = PatternTrack(), time.monotonic()
    frames = [await track.recv() for _ in range(4)]
    assert 0.25 < time.monotonic() - begun < 2
    assert [frame.pts for frame in frames] == [0, 9000, 18000, 27000]
    assert len({bytes(frame.to_ndarray(format="gray")) for frame in frames}) == 4


async def test_closing_ends_all_tasks() -> None:
    before = asyncio.all_tasks()
    near = LivePeer()
    await near.close()
    await near.close()
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
