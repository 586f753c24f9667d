"""What holds for every codec of the table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.codec import Codec, CodecDescriptor
from media.codec_table import BY_NAME, DESCRIPTORS, ENCODED, TABLE
from media.fragment import Fragment, PayloadStart
from media.limits import MAX_SIDE

EACH = pytest.mark.parametrize("codec", TABLE, ids=lambda codec: codec.name)


def test_every_number_on_the_wire_has_one_line() -> None:
    assert set(DESCRIPTORS) == set(Codec) and len(TABLE) == len(Codec)
    assert set(BY_NAME) == {codec.name.lower() for codec in Codec}
    assert [each.name for each in ENCODED] == ["h264", "vp8"]


@EACH
def test_names_go_together(codec: CodecDescriptor) -> None:
    assert codec.name == codec.codec.name.lower() == codec.encoding_name.lower()
    assert codec.mime_type == f"{codec.kind}/{codec.encoding_name}"
    assert codec.rtpmap.startswith(f"{codec.encoding_name}/{codec.clock_rate}")
    assert (codec.kind == "audio") is (codec.channels > 0)


@EACH
def test_padding_has_no_bytes(codec: CodecDescriptor) -> None:
    assert codec.depacketize(b"").data == b""
    assert codec.packetize(b"", picture_id=0, is_key=True, size=(0, 0)) == []


@given(st.binary(min_size=1, max_size=60), st.sampled_from(TABLE))
def test_any_payload_has_bytes_or_is_refused_with_a_value_error(
    data: bytes, codec: CodecDescriptor
) -> None:
    try:
        fragment = codec.depacketize(data)
    except ValueError:
        return
    assert max(codec.key_frame_size(fragment)) <= 2**16


@given(
    st.lists(st.sampled_from([b"\x00\x00\x01", b"\x00", b"\x65", b"\x67ab", b"\x01" * 1400])),
    st.sampled_from([each for each in TABLE if each.kind == "video"]),
    st.booleans(),
)
def test_whatever_a_publisher_sent_can_be_packetized(
    parts: list[bytes], codec: CodecDescriptor, is_key: bool
) -> None:
    unit = b"".join(parts)
    for payload in codec.packetize(unit, picture_id=1, is_key=is_key, size=(64, 48)):
        assert 0 < len(payload) <= 1300


@EACH
def test_picture_ids_beyond_15_bits_wrap(codec: CodecDescriptor) -> None:
    low, high = (
        codec.packetize(b"\0\0\1\x65abc", picture_id=number, is_key=False, size=(0, 0))
        for number in (5, 5 + (1 << 15))
    )
    assert low == high


@given(st.binary(max_size=200), st.sampled_from(TABLE))
def test_no_bytes_break_it(data: bytes, codec: CodecDescriptor) -> None:
    start = b"\x00\x00\x01\x67"
    vp8, vp9 = b"\x10\x00\x00\x9d\x01*", b"\x82\x49\x83\x42"
    for head in (b"", start, start + b"\x64\x00\x1f", vp8, vp9):
        info = codec.inspect(head + data)
        assert 0 <= info.width <= MAX_SIDE
        assert 0 <= info.height <= MAX_SIDE


@given(st.binary(max_size=40), st.sampled_from(TABLE), st.sampled_from(PayloadStart))
def test_any_payload_begins_a_key_frame_of_some_size_or_none(
    data: bytes, codec: CodecDescriptor, head: PayloadStart
) -> None:
    for whole in (data, b"\x00\x00\x00\x01" + data):
        assert min(codec.key_frame_size(Fragment(whole, head))) >= 0
