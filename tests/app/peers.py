"""aiortc peers over loopback: publishers that send coded units, viewers that note what comes."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from fractions import Fraction
from typing import Any

import aioice.ice
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.codecs import CODECS as AIORTC_CODECS
from aiortc.rtcrtpparameters import RTCRtcpFeedback, RTCRtpCodecParameters
from aiortc.rtp import AnyRtcpPacket, RtcpSrPacket, RtpPacket
from av.packet import Packet

from media.codec import Codec
from tests.app import coding
from tests.media.payloads import packetize

Signal = Callable[[str], Awaitable[str]]
"""Takes an SDP offer to the server and brings its answer."""


CODECS = ("H264", "VP8", "VP9", "AV1")
HIGH, BASELINE = "profile-level-id=640c1f", "profile-level-id=42e01f"


def _negotiated(
    name: str, payload_type: int, parameters: dict[str, int | str | None]
) -> RTCRtpCodecParameters:
    return RTCRtpCodecParameters(
        mimeType=f"video/{name}",
        clockRate=90_000,
        payloadType=payload_type,
        rtcpFeedback=[
            RTCRtcpFeedback("nack"),
            RTCRtcpFeedback("nack", "pli"),
            RTCRtcpFeedback("goog-remb"),
        ],
        parameters=parameters,
    )


_ADDED = {
    "VP9": _negotiated("VP9", 119, {"profile-id": "0"}),
    "AV1": _negotiated("AV1", 45, {"profile": "0", "level-idx": "5", "tier": "0"}),
}


def know_more_codecs() -> None:
    """Tells aiortc, once, of codecs that it only negotiates."""
    known = AIORTC_CODECS["video"]
    known += [codec for codec in _ADDED.values() if codec not in known]


def use_addresses(*addresses: str) -> None:
    """Lets the peers of aiortc use these addresses: aioice itself leaves out loopback."""

    def found(use_ipv4: bool, use_ipv6: bool) -> list[str]:
        return [a for a in addresses if (use_ipv6 if ":" in a else use_ipv4)]

    aioice.ice.get_host_addresses = found


use_addresses("127.0.0.1")


def connection() -> RTCPeerConnection:
    """A peer that asks no STUN server, and negotiates VP9 and AV1 too."""
    know_more_codecs()
    return RTCPeerConnection(RTCConfiguration(iceServers=[]))


class UnitTrack(MediaStreamTrack):
    """Gives aiortc's sender coded units, which it only packetizes."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__()
        self._packets: asyncio.Queue[Packet[Any]] = asyncio.Queue()

    def put(self, unit: bytes, *, ticks: int) -> None:
        """One unit; ``ticks`` of 90 kHz (video) or 48 kHz (audio)."""
        packet = Packet(unit)
        packet.pts = ticks
        packet.time_base = Fraction(1, 90_000 if self.kind == "video" else 48_000)
        self._packets.put_nowait(packet)

    async def recv(self) -> Any:
        """The next unit."""
        return await self._packets.get()


class Packer:
    """What aiortc's sender lacks: it asks a codec's encoder for the payloads of a coded unit."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._picture_id = 0

    def pack(self, packet: Packet[Any]) -> tuple[list[bytes], int]:
        """(payloads, time stamp)."""
        self._picture_id += 1
        payloads = packetize(self._codec, bytes(packet), picture_id=self._picture_id)
        return payloads, int(packet.pts or 0)


class Publisher:
    """A WHIP client made of aiortc's stock sender."""

    def __init__(self, *, audio: bool = True) -> None:
        self.connection = connection()
        self.video = UnitTrack("video")
        self.audio = UnitTrack("audio") if audio else None
        self.key_frames_asked = 0
        self._lose: set[int] = set()
        self.video_packets = 0
        self.retransmitted = 0
        self.rewrite: Callable[[bytes], bytes] = lambda data: data
        """What becomes of each video packet before it is protected."""
        self._is_silent = False

    async def offer(self) -> str:
        """The offer, as a client posts it."""
        for track in (self.audio, self.video):
            if track is not None:
                self.connection.addTransceiver(track, direction="sendonly")
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return str(self.connection.localDescription.sdp)

    async def start(self, signal: Signal, codec: str = "H264") -> None:
        """Offers, takes the answer, and returns once the connection stands."""
        answer = await signal(_prefer(await self.offer(), codec))
        await self.connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        sender = self.connection.getSenders()[-1]
        sender._send_keyframe = self._count_key_frame  # type: ignore[method-assign]
        if codec in _ADDED:
            sender._RTCRtpSender__encoder = Packer(Codec[codec])  # type: ignore[attr-defined]
        transport = sender.transport
        send = transport._send_rtp

        async def send_or_lose(data: bytes) -> None:
            # RTCP has types 192 to 223 in its second byte (RFC 5761 section 4).
            if not 192 <= data[1] <= 223:
                ssrc = int.from_bytes(data[8:12], "big")
                if ssrc == sender._rtx_ssrc:
                    self.retransmitted += 1
                elif ssrc == sender._ssrc:
                    self.video_packets += 1
                    if self.video_packets in self._lose:
                        return
                    data = self.rewrite(data)
            if self._is_silent:
                return
            await send(data)

        transport._send_rtp = send_or_lose  # type: ignore[method-assign]
        await connected(self.connection)

    def ignore_checks(self) -> None:
        """Answers no connectivity or consent check from now on."""
        ice = self.connection.getSenders()[-1].transport.transport
        ice._connection.request_received = lambda *_: None  # type: ignore[method-assign]

    async def fall_silent(self, *, checks: bool = False) -> None:
        """Sends no media and no RTCP any more, and connectivity checks only if told."""
        await asyncio.sleep(0.2)  # what was put out leaves first
        self._is_silent = True
        if not checks:
            self.stop_checks()

    def stop_checks(self) -> None:
        """Sends no consent checks any more."""
        ice = self.connection.getSenders()[-1].transport.transport
        ice._connection._query_consent_task.cancel()  # type: ignore[union-attr]

    def speak_again(self) -> None:
        """Media and RTCP leave again, as after a network that stood still."""
        self._is_silent = False

    def lose(self, *numbers: int) -> None:
        """Video packets that never leave, counted from 1."""
        self._lose.update(numbers)

    def _count_key_frame(self) -> None:
        self.key_frames_asked += 1

    async def run(self, units: tuple[bytes, ...], *, fps: float = 50.0) -> None:
        """Sends video over and over, and silence beside it, until cancelled."""
        ticks = 0
        while True:
            for unit in units:
                self.video.put(unit, ticks=ticks * 90_000 // int(fps))
                if self.audio is not None:
                    self.audio.put(coding.OPUS_SILENCE, ticks=ticks * 48_000 // int(fps))
                ticks += 1
                await asyncio.sleep(1 / fps)

    async def close(self) -> None:
        """Leaves."""
        await self.connection.close()


@dataclasses.dataclass
class Received:
    """What one track of a viewer got."""

    packets: list[RtpPacket] = dataclasses.field(default_factory=list)
    reports: list[RtcpSrPacket] = dataclasses.field(default_factory=list)

    @property
    def timestamps(self) -> list[int]:
        """RTP times of units, in the order of arrival."""
        return list(dict.fromkeys(packet.timestamp for packet in self.packets))


class Viewer:
    """A WHEP client made of aiortc's stock receiver; packets are noted before it takes them."""

    def __init__(self, *kinds: str) -> None:
        self.connection = connection()
        self.kinds = kinds or ("audio", "video")
        self.received = {kind: Received() for kind in self.kinds}
        for kind in self.kinds:
            self.connection.addTransceiver(kind, direction="recvonly")
            self._note(kind)

    def receiver(self, kind: str) -> Any:
        """aiortc's receiver of a kind."""
        return self.connection.getReceivers()[self.kinds.index(kind)]

    def _note(self, kind: str) -> None:
        receiver, received = self.receiver(kind), self.received[kind]

        async def on_rtp(packet: RtpPacket, arrival_time_ms: int) -> None:
            received.packets.append(packet)

        async def on_rtcp(packet: AnyRtcpPacket) -> None:
            if isinstance(packet, RtcpSrPacket):
                received.reports.append(packet)

        receiver._handle_rtp_packet = on_rtp
        receiver._handle_rtcp_packet = on_rtcp

    async def start(self, signal: Signal, codec: str = "H264", *, profile: str = HIGH) -> None:
        """Offers, takes the answer, and returns once the connection stands."""
        await self.connection.setLocalDescription(await self.connection.createOffer())
        sdp = _prefer(str(self.connection.localDescription.sdp), codec)
        # aiortc names constrained baseline alone, though FFmpeg decodes any profile for it.
        answer = (await signal(sdp.replace(BASELINE, profile))).replace(profile, BASELINE)
        await self.connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        await connected(self.connection)

    async def close(self) -> None:
        """Leaves."""
        await self.connection.close()


def _prefer(sdp: str, codec: str) -> str:
    """The offer with only one of ``CODECS`` in it."""
    for other in CODECS:
        if other != codec:
            sdp = sdp.replace(f" {other}/90000", " unused/90000")
    return sdp


async def connected(peer: RTCPeerConnection) -> None:
    """Waits for the connection."""
    await until(lambda: peer.connectionState == "connected")


async def until(condition: Callable[[], object], *, timeout_s: float = 15.0) -> None:
    """Waits for something another task does; a generous limit, as the machine may be busy."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - of a peer whose code knows no event of ours
            await asyncio.sleep(0.01)


async def no_tasks_but(before: set[asyncio.Task[object]]) -> None:
    """Waits until only these tasks are left; names the others if they stay."""
    try:
        await until(lambda: asyncio.all_tasks() <= before, timeout_s=5.0)
    except TimeoutError:
        raise AssertionError(f"left: {asyncio.all_tasks() - before}") from None


@asynccontextmanager
async def publishing(
    signal: Signal, units: tuple[bytes, ...], *, audio: bool = True, codec: str = "H264"
) -> AsyncIterator[Publisher]:
    """A publisher that sends ``units`` over and over."""
    publisher = Publisher(audio=audio)
    task: asyncio.Task[None] | None = None
    try:
        await publisher.start(signal, codec)
        task = asyncio.get_running_loop().create_task(publisher.run(units), name="test-publisher")
        yield publisher
    finally:
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await publisher.close()


@asynccontextmanager
async def watching(
    signal: Signal, *kinds: str, codec: str = "H264", profile: str = HIGH
) -> AsyncIterator[Viewer]:
    """A connected viewer."""
    viewer = Viewer(*kinds)
    try:
        await viewer.start(signal, codec, profile=profile)
        yield viewer
    finally:
        await viewer.close()
