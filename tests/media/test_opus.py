"""``media/opus.py``: one packet is one payload; stereo in answers."""

from __future__ import annotations

import pytest

from media.codec import MAX_PAYLOAD, Codec
from media.coded_picture import FrameInfo
from media.opus import OPUS
from tests.app import coding
from tests.media.payloads import depacketize, inspect, packetize


def test_a_packet_is_one_payload() -> None:
    for packet in (coding.OPUS_SILENCE, bytes(MAX_PAYLOAD + 1)):
        assert packetize(Codec.OPUS, packet) == [packet]
        assert depacketize(Codec.OPUS, packet).data == packet
    assert packetize(Codec.OPUS, b"") == []


def test_decoding_starts_anywhere() -> None:
    assert inspect(Codec.OPUS, coding.OPUS_SILENCE) == FrameInfo(True)


@pytest.mark.parametrize(
    ("offered", "answered"),
    [
        ("minptime=10;useinbandfec=1", "minptime=10;useinbandfec=1"),
        ("stereo=1", "stereo=1;sprop-stereo=1"),
        ("sprop-stereo=1;minptime=10", "sprop-stereo=1;minptime=10;stereo=1"),
        ("stereo=0", "stereo=0"),
        ("", ""),
    ],
)
def test_stereo_is_said_where_the_offer_says_it(offered: str, answered: str) -> None:
    assert OPUS.answer(offered) == answered
    assert OPUS.rtpmap == "opus/48000/2"
