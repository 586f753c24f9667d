"""Numbers, times and retransmissions of one track."""

from __future__ import annotations

import time

import pytest
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import HeaderExtensionsMap, RtpPacket, unwrap_rtx

from app.rtp.send_queue import PacketizedFrame
from app.rtp.sent_groups import SentGroups
from app.rtp.sent_history import SentUnit
from app.webrtc.extension_map import MID, SEND_TIME, TRANSPORT_NUMBER, Extension
from app.webrtc.payload_offer import Payload
from app.webrtc.sdp_answer import OwnSource
from app.webrtc.sdp_offer import MediaOffer
from app.webrtc.track_packets import TrackPackets
from media.codec import Codec
from media.codec_table import BY_NAME

SSRC, RTX_SSRC = 0xAABBCCDD, 0x11223344
OFFSET = 0xFFFF_FF00
H264 = Payload(102, BY_NAME["h264"], 90_000)
AGAIN = Payload(120, BY_NAME["h264"], 90_000)
VP8 = Payload(97, BY_NAME["vp8"], 90_000)
RTX = Payload(103, None, 90_000, base=102)
IDS = {MID: 4, SEND_TIME: 2, TRANSPORT_NUMBER: 5}


class Packets:
    """The packets of a track, and what was noted of them."""

    def __init__(self, *payloads: Payload, numbered: bool = True) -> None:
        self.sent = SentGroups()
        uris = [uri for uri in IDS if numbered or uri != TRANSPORT_NUMBER]
        extensions = tuple(Extension(IDS[uri], uri) for uri in uris)
        section = MediaOffer("video", "", (), mid="v0", payloads=payloads, extensions=extensions)
        source = OwnSource(SSRC, RTX_SSRC, "name", "stream", "track")
        self.packets = TrackPackets(section, source, self.sent, rtp_offset=OFFSET)

    def begin(self, unit: PacketizedFrame) -> SentUnit:
        begun = self.packets.begin(unit)
        assert begun is not None
        return begun

    def write(self, unit: PacketizedFrame) -> list[RtpPacket]:
        begun = self.begin(unit)
        count = len(unit.payloads)
        return read(self.packets.write(begun, 0, count, has_marker=unit.is_video, now=1.0))


def read(packets: list[bytes]) -> list[RtpPacket]:
    known = HeaderExtensionsMap()
    extensions = [RTCRtpHeaderExtensionParameters(id=n, uri=uri) for uri, n in IDS.items()]
    known.configure(RTCRtpParameters(headerExtensions=extensions))
    return [RtpPacket.parse(packet, known) for packet in packets]


def frame(index: int, *payloads: bytes, codec: Codec = Codec.H264, **more: bool) -> PacketizedFrame:
    return PacketizedFrame(
        payloads=payloads or (b"only",),
        codec=codec,
        pts=3000 * index,
        clock_rate=90_000,
        capture_us=1_000_000 * index,
        is_video=True,
        is_key=more.get("key", False),
        is_live=more.get("live", True),
    )


def test_a_unit_is_numbered_when_it_begins_and_may_leave_in_parts() -> None:
    track = Packets(H264)
    one, two = frame(0, b"a", b"b", b"c", key=True), frame(1, b"d")
    begun = track.begin(one)
    parts = track.packets.write(begun, 0, 2, has_marker=True, now=1.0)
    parts += track.packets.write(begun, 2, 3, has_marker=True, now=2.0)
    packets = [*read(parts), *track.write(two)]
    first = packets[0].sequence_number
    assert [p.payload for p in packets] == [b"a", b"b", b"c", b"d"]
    assert [p.sequence_number for p in packets] == [first + n for n in range(4)]
    assert [p.marker for p in packets] == [0, 0, 1, 1]
    assert [p.timestamp for p in packets] == [OFFSET] * 3 + [3000 - 256]
    assert [p.extensions.transport_sequence_number for p in packets] == [0, 1, 2, 3]
    assert [(g.first, g.sent_at) for g in track.sent.waiting()] == [(0, 1.0), (2, 2.0), (3, 1.0)]


def test_numbers_begin_below_the_half() -> None:
    """RFC 3711 section 3.3.1: or the first loss could be taken for a wrap-around."""
    firsts = [Packets(H264).write(frame(0, key=True))[0].sequence_number for _ in range(50)]
    assert max(firsts) < 32_768 and len(set(firsts)) > 1


def test_the_first_payload_type_of_a_codec_is_used_and_another_codec_is_none() -> None:
    track = Packets(VP8, H264, AGAIN)
    assert track.packets.can_send(Codec.H264) and not track.packets.can_send(Codec.VP9)
    assert track.write(frame(0, key=True))[0].payload_type == 102
    assert track.packets.begin(frame(1, codec=Codec.VP9)) is None
    assert track.write(frame(2))[0].payload_type == 102


def test_the_time_of_sending_is_that_of_now() -> None:
    (packet,) = Packets(H264).write(frame(0, key=True))
    # abs-send-time: seconds by 2^18, in 24 bits.
    now = time.time() % 64
    told = (packet.extensions.abs_send_time or 0) / 2**18
    assert (now - told) % 64 < 1.0


def test_without_the_extension_nothing_is_noted() -> None:
    track = Packets(H264, numbered=False)
    (packet,) = track.write(frame(0, key=True))
    assert packet.extensions.transport_sequence_number is None
    assert list(track.sent.waiting()) == []


def test_a_packet_is_repeated_by_rtx_with_a_number_of_its_own() -> None:
    track = Packets(H264, RTX)
    lost = track.write(frame(0, b"one", b"two", key=True))[1]
    again = [track.packets.repeat(lost.sequence_number, now=3.0) for _ in range(2)]
    first, second = read([packet for packet in again if packet is not None])
    assert (first.ssrc, first.payload_type) == (RTX_SSRC, 103)
    assert second.sequence_number == first.sequence_number + 1
    assert second.extensions.transport_sequence_number == 3
    restored = unwrap_rtx(first, payload_type=102, ssrc=SSRC)
    assert (restored.payload, restored.marker) == (b"two", 1)
    assert (restored.sequence_number, restored.timestamp) == (lost.sequence_number, OFFSET)


def test_or_as_it_was_where_there_is_no_rtx() -> None:
    track = Packets(H264)
    lost = track.write(frame(0, b"one", b"two", key=True))[0]
    again = track.packets.repeat(lost.sequence_number, now=3.0)
    assert again is not None
    (packet,) = read([again])
    assert (packet.ssrc, packet.payload_type, packet.payload) == (SSRC, 102, b"one")
    assert (packet.sequence_number, packet.marker) == (lost.sequence_number, 0)


@pytest.mark.parametrize("step", [1, 500, -1])
def test_what_was_never_sent_is_not_repeated(step: int) -> None:
    track = Packets(H264, RTX)
    sequence = track.write(frame(0, key=True))[0].sequence_number
    assert track.packets.repeat((sequence + step) & 0xFFFF, now=1.0) is None


def test_a_report_is_about_the_last_live_unit_whose_time_was_not_moved() -> None:
    track = Packets(H264)
    assert track.packets.report_base is None
    track.write(frame(5, key=True))
    assert track.packets.report_base == (5_000_000, (15_000 + OFFSET) & 0xFFFFFFFF)
    track.write(frame(6, live=False))
    track.write(frame(3, key=True))  # behind what was sent, so it gets another time
    assert track.packets.report_base == (5_000_000, (15_000 + OFFSET) & 0xFFFFFFFF)
    track.write(frame(7))
    assert track.packets.report_base == (7_000_000, (21_000 + OFFSET) & 0xFFFFFFFF)
