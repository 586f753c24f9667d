"""``media/opus.py``: one packet is one payload; stereo in answers."""

from __future__ import annotations

import pytest

from media.codec import MAX_PAYLOAD, Codec
from media.coded_picture import FrameInfo
from media.opus import OPUS, duration_of
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


@pytest.mark.parametrize(
    ("unit", "ticks"),
    [
        (b"\xf8\xff\xfe", 960),  # CELT, 20 ms
        (b"\x08x", 960),  # SILK, 20 ms
        (b"\x18x", 2880),  # SILK, 60 ms
        (b"\x60x", 480),  # hybrid, 10 ms
        (b"\xe0x", 120),  # CELT, 2.5 ms
        (b"\xf9xy", 1920),  # two frames of one length
        (b"\xfaxy", 1920),  # two frames
        (b"\xfb\x03xyz", 2880),  # three frames
        (b"\xfb\x46xyz", 5760),  # six frames, padded
    ],
)
def test_a_packet_tells_how_long_it_is(unit: bytes, ticks: int) -> None:
    assert duration_of(unit) == ticks


@pytest.mark.parametrize("unit", [b"", b"\xfb", b"\xfb\x00", b"\xfb\x07x", b"\x1bx"])
def test_a_damaged_packet_has_no_length(unit: bytes) -> None:
    assert duration_of(unit) == 0
