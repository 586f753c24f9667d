from __future__ import annotations

from collections.abc import Callable

import pytest
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import HeaderExtensionsMap, RtpPacket
from hypothesis import given
from hypothesis import strategies as st

from app.webrtc.payload_formats import MAX_AGGREGATED, RtpHeader, depayload, packetize
from media.codec import Codec
from media.fragment import Fragment, PayloadStart
from media.h264_stream import nal_units
from tests.app import coding

Code = Callable[..., tuple[bytes, ...]]

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"


def round_trip(codec: Codec, unit: bytes) -> bytes:
    payloads = packetize(codec, unit, picture_id=77)
    assert all(0 < len(payload) <= 1300 for payload in payloads)
    return b"".join(depayload(codec, payload).data for payload in payloads)


@pytest.mark.parametrize("size", [(98, 54), (480, 270), (1280, 720)])
def test_h264_units_come_back_nal_by_nal(size: tuple[int, int]) -> None:
    units = coding.h264(*size, 3)
    back = [round_trip(Codec.H264, unit) for unit in units]
    assert [list(nal_units(unit)) for unit in back] == [list(nal_units(unit)) for unit in units]
    assert coding.decode(Codec.H264, back) == [size] * 3


@pytest.mark.parametrize("codec,code", [(Codec.VP8, coding.vp8), (Codec.VP9, coding.vp9)])
@pytest.mark.parametrize("size", [(98, 54), (480, 270), (1280, 720)])
def test_vp8_and_vp9_units_come_back_byte_by_byte(
    codec: Codec, code: Code, size: tuple[int, int]
) -> None:
    units = code(*size, 3)
    assert tuple(round_trip(codec, unit) for unit in units) == units


def test_an_opus_packet_is_one_payload() -> None:
    assert packetize(Codec.OPUS, coding.OPUS_SILENCE, picture_id=0) == [coding.OPUS_SILENCE]
    assert depayload(Codec.OPUS, coding.OPUS_SILENCE).data == coding.OPUS_SILENCE


@pytest.mark.parametrize("codec", list(Codec))
def test_padding_has_no_bytes(codec: Codec) -> None:
    assert depayload(codec, b"") == Fragment(b"")


@given(st.binary(min_size=1, max_size=60), st.sampled_from(list(Codec)))
def test_any_payload_has_bytes_or_is_refused_with_a_value_error(data: bytes, codec: Codec) -> None:
    try:
        depayload(codec, data)
    except ValueError:
        pass


@given(
    st.lists(st.sampled_from([b"\x00\x00\x01", b"\x00", b"\x65", b"\x67ab", b"\x01" * 1400])),
    st.sampled_from([Codec.H264, Codec.VP8, Codec.VP9]),
)
def test_whatever_a_publisher_sent_can_be_packetized(parts: list[bytes], codec: Codec) -> None:
    for payload in packetize(codec, b"".join(parts), picture_id=1):
        assert 0 < len(payload) <= 1300


@pytest.mark.parametrize("codec,code", [(Codec.VP8, coding.vp8), (Codec.VP9, coding.vp9)])
def test_picture_ids_beyond_15_bits_wrap(codec: Codec, code: Code) -> None:
    unit = code(98, 54)[0]
    low, high = (packetize(codec, unit, picture_id=i) for i in (5, 5 + (1 << 15)))
    assert low == high


@pytest.mark.parametrize("mid,mid_id", [("0", 1), ("video-section-16", 14), ("0", None)])
@pytest.mark.parametrize("time_id", [None, 2])
def test_aiortc_reads_our_headers_back(mid: str, mid_id: int | None, time_id: int | None) -> None:
    known = HeaderExtensionsMap()
    extensions = [
        RTCRtpHeaderExtensionParameters(id=number, uri=uri)
        for number, uri in ((mid_id, MID), (time_id, SEND_TIME))
        if number is not None
    ]
    known.configure(RTCRtpParameters(headerExtensions=extensions))
    header = RtpHeader(ssrc=0xDEADBEEF, mid=mid, mid_id=mid_id, time_id=time_id)
    data = header.pack(
        payload_type=96, marker=True, sequence=65535, timestamp=2**32 - 1, send_time=0xABCDEF
    )
    packet = RtpPacket.parse(data + b"payload", known)
    assert (packet.version, packet.payload_type, packet.marker) == (2, 96, 1)
    assert (packet.sequence_number, packet.timestamp) == (65535, 2**32 - 1)
    assert (packet.ssrc, packet.payload) == (0xDEADBEEF, b"payload")
    assert packet.extensions.mid == (mid if mid_id is not None else None)
    assert packet.extensions.abs_send_time == (0xABCDEF if time_id is not None else None)


@pytest.mark.parametrize("number", [0, 15, 16, 255, 4096])
def test_extensions_that_the_one_byte_form_has_no_room_for_are_left_out(number: int) -> None:
    header = RtpHeader(ssrc=1, mid="0", mid_id=number, time_id=number)
    data = header.pack(payload_type=96, marker=False, sequence=0, timestamp=0, send_time=1)
    assert len(data) == 12


def test_a_mid_of_other_letters_is_counted_in_bytes() -> None:
    header = RtpHeader(ssrc=1, mid="ä" * 9, mid_id=1, time_id=None)
    data = header.pack(payload_type=96, marker=False, sequence=0, timestamp=0, send_time=0)
    assert len(data) == 12


def test_a_mid_that_fits_no_one_byte_extension_is_left_out() -> None:
    header = RtpHeader(ssrc=1, mid="x" * 17, mid_id=1, time_id=None)
    data = header.pack(payload_type=96, marker=False, sequence=0, timestamp=0, send_time=0)
    assert len(data) == 12


def test_a_packet_of_very_many_nal_units_is_malformed() -> None:
    many = b"\x18" + b"\x00\x01\x41" * MAX_AGGREGATED
    assert depayload(Codec.H264, many).data.count(b"\x41") == MAX_AGGREGATED
    for more in (many + b"\x00\x01\x41", b"\x18" + b"\x00\x01\x41" * 480):
        with pytest.raises(ValueError, match="aggregates more than"):
            depayload(Codec.H264, more)


def test_vp8_tells_where_a_frame_begins() -> None:
    (unit,) = coding.vp8(480, 270)
    payloads = packetize(Codec.VP8, unit, picture_id=1)
    assert len(payloads) > 1
    heads = [depayload(Codec.VP8, payload).head for payload in payloads]
    assert heads == [PayloadStart.UNKNOWN] + [PayloadStart.MIDDLE] * (len(payloads) - 1)
    # The beginning of a further partition (RFC 7741 section 4.2).
    assert depayload(Codec.VP8, b"\x11rest").head is PayloadStart.MIDDLE
