"""A scripted peer that sends three simulcast layers over a real connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import av
import pytest
from aiortc import RTCSessionDescription
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import (
    RTCP_RTPFB_NACK,
    AnyRtcpPacket,
    HeaderExtensions,
    HeaderExtensionsMap,
    RtcpPsfbPacket,
    RtcpRtpfbPacket,
    RtpPacket,
)

from app.rtp.layer_choice import SETTLE_S, START_S
from app.webrtc.extension_map import MID, REPAIRED_RID, RID
from media.access_unit import Flags
from media.codec import Codec
from tests.app import coding
from tests.app.peers import Publisher, Signal, connected, until
from tests.app.rtp.ingest import Ingest
from tests.media.payloads import packetize

SIZES = {"h": (320, 192), "m": (160, 96), "l": (80, 48)}
SSRCS = {"h": 1111, "m": 2222, "l": 3333}
FPS = 25
IDS = {MID: 1, RID: 5, REPAIRED_RID: 6}


class Layer:
    """One layer's sender: frames in turn, a key frame whenever it is asked for one."""

    def __init__(self, peer: LayeredPublisher, rid: str) -> None:
        self.rid, self.ssrc = rid, SSRCS[rid]
        self.asked = 0
        self.is_sending = True
        self._peer = peer
        self._units = coding.h264(*SIZES[rid], 40)
        self._place = 0
        self._sequence = self._rtx_sequence = 100 * (1 + len(rid))
        self._sent: dict[int, RtpPacket] = {}
        self._lose: set[int] = set()

    def lose_next(self) -> None:
        """The next packet comes by retransmission only."""
        self._lose.add(self._sequence)

    async def send_frame(self, ticks: int) -> None:
        """All packets of the next frame."""
        payloads = packetize(Codec.H264, self._units[self._place], picture_id=0)
        self._place = (self._place + 1) % len(self._units)
        for index, payload in enumerate(payloads):
            packet = RtpPacket(
                payload_type=self._peer.payload_type,
                sequence_number=self._sequence,
                timestamp=ticks + self.ssrc,
                ssrc=self.ssrc,
                marker=int(index == len(payloads) - 1),
                payload=payload,
            )
            packet.extensions = HeaderExtensions(mid="1", rtp_stream_id=self.rid)
            self._sent[self._sequence] = packet
            if self._sequence not in self._lose:
                await self._peer.send(packet)
            self._sequence = (self._sequence + 1) & 0xFFFF

    async def resend(self, sequence: int) -> None:
        """By RTX (RFC 4588), under the repaired layer's name."""
        packet = self._sent[sequence]
        again = RtpPacket(
            payload_type=self._peer.rtx_type,
            sequence_number=self._rtx_sequence,
            timestamp=packet.timestamp,
            ssrc=self.ssrc + 1,
            marker=packet.marker,
            payload=sequence.to_bytes(2, "big") + packet.payload,
        )
        again.extensions = HeaderExtensions(mid="1", repaired_rtp_stream_id=self.rid)
        self._rtx_sequence = (self._rtx_sequence + 1) & 0xFFFF
        await self._peer.send(again)

    async def probe(self) -> None:
        """What libwebrtc does to find out how much the path bears: it sends old packets again."""
        await self.resend((self._sequence - 1) & 0xFFFF)

    async def _handle_rtcp_packet(self, packet: AnyRtcpPacket) -> None:
        if isinstance(packet, RtcpRtpfbPacket) and packet.fmt == RTCP_RTPFB_NACK:
            for sequence in packet.lost:
                await self.resend(sequence)
        elif isinstance(packet, RtcpPsfbPacket):
            self.asked += 1
            self._place = 0


class LayeredPublisher:
    """aiortc's transport under layers of our own."""

    payload_type, rtx_type = 99, 100

    def __init__(self) -> None:
        self.peer = Publisher()
        self.layers = {rid: Layer(self, rid) for rid in SSRCS}
        self.answer = ""
        self._ids = HeaderExtensionsMap()
        extensions = [RTCRtpHeaderExtensionParameters(id=n, uri=uri) for uri, n in IDS.items()]
        self._ids.configure(RTCRtpParameters(headerExtensions=extensions))

    async def start(self, signal: Signal) -> None:
        """Offers three layers; returns once the connection stands."""
        text = await self.peer.offer()
        head, video = text.split("m=video")
        kept = [x for x in video.split("\r\n") if not x.startswith(("a=ssrc", "a=end-of"))]
        kept[-1:] = [
            f"a=extmap:5 {RID}",
            f"a=extmap:6 {REPAIRED_RID}",
            *(f"a=rid:{rid} send" for rid in SSRCS),
            "a=simulcast:send h;m;l",
            "",
        ]
        self.answer = await signal(head + "m=video" + "\r\n".join(kept))
        description = RTCSessionDescription(self.answer, "answer")
        await self.peer.connection.setRemoteDescription(description)
        await connected(self.peer.connection)
        router: Any = self._transport._rtp_router
        for layer in self.layers.values():
            router.register_sender(layer, layer.ssrc)

    @property
    def _transport(self) -> Any:
        return self.peer.connection.getSenders()[-1].transport

    async def send(self, packet: RtpPacket) -> None:
        """One packet with its header extensions."""
        await self._transport._send_rtp(packet.serialize(self._ids))

    async def run(self) -> None:
        """All layers send side by side until cancelled."""
        ticks = 0
        while True:
            for layer in self.layers.values():
                if layer.is_sending:
                    await layer.send_frame(ticks)
                    await layer.probe()
            ticks += 90_000 // FPS
            await asyncio.sleep(1 / FPS)


@pytest.fixture
async def publisher(ingest: Ingest) -> AsyncIterator[LayeredPublisher]:
    made = LayeredPublisher()
    await made.start(ingest.signal)
    task = asyncio.get_running_loop().create_task(made.run(), name="publish-layers")
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await made.peer.close()


def decoded_sizes(ingest: Ingest) -> list[tuple[int, int]]:
    """The sizes of all pictures, decoded from their first key frame on without an error."""
    decoder: Any = av.CodecContext.create("h264", "r")
    decoder.options = {"err_detect": "explode"}
    frames = [f for unit in ingest.video for f in decoder.decode(av.Packet(unit.payload))]
    return [(frame.width, frame.height) for frame in frames]


async def test_the_largest_layer_becomes_the_stream(
    ingest: Ingest, publisher: LayeredPublisher
) -> None:
    assert "a=simulcast:recv h;m;l\r\n" in publisher.answer
    await until(lambda: len(ingest.video) >= 30)
    assert ingest.peer.layer == "h"
    assert {(unit.width, unit.height) for unit in ingest.video} == {SIZES["h"]}
    assert set(decoded_sizes(ingest)) == {SIZES["h"]}
    assert ingest.peer.packets.get("lost", 0) == 0


async def test_every_layer_is_a_rendition(ingest: Ingest, publisher: LayeredPublisher) -> None:
    await until(lambda: all(len(ingest.layers[f"source-{rid}"]) >= 30 for rid in SIZES))
    for rid, size in SIZES.items():
        units = ingest.layers[f"source-{rid}"]
        assert {(unit.width, unit.height) for unit in units} == {size}
        assert units[0].is_key
        assert not any(unit.flags & Flags.DISCONTINUITY for unit in units)
        steps = [b.pts - a.pts for a, b in zip(units, units[1:], strict=False)]
        assert set(steps) == {90_000 // FPS}


async def test_a_loss_of_a_layer_that_nobody_gets_costs_no_key_frame(
    ingest: Ingest, publisher: LayeredPublisher
) -> None:
    await until(lambda: ingest.peer.layer == "h" and len(ingest.video) > 10)
    low = publisher.layers["l"]

    async def keep_silent(sequence: int) -> None:
        """OBS answers requests of its highest layer alone."""

    low.resend = keep_silent  # type: ignore[method-assign]
    low.probe = lambda: asyncio.sleep(0)  # type: ignore[method-assign]
    low.lose_next()
    seen = len(ingest.layers["source-l"])
    await until(lambda: len(ingest.layers["source-l"]) > seen + 20, timeout_s=5.0)
    assert low.asked == 0
    assert sum(bool(u.flags & Flags.DISCONTINUITY) for u in ingest.layers["source-l"]) == 1
    assert ingest.peer.packets["lost"] == 1
    # As soon as somebody gets it, a loss is worth one.
    ingest.wanted.add("source-l")
    low.lose_next()
    await until(lambda: low.asked == 1, timeout_s=5.0)


async def test_the_source_follows_what_workers_enhance(
    ingest: Ingest, publisher: LayeredPublisher
) -> None:
    await until(lambda: ingest.peer.layer == "h")
    await asyncio.sleep(SETTLE_S)
    ingest.max_pixels = SIZES["m"][0] * SIZES["m"][1]
    await until(lambda: ingest.peer.layer == "m", timeout_s=5.0)
    ingest.peer.request_key_frame("source-l")
    await until(lambda: publisher.layers["l"].asked == 1)


async def test_what_is_lost_of_the_layer_comes_back_among_the_others_retransmissions(
    ingest: Ingest, publisher: LayeredPublisher
) -> None:
    await until(lambda: len(ingest.video) >= 5)
    publisher.layers["h"].lose_next()
    seen = len(ingest.video)
    await until(lambda: len(ingest.video) >= seen + 10)
    assert not any(unit.flags & Flags.DISCONTINUITY for unit in ingest.video)
    assert set(decoded_sizes(ingest)) == {SIZES["h"]}
    assert ingest.peer.packets.get("lost", 0) == 0


async def test_the_next_layer_follows_and_the_largest_comes_back(
    ingest: Ingest, publisher: LayeredPublisher
) -> None:
    await until(lambda: ingest.peer.layer == "h")
    publisher.layers["h"].is_sending = False
    await until(lambda: ingest.peer.layer == "m", timeout_s=5.0)
    await until(lambda: (ingest.video[-1].width, ingest.video[-1].height) == SIZES["m"])
    assert publisher.layers["m"].asked == 1
    publisher.layers["h"].is_sending = True
    await until(lambda: ingest.peer.layer == "h", timeout_s=SETTLE_S + START_S + 5.0)
    seen = len(ingest.video)
    await until(lambda: len(ingest.video) >= seen + 5)
    sizes = list(dict.fromkeys(decoded_sizes(ingest)))
    assert sizes == [SIZES["h"], SIZES["m"]]
    changes = [unit for unit in ingest.video if unit.flags & Flags.DISCONTINUITY]
    assert all(unit.is_key for unit in changes)
    assert publisher.layers["l"].asked == 0
    assert ingest.ends == []
