"""A publisher's and a viewer's peer of ours with a client each, and what is inside of them."""

from __future__ import annotations

import asyncio
from typing import Any

from aioice import stun

from app.rtp.send_queue import PacketizedFrame
from app.webrtc.guarded_transport import GuardedConnection
from app.webrtc.packet_gate import Refusals
from app.webrtc.peer import Peer
from app.webrtc.publisher_connection import PublisherConnection, PublisherEvents
from app.webrtc.sdp_offer import check_play_offer, check_publish_offer
from app.webrtc.viewer_connection import ViewerConnection, ViewerEvents
from media.access_unit import AccessUnit, Kind
from tests.app import coding
from tests.app.peers import Publisher, Viewer
from tests.media.payloads import packetize

UNITS = coding.h264(160, 90, 20)


class Relay:
    """A publisher's peer whose units go to a viewer's, as the app does it but without Redis."""

    def __init__(self) -> None:
        self.refusals = Refusals()
        self.ends: list[str] = []
        self.units = 0
        self.ingest = PublisherConnection(
            PublisherEvents(on_unit=self._relay, on_end=self.ends.append),
            timeout_s=30.0,
            refusals=self.refusals,
        )
        self.watch = ViewerConnection(
            ViewerEvents(
                on_connected=lambda: None,
                on_key_frame_needed=self.ingest.request_key_frame,
                on_end=self.ends.append,
            ),
            rtp_offset=0,
            refusals=self.refusals,
        )
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
            PacketizedFrame(
                tuple(payloads),
                unit.codec,
                unit.pts,
                unit.clock_rate,
                unit.capture_us,
                is_video,
                unit.is_key or not is_video,
            )
        )

    @property
    def got(self) -> int:
        """Video packets at the viewer."""
        return len(self.viewer.received["video"].packets)

    async def close(self) -> None:
        await asyncio.gather(
            self.publisher.close(), self.viewer.close(), self.ingest.close(), self.watch.close()
        )


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


def addresses_of(sdp: str) -> list[tuple[str, int]]:
    """Those of an answer's first section, by priority and as they stand, which must be alike."""
    lines = sdp.split("m=")[1].split("\r\n")
    found = [line.split(" ") for line in lines if line.startswith("a=candidate:")]
    assert [int(f[3]) for f in found] == sorted((int(f[3]) for f in found), reverse=True)
    return [(f[4], int(f[5])) for f in found]
