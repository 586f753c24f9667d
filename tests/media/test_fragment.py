"""What payloads of all codecs say of their beginning: ``fragment.py``."""

from __future__ import annotations

import dataclasses

import pytest

from media.codec import Codec
from media.fragment import Fragment, PayloadStart
from tests.app import coding
from tests.media.payloads import depacketize, packetize

MTU = 200
HEADS = {
    # (first payload of a key frame, of another frame, every further payload)
    Codec.H264: (PayloadStart.UNKNOWN, PayloadStart.UNKNOWN, PayloadStart.UNKNOWN),
    Codec.VP8: (PayloadStart.UNKNOWN, PayloadStart.UNKNOWN, PayloadStart.MIDDLE),
    Codec.VP9: (PayloadStart.KEY, PayloadStart.FRAME, PayloadStart.MIDDLE),
    Codec.AV1: (PayloadStart.KEY, PayloadStart.UNKNOWN, PayloadStart.MIDDLE),
}
UNITS = {
    Codec.H264: coding.h264(160, 90, 2),
    Codec.VP8: coding.vp8(160, 90, 2),
    Codec.VP9: coding.vp9(160, 90, 2),
    Codec.AV1: coding.av1(160, 90, 2),
}
EACH = pytest.mark.parametrize("codec", list(HEADS), ids=lambda codec: codec.name.lower())


@EACH
def test_a_format_tells_beginnings_as_far_as_it_can(codec: Codec) -> None:
    first, other, further = HEADS[codec]
    for unit, head in zip(UNITS[codec], (first, other), strict=True):
        heads = [depacketize(codec, each).head for each in packetize(codec, unit, mtu=MTU)]
        assert len(heads) > 1
        assert heads == [head] + [further] * (len(heads) - 1)


@EACH
def test_no_payload_of_a_frame_that_refers_to_others_is_taken_for_a_key_frame(codec: Codec) -> None:
    key, other = UNITS[codec]
    heads = {depacketize(codec, each).head for each in packetize(codec, other, mtu=MTU)}
    assert PayloadStart.KEY not in heads


@pytest.mark.parametrize("codec", list(Codec), ids=lambda codec: codec.name.lower())
def test_a_payload_of_padding_alone_has_no_data_and_tells_nothing(codec: Codec) -> None:
    assert depacketize(codec, b"") == Fragment(b"", PayloadStart.UNKNOWN)


def test_a_fragment_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Fragment(b"x").data = b"y"  # type: ignore[misc]
