from __future__ import annotations

import pytest
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import HeaderExtensionsMap, RtpPacket

from app.webrtc.rtp_header import RtpHeader

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"


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
