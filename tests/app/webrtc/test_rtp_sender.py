"""One track's sender over a transport that only notes what leaves: ``rtp_sender.py``."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pylibsrtp
import pytest
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpSendParameters
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    AnyRtcpPacket,
    HeaderExtensionsMap,
    RtcpByePacket,
    RtcpPacket,
    RtcpPsfbPacket,
    RtcpRtpfbPacket,
    RtcpSdesPacket,
    RtcpSrPacket,
    RtpPacket,
    is_rtcp,
    pack_remb_fci,
    unwrap_rtx,
)

from app.rtp.capture_clock import ntp_to_us
from app.rtp.pacer import BURST_BYTES
from app.rtp.send_queue import PacketizedFrame
from app.rtp.sent_groups import SentGroups
from app.rtp.sent_history import MAX_PACKETS
from app.webrtc.extension_map import MID, SEND_TIME, TRANSPORT_NUMBER, Extension
from app.webrtc.payload_offer import Payload
from app.webrtc.rtp_sender import RESENDS_PER_S, RtpSender, SenderEvents
from app.webrtc.sdp_answer import OwnSource
from app.webrtc.sdp_offer import MediaOffer
from app.webrtc.shared_timer import SharedTimer
from media.codec import Codec
from media.codec_table import BY_NAME
from tests.app.peers import no_tasks_but, until

CAPTURE_US = 1_800_000_000_000_000
SSRC, RTX_SSRC = 0xAABBCCDD, 0x11223344
OFFSET = 0xFFFF_FF00
"""Close to the end of 32 bits, so that times wrap at once."""

VIDEO = Payload(102, BY_NAME["h264"], 90_000)
VP8 = Payload(97, BY_NAME["vp8"], 90_000)
RTX = Payload(103, None, 90_000, base=102)
SOUND = Payload(111, BY_NAME["opus"], 48_000)
EXTENSIONS = (
    RTCRtpHeaderExtensionParameters(id=4, uri=MID),
    RTCRtpHeaderExtensionParameters(id=2, uri=SEND_TIME),
)


class Cable:
    """A transport that keeps what is sent on it."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.round_trip_s: float | None = None

    def send_packets(self, packets: Sequence[bytes]) -> None:
        self.sent += packets

    def send_control(self, data: bytes) -> None:
        self.sent.append(data)


class Track:
    """A sender and all that it told."""

    def __init__(self, kind: str = "video") -> None:
        self.cable = Cable()
        self.sent = SentGroups()
        self.runs = self.asks = 0
        self.failures: list[str] = []
        self.sender = RtpSender(
            kind,
            self.cable,
            OwnSource(SSRC, RTX_SSRC, "name", "stream", "track"),
            SenderEvents(self._ask, self._run, self.failures.append),
            rtp_offset=OFFSET,
            timer=SharedTimer(),
            sent=self.sent,
        )

    def _ask(self) -> None:
        self.asks += 1

    def _run(self) -> None:
        self.runs += 1

    def start(
        self,
        *payloads: Payload,
        extensions: Sequence[RTCRtpHeaderExtensionParameters] = EXTENSIONS,
    ) -> None:
        kind = self.sender.kind
        known = tuple(Extension(e.id, e.uri) for e in extensions)
        section = MediaOffer(kind, "", (), mid="v0", payloads=payloads, extensions=known)
        self.sender.start(section)

    @property
    def packets(self) -> list[RtpPacket]:
        """The RTP packets that left."""
        known = HeaderExtensionsMap()
        known.configure(RTCRtpSendParameters(headerExtensions=list(EXTENSIONS)))
        return [RtpPacket.parse(data, known) for data in self.cable.sent if not is_rtcp(data)]

    @property
    def control(self) -> list[AnyRtcpPacket]:
        """The RTCP packets that left."""
        return [p for data in self.cable.sent if is_rtcp(data) for p in RtcpPacket.parse(data)]

    def nack(self, *sequences: int) -> None:
        lost = [sequence & 0xFFFF for sequence in sequences]
        packet = RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=1, media_ssrc=SSRC, lost=lost)
        self.sender.on_control(packet)


@pytest.fixture
async def track() -> AsyncIterator[Track]:
    """A video track that is sent in H.264, with retransmissions."""
    made = Track()
    made.start(VIDEO, RTX)
    yield made
    await made.sender.stop()


def number_from(track: Track, sequence: int) -> None:
    """Sets the sequence number of the next packet."""
    packets: Any = track.sender._packets
    packets._sequence = sequence


def frame(
    index: int, *payloads: bytes, key: bool = False, live: bool = True, codec: Codec = Codec.H264
) -> PacketizedFrame:
    return PacketizedFrame(
        payloads=payloads or (b"only",),
        codec=codec,
        pts=3000 * index,
        clock_rate=90_000,
        capture_us=CAPTURE_US + 1_000_000 * index // 30,
        is_video=codec is not Codec.OPUS,
        is_key=key,
        is_live=live,
    )


async def test_a_unit_leaves_as_packets_of_one_time_with_a_marker_at_its_end(track: Track) -> None:
    number_from(track, 65_534)
    track.sender.push(frame(0, b"one", b"two", b"three", key=True))
    track.sender.push(frame(1, b"next"))
    await until(lambda: len(track.packets) == 4)
    packets = track.packets
    assert [packet.payload for packet in packets] == [b"one", b"two", b"three", b"next"]
    assert [packet.sequence_number for packet in packets] == [65_534, 65_535, 0, 1]
    assert [packet.timestamp for packet in packets] == [OFFSET] * 3 + [3000 - 256]
    assert [packet.marker for packet in packets] == [0, 0, 1, 1]
    assert {(packet.payload_type, packet.ssrc) for packet in packets} == {(102, SSRC)}
    assert {packet.extensions.mid for packet in packets} == {"v0"}
    assert all(packet.extensions.abs_send_time is not None for packet in packets)
    assert (track.sender.packets, track.sender.octets) == (4, 15)
    assert (track.sender.dropped, track.sender.needs_key) == ({}, False)


async def test_sound_has_no_marker_and_is_not_kept_for_retransmission() -> None:
    track = Track("audio")
    track.start(SOUND)
    for index in range(3):
        track.sender.push(frame(index, b"opus", codec=Codec.OPUS, key=True))
    await until(lambda: len(track.packets) == 3)
    assert [packet.marker for packet in track.packets] == [0, 0, 0]
    track.nack(track.packets[0].sequence_number)
    assert len(track.packets) == 3
    await track.sender.stop()


async def test_nothing_is_taken_before_the_connection_stands_or_twice_started() -> None:
    track = Track()
    track.sender.push(frame(0, key=True))
    assert (track.sender.is_running, track.sender.needs_key) == (False, True)
    track.start(VIDEO)
    track.start(VP8)
    assert track.runs == 1
    assert track.sender.is_running
    assert (track.sender.can_send(Codec.H264), track.sender.can_send(Codec.VP8)) == (True, False)
    await asyncio.sleep(0)
    assert track.packets == []
    await track.sender.stop()


async def test_the_first_payload_type_of_a_codec_is_used() -> None:
    track = Track()
    track.start(VP8, VIDEO, dataclasses.replace(VIDEO, number=120))
    track.sender.push(frame(0, key=True))
    await until(lambda: track.packets)
    assert track.packets[0].payload_type == 102
    await track.sender.stop()


async def test_a_codec_that_was_not_negotiated_is_left_out(track: Track) -> None:
    track.sender.push(frame(0, key=True, codec=Codec.VP8))
    track.sender.push(frame(1, key=True))
    await until(lambda: track.packets)
    assert [packet.timestamp for packet in track.packets] == [3000 - 256]
    assert track.sender.dropped == {"codec": 1}


async def test_a_packet_is_sent_again_as_a_retransmission(track: Track) -> None:
    track.sender.push(frame(0, b"one", b"two", key=True))
    await until(lambda: len(track.packets) == 2)
    lost = track.packets[1]
    track.nack(lost.sequence_number, lost.sequence_number + 1)
    track.nack(lost.sequence_number)
    first, second = track.packets[2:]
    assert first.ssrc == RTX_SSRC
    assert second.sequence_number == (first.sequence_number + 1) & 0xFFFF
    for again in (first, second):
        restored = unwrap_rtx(again, payload_type=102, ssrc=lost.ssrc)
        assert (restored.sequence_number, restored.payload) == (lost.sequence_number, b"two")
        assert (restored.timestamp, restored.marker) == (lost.timestamp, lost.marker)


async def test_without_retransmissions_the_packet_itself_is_sent_again() -> None:
    track = Track()
    track.start(VIDEO)
    track.sender.push(frame(0, b"one", key=True))
    await until(lambda: track.packets)
    track.nack(track.packets[0].sequence_number)
    one, again = track.packets
    assert (again.ssrc, again.sequence_number, again.payload) == (
        one.ssrc, one.sequence_number, b"one",
    )  # fmt: skip
    await track.sender.stop()


async def test_what_is_too_old_is_not_sent_again(track: Track) -> None:
    number_from(track, 65_000)
    track.sender.push(frame(0, *([b"x"] * (MAX_PACKETS + 1)), key=True))
    await until(lambda: len(track.packets) == MAX_PACKETS + 1)
    track.nack(65_000)
    assert len(track.packets) == MAX_PACKETS + 1
    track.nack(65_001)
    assert len(track.packets) == MAX_PACKETS + 2


@pytest.mark.parametrize("fmt", [RTCP_PSFB_PLI, RTCP_PSFB_FIR])
async def test_a_viewer_may_ask_for_a_key_frame_in_two_ways(track: Track, fmt: int) -> None:
    # RFC 5104 section 4.3.1: a full intra request names its sources behind the header.
    is_fir = fmt == RTCP_PSFB_FIR
    for ssrc in (SSRC, RTX_SSRC):
        fci = ssrc.to_bytes(4, "big") + bytes(4) if is_fir else b""
        media_ssrc = 0 if is_fir else ssrc
        track.sender.on_control(RtcpPsfbPacket(fmt=fmt, ssrc=1, media_ssrc=media_ssrc, fci=fci))
    assert track.asks == 1


async def test_only_a_good_estimate_of_our_own_source_counts(track: Track) -> None:
    seen: list[float] = []
    track.sender._queue.on_bandwidth = lambda bps, *, now: seen.append(bps)  # type: ignore[method-assign]
    for fci in (b"", b"REMB", pack_remb_fci(1000, [1, 2]), b"XXXX" + bytes(8)):
        track.sender.on_control(RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=1, media_ssrc=0, fci=fci))
    assert seen == []
    fci = pack_remb_fci(500_000, [7, SSRC])
    track.sender.on_control(RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=1, media_ssrc=0, fci=fci))
    assert seen == [500_000]


async def test_reports_pair_the_last_live_units_time_with_its_capture(track: Track) -> None:
    track.sender.push(frame(3, key=True))
    track.sender.push(frame(4, live=False))
    await until(lambda: track.control)
    report, names = track.control[:2]
    assert isinstance(report, RtcpSrPacket) and isinstance(names, RtcpSdesPacket)
    info = report.sender_info
    assert info.rtp_timestamp == 9000 - 256
    assert abs(ntp_to_us(info.ntp_timestamp) - CAPTURE_US - 100_000) <= 1
    assert (info.packet_count, info.octet_count) == (2, 8)
    assert names.chunks[0].items == [(1, b"name")]


async def test_another_rendition_begins_with_a_key_frame(track: Track) -> None:
    track.sender.push(frame(0, key=True))
    await until(lambda: track.packets)
    track.sender.restart()
    assert track.sender.needs_key
    track.sender.push(frame(1))
    track.sender.push(frame(2, key=True))
    await until(lambda: len(track.packets) == 2)
    assert track.sender.dropped == {"no_key": 1}


async def test_a_fault_ends_this_viewer_alone_and_is_told_once() -> None:
    before = asyncio.all_tasks()
    track = Track("audio")
    track.start(SOUND)

    def fail(packets: Sequence[bytes]) -> None:
        raise RuntimeError("a bug")

    track.cable.send_packets = fail  # type: ignore[method-assign]
    for index in range(2):
        track.sender.push(frame(index, codec=Codec.OPUS, key=True))
    track.nack(7)
    await track.sender.stop()
    assert track.failures == ["sending audio failed: RuntimeError('a bug')"]
    assert (track.sender.is_running, track.cable.sent) == (False, [])
    await no_tasks_but(before)


@pytest.mark.parametrize("error", [pylibsrtp.Error("too long"), ValueError()])
async def test_a_unit_that_cannot_be_sent_is_left_out_up_to_a_key_frame(
    track: Track, error: Exception
) -> None:
    send = track.cable.send_packets

    def fail(packets: Sequence[bytes]) -> None:
        raise error

    track.sender.push(frame(0, key=True))
    track.cable.send_packets = fail  # type: ignore[method-assign]
    track.sender.push(frame(1))
    track.cable.send_packets = send  # type: ignore[method-assign]
    for index in (2, 3, 4):
        track.sender.push(frame(index, key=index == 3))
    stamps = [packet.timestamp for packet in track.packets]
    assert stamps == [(3000 * n + OFFSET) % 2**32 for n in (0, 3, 4)]
    assert track.sender.dropped == {"unsendable": 1, "no_key": 1}
    assert (track.sender.packets, track.sender.octets) == (3, 12)


async def test_feedback_on_another_source_is_for_another_track(track: Track) -> None:
    track.sender.push(frame(0, key=True))
    await until(lambda: track.packets)
    sequence = track.packets[0].sequence_number
    nack = RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=1, media_ssrc=RTX_SSRC, lost=[sequence])
    track.sender.on_control(nack)
    assert len(track.packets) == 1


async def test_a_goodbye_is_the_last_that_is_sent(track: Track) -> None:
    track.sender.push(frame(0, key=True))
    await until(lambda: track.packets)
    await track.sender.stop()
    await track.sender.stop()
    track.sender.push(frame(1))
    assert not track.sender.is_running
    goodbyes = [packet for packet in track.control if isinstance(packet, RtcpByePacket)]
    assert [packet.sources for packet in goodbyes] == [[SSRC]]
    assert is_rtcp(track.cable.sent[-1])
    assert track.failures == []


async def test_a_unit_leaves_in_the_call_that_brings_it(track: Track) -> None:
    tasks = asyncio.all_tasks()
    track.sender.push(frame(0, b"one", b"two", key=True))
    assert len(track.packets) == 2
    assert asyncio.all_tasks() == tasks


async def test_a_large_key_frame_leaves_at_a_pace_and_what_follows_keeps_its_place(
    track: Track,
) -> None:
    parts = [bytes([n]) * 1000 for n in range(100)]
    track.sender.push(frame(0, *parts, key=True))
    burst = len(track.packets)
    assert BURST_BYTES // 1000 <= burst <= BURST_BYTES // 1000 + 1
    track.sender.push(frame(1, b"next"))
    assert len(track.packets) == burst
    await until(lambda: len(track.packets) == 101)
    packets = track.packets
    assert [packet.payload for packet in packets] == [*parts, b"next"]
    first = packets[0].sequence_number
    assert [p.sequence_number for p in packets] == [(first + n) & 0xFFFF for n in range(101)]
    assert [n for n, packet in enumerate(packets) if packet.marker] == [99, 100]
    assert {packet.timestamp for packet in packets[:100]} == {OFFSET}
    assert track.sender.octets == 100_004


async def test_what_left_already_is_sent_again_while_the_rest_is_paced(track: Track) -> None:
    track.sender.push(frame(0, *([b"x" * 1000] * 100), key=True))
    count = len(track.packets)
    track.nack(track.packets[3].sequence_number)
    assert len(track.packets) == count + 1
    assert track.packets[-1].ssrc == RTX_SSRC


async def test_another_rendition_follows_a_unit_of_which_a_part_has_left(track: Track) -> None:
    track.sender.push(frame(0, *([b"x" * 1000] * 100), key=True))
    track.sender.push(frame(1))
    track.sender.restart()
    track.sender.push(frame(7, b"other", key=True))
    await until(lambda: len(track.packets) == 101)
    assert track.packets[99].marker and track.packets[100].payload == b"other"


async def test_nothing_leaves_once_it_has_stopped(track: Track) -> None:
    track.sender.push(frame(0, *([b"x" * 1000] * 100), key=True))
    count = len(track.packets)
    await track.sender.stop()
    await asyncio.sleep(0.02)
    assert len(track.packets) == count


async def test_a_nack_is_answered_by_one_call_and_up_to_a_rate(track: Track) -> None:
    number_from(track, 0)
    track.sender.push(frame(0, *([b"x"] * 1000), key=True))
    await until(lambda: len(track.packets) == 1000)
    calls: list[int] = []
    track.cable.send_packets = lambda packets: calls.append(len(packets))  # type: ignore[method-assign]
    track.nack(*range(400))
    track.nack(*range(400, 1000))
    assert calls[0] == 400
    assert RESENDS_PER_S <= sum(calls) <= RESENDS_PER_S + 100


async def test_a_better_estimate_lets_what_waits_leave(track: Track) -> None:
    queue = track.sender._queue
    track.sender.push(frame(0, b"x", key=True))
    queue._free_at = time.monotonic() + 100.0
    track.sender.push(frame(1, b"y"))
    assert len(track.packets) == 1
    track.sender.on_control(
        RtcpPsfbPacket(
            fmt=RTCP_PSFB_APP, ssrc=1, media_ssrc=0, fci=pack_remb_fci(9_000_000, [SSRC])
        )
    )
    await until(lambda: len(track.packets) == 2)


async def test_packets_are_noted_under_their_transport_wide_numbers() -> None:
    extensions = [*EXTENSIONS, RTCRtpHeaderExtensionParameters(id=5, uri=TRANSPORT_NUMBER)]
    track = Track()
    track.start(VIDEO, RTX, extensions=extensions)
    track.sender.push(frame(0, b"one", b"three", key=True))
    track.nack(track.packets[1].sequence_number)
    known = HeaderExtensionsMap()
    known.configure(RTCRtpSendParameters(headerExtensions=extensions))
    packets = [RtpPacket.parse(data, known) for data in track.cable.sent]
    assert [p.extensions.transport_sequence_number for p in packets] == [0, 1, 2]
    one, two, three = [len(data) for data in track.cable.sent]
    noted = [(g.first, g.count, g.size, g.first_size) for g in track.sent.waiting()]
    assert noted == [(0, 2, one + two, one), (2, 1, three, three)]
    await track.sender.stop()
