"""Payload formats of all codecs, on units of real encoders."""

from __future__ import annotations

import pytest

from media.codec import MAX_PAYLOAD, Codec
from media.codec_table import DESCRIPTORS
from tests.app import coding
from tests.media.payloads import depacketize, inspect, joined, packetize

UNITS = {
    Codec.H264: coding.h264(96, 64, 4),
    Codec.VP8: coding.vp8(96, 64, 4),
    Codec.VP9: coding.vp9(96, 64, 4),
}
EACH = pytest.mark.parametrize("codec", list(UNITS), ids=lambda codec: codec.name.lower())


@EACH
@pytest.mark.parametrize("mtu", [60, 100, 333, MAX_PAYLOAD])
def test_payloads_of_any_size_make_the_unit_again(codec: Codec, mtu: int) -> None:
    for unit in UNITS[codec]:
        payloads = packetize(codec, unit, mtu=mtu)
        assert max(map(len, payloads)) <= mtu
        assert inspect(codec, joined(codec, payloads)) == inspect(codec, unit)
        if codec is not Codec.H264:  # whose start codes may have three bytes or four
            assert joined(codec, payloads) == unit


@EACH
def test_the_head_of_a_unit_tells_key_frames_and_their_size(codec: Codec) -> None:
    infos = [inspect(codec, unit) for unit in UNITS[codec]]
    assert [info.is_key for info in infos] == [True, False, False, False]
    assert (infos[0].width, infos[0].height) == (96, 64)


@EACH
def test_a_key_frame_is_known_by_one_of_its_payloads_and_others_are_not(codec: Codec) -> None:
    described = DESCRIPTORS[codec]
    sizes = [
        [described.key_frame_size(depacketize(codec, each)) for each in packetize(codec, unit)]
        for unit in UNITS[codec]
    ]
    assert (96, 64) in sizes[0]
    assert all(size == (0, 0) for later in sizes[1:] for size in later)


@EACH
def test_fewer_bytes_a_payload_are_more_payloads(codec: Codec) -> None:
    unit = UNITS[codec][0]
    counts = [len(packetize(codec, unit, mtu=mtu)) for mtu in (60, 120, 240, MAX_PAYLOAD)]
    assert counts == sorted(counts, reverse=True) and counts[0] > counts[-1]


@EACH
def test_a_payload_that_is_cut_is_refused_or_read_and_never_breaks(codec: Codec) -> None:
    for payload in packetize(codec, UNITS[codec][0], mtu=100):
        for end in range(len(payload)):
            try:
                fragment = depacketize(codec, payload[:end])
            except ValueError:
                continue
            assert len(fragment.data) <= end + 4
