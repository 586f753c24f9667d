"""A publisher's and a viewer's peer of ours with a client each, and what is inside of them."""

from __future__ import annotations

import asyncio
from typing import Any

from app.ice import stun
from app.ice.credentials import SessionCredentials
from app.ice.lite_agent import LiteAgent
from app.ice.refusals import Refusals
from app.rtp.send_queue import PacketizedFrame
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


def inner(peer: Any) -> Peer:
    """The peer of ours inside of whatever owns it."""
    if isinstance(peer, Peer):
        return peer
    return inner(peer.peer) if hasattr(peer, "peer") else peer._peer


def transport(peer: Any) -> Any:
    """The DTLS transport of aiortc's connection of a client."""
    return peer.connection.getTransceivers()[0].receiver.transport


def agent(peer: Any) -> LiteAgent:
    """The ICE agent of a peer of ours."""
    found = inner(peer)._agent
    assert found is not None
    return found


def place(peer: Any) -> tuple[str, int]:
    """Where a peer of ours is reached."""
    port = inner(peer)._ports._udp[0]
    return port.host, port.port


def udp(connection: Any) -> asyncio.DatagramTransport:
    """The socket of the pair of a client's ICE connection."""
    return connection._nominated[1].protocol.transport  # type: ignore[no-any-return]


def ssrcs(peer: Any) -> list[int]:
    """Those whose packets authenticated."""
    inlet = inner(peer).transport._inlet
    return list(inlet._seen) if inlet is not None else []


def check(
    peer: Any,
    *,
    nominates: bool = False,
    password: str = "",
    credentials: SessionCredentials | None = None,
) -> bytes:
    """A request that knows our password, unless another one is named; without PRIORITY."""
    known = credentials or agent(peer).credentials
    attributes = [
        (stun.Attribute.USERNAME, f"{known.local.ufrag}:{known.remote.ufrag}".encode()),
        (stun.Attribute.ICE_CONTROLLING, bytes(8)),
    ]
    if nominates:
        attributes.append((stun.Attribute.USE_CANDIDATE, b""))
    secret = (password or known.local.password).encode()
    transaction = stun.new_transaction()
    return stun.encode_message(stun.StunKind.REQUEST, transaction, attributes, password=secret)


def answer(request: bytes, credentials: SessionCredentials) -> bytes:
    """The peer's answer to a request of ours."""
    transaction = stun.parse_message(request).transaction
    password = credentials.remote.password.encode()
    return stun.encode_message(stun.StunKind.RESPONSE, transaction, password=password)


def addresses_of(sdp: str) -> list[tuple[str, int]]:
    """Those of an answer's first section, by priority and as they stand, which must be alike."""
    lines = sdp.split("m=")[1].split("\r\n")
    found = [line.split(" ") for line in lines if line.startswith("a=candidate:")]
    assert [int(f[3]) for f in found] == sorted((int(f[3]) for f in found), reverse=True)
    return [(f[4], int(f[5])) for f in found]
