from __future__ import annotations

import struct

import pytest
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import HeaderExtensionsMap, RtpPacket

from app.webrtc.extension_map import MID, SEND_TIME, TRANSPORT_NUMBER
from app.webrtc.rtp_header import RtpHeader


def one(header: RtpHeader, payload: bytes = b"", *, sequence: int = 0) -> bytes:
    """One packet without a marker."""
    (packet,) = header.pack_all(
        (payload,), payload_type=96, marker=False, sequence=sequence, timestamp=0, send_time=1
    )
    return packet


@pytest.mark.parametrize("mid,mid_id", [("0", 1), ("video-section-16", 14), ("0", None)])
@pytest.mark.parametrize("time_id", [None, 2])
@pytest.mark.parametrize("number_id", [None, 3])
def test_aiortc_reads_our_headers_back(
    mid: str, mid_id: int | None, time_id: int | None, number_id: int | None
) -> None:
    known = HeaderExtensionsMap()
    extensions = [
        RTCRtpHeaderExtensionParameters(id=number, uri=uri)
        for number, uri in ((mid_id, MID), (time_id, SEND_TIME), (number_id, TRANSPORT_NUMBER))
        if number is not None
    ]
    known.configure(RTCRtpParameters(headerExtensions=extensions))
    header = RtpHeader(
        ssrc=0xDEADBEEF, mid=mid, mid_id=mid_id, time_id=time_id, number_id=number_id
    )
    assert header.has_number is (number_id is not None)
    packets = header.pack_all(
        (b"first", b"second", b"last"),
        payload_type=96,
        marker=True,
        sequence=65534,
        timestamp=2**32 - 1,
        send_time=0xABCDEF,
        number=65535,
    )
    for place, (data, payload) in enumerate(
        zip(packets, (b"first", b"second", b"last"), strict=True)
    ):
        packet = RtpPacket.parse(data, known)
        assert (packet.version, packet.payload_type, packet.marker) == (2, 96, place == 2)
        assert (packet.sequence_number, packet.timestamp) == ((65534 + place) % 65536, 2**32 - 1)
        assert (packet.ssrc, packet.payload) == (0xDEADBEEF, payload)
        assert packet.extensions.mid == (mid if mid_id is not None else None)
        assert packet.extensions.abs_send_time == (0xABCDEF if time_id is not None else None)
        assert len(data) == header.size + len(payload)
        wide = (65535 + place) % 65536 if number_id is not None else None
        assert packet.extensions.transport_sequence_number == wide


@pytest.mark.parametrize("number", [0, 15, 16, 255, 4096])
def test_extensions_that_the_one_byte_form_has_no_room_for_are_left_out(number: int) -> None:
    header = RtpHeader(ssrc=1, mid="0", mid_id=number, time_id=number, number_id=number)
    assert len(one(header)) == 12


@pytest.mark.parametrize("mid", ["ä" * 9, "x" * 17, ""])
def test_a_mid_that_fits_no_one_byte_extension_is_left_out(mid: str) -> None:
    """Letters are counted in bytes."""
    assert len(one(RtpHeader(ssrc=1, mid=mid, mid_id=1, time_id=None))) == 12


def test_a_number_that_fits_no_field_is_an_error() -> None:
    header = RtpHeader(ssrc=2**32, mid="", mid_id=None, time_id=None)
    with pytest.raises(struct.error):
        one(header)


def test_what_leaves_in_parts_is_what_leaves_at_once() -> None:
    header = RtpHeader(ssrc=1, mid="0", mid_id=1, time_id=2)
    payloads = tuple(bytes([n]) * n for n in range(1, 6))
    whole = header.pack_all(
        payloads, payload_type=96, marker=True, sequence=9, timestamp=8, send_time=7
    )
    parts = [
        *header.pack_all(
            payloads[:2], payload_type=96, marker=False, sequence=9, timestamp=8, send_time=7
        ),
        *header.pack_all(
            payloads[2:], payload_type=96, marker=True, sequence=11, timestamp=8, send_time=7
        ),
    ]
    assert parts == whole
