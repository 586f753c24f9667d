"""Attributes of aiortc and aioice that have no setter: ``aiortc_internals.py``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aioice import stun
from aiortc import RTCConfiguration, RTCPeerConnection
from aiortc.rtcrtpreceiver import RTCRtpReceiver
from aiortc.rtcrtpsender import RTCRtpSender
from aiortc.rtcrtptransceiver import RTCRtpTransceiver

from app.webrtc.aiortc_internals import put_receiver, put_sender, watch_media_only


@pytest.fixture
async def connection() -> AsyncIterator[RTCPeerConnection]:
    made = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    yield made
    await made.close()


@pytest.fixture
def transceiver(connection: RTCPeerConnection) -> RTCRtpTransceiver:
    return connection.addTransceiver("video", direction="sendrecv")


async def test_a_receiver_takes_the_place_of_aiortcs(transceiver: RTCRtpTransceiver) -> None:
    ours = RTCRtpReceiver("video", transceiver.receiver.transport)
    put_receiver(transceiver, ours)
    assert transceiver.receiver is ours
    # Its reports go out under the sender's number, as aiortc's own would.
    own: Any = ours
    assert own._RTCRtpReceiver__rtcp_ssrc == transceiver.sender._ssrc


async def test_a_sender_takes_the_place_of_aiortcs(transceiver: RTCRtpTransceiver) -> None:
    ours = RTCRtpSender("video", transceiver.sender.transport)
    put_sender(transceiver, ours, "a-stream")
    assert transceiver.sender is ours
    assert ours._stream_id == "a-stream"
    receiver: Any = transceiver.receiver
    assert receiver._RTCRtpReceiver__rtcp_ssrc == ours._ssrc


async def test_both_are_used_by_the_connection(
    connection: RTCPeerConnection, transceiver: RTCRtpTransceiver
) -> None:
    sender = RTCRtpSender("video", transceiver.sender.transport)
    receiver = RTCRtpReceiver("video", transceiver.receiver.transport)
    put_sender(transceiver, sender, "a-stream")
    put_receiver(transceiver, receiver)
    assert (connection.getSenders(), connection.getReceivers()) == ([sender], [receiver])
    offer = await connection.createOffer()
    assert f"a=ssrc:{sender._ssrc} " in offer.sdp
    assert "a=msid:a-stream " in offer.sdp


async def test_consent_is_asked_of_nobody_whose_media_is_watched(
    transceiver: RTCRtpTransceiver,
) -> None:
    connection = transceiver.receiver.transport.transport._connection
    watch_media_only(transceiver, lambda: None)
    # aioice's own would loop until the peer has not answered for half a minute.
    assert await connection.query_consent() is None  # type: ignore[func-returns-value]


async def test_each_authentic_check_is_told_once_aioice_took_it(
    transceiver: RTCRtpTransceiver,
) -> None:
    connection = transceiver.receiver.transport.transport._connection
    order: list[object] = []
    connection.check_incoming = lambda *check: order.append(check)  # type: ignore[method-assign]
    watch_media_only(transceiver, lambda: order.append("told"))
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    for _ in range(2):
        connection.check_incoming(message, ("192.0.2.1", 9), None)  # type: ignore[arg-type]
    assert order == [(message, ("192.0.2.1", 9), None), "told"] * 2


async def test_other_peers_of_the_process_keep_what_aioice_does(
    transceiver: RTCRtpTransceiver,
) -> None:
    other = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    stock = other.addTransceiver("video").receiver.transport.transport._connection
    before = (stock.query_consent, stock.check_incoming)
    watch_media_only(transceiver, lambda: None)
    assert (stock.query_consent, stock.check_incoming) == before
    await other.close()
