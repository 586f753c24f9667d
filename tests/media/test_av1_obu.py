"""``media/av1_obu.py``: OBUs, sequence headers and heads of key frames."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media import av1_obu
from media.av1_obu import (
    FRAME,
    SEQUENCE_HEADER,
    TEMPORAL_DELIMITER,
    ColourConfig,
    Sequence,
    TooManyObus,
    encode_leb128,
    is_shown_key_frame,
    key_frame_size,
    kind_of,
    parse_colour,
    parse_leb128,
    parse_sequence,
    split_obus,
    with_size,
)
from media.bit_reader import BitReader
from tests.app import coding
from tests.media.av1_parts import frame_of, obu_of, sequence_of


@given(st.integers(0, 2**56 - 1))
def test_numbers_come_back(value: int) -> None:
    data = encode_leb128(value)
    assert parse_leb128(data, 0) == (value, len(data))
    assert parse_leb128(b"\x80" + data + b"rest", 1) == (value, 1 + len(data))


@pytest.mark.parametrize("data", [b"", b"\x80", b"\xff" * 9])
def test_a_number_that_does_not_end_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="cut off"):
        parse_leb128(data, 0)


def test_numbers_need_not_be_short() -> None:
    assert parse_leb128(b"\x85\x80\x00", 0) == (5, 3)


@given(st.lists(st.tuples(st.integers(0, 15), st.booleans(), st.binary(max_size=300))))
def test_obus_come_back_without_their_sizes(parts: list[tuple[int, bool, bytes]]) -> None:
    obus = [obu_of(kind, body, extension=extended) for kind, extended, body in parts]
    unit = b"".join(map(with_size, obus))
    assert list(split_obus(unit)) == obus
    assert [kind_of(obu) for obu in obus] == [kind for kind, _, _ in parts]


def test_an_obu_without_a_size_is_the_last() -> None:
    bare = obu_of(FRAME, b"frame")
    assert list(split_obus(with_size(obu_of(5, b"meta")) + bare))[-1] == bare


@pytest.mark.parametrize(
    "unit", [b"\x92\x00", b"\x36", b"\x32", b"\x32\x80", b"\x32\x05abcd", b"\x12\x00\x32\x02a"]
)
def test_what_is_cut_off_is_refused(unit: bytes) -> None:
    with pytest.raises(ValueError, match="AV1"):
        list(split_obus(unit))


def test_more_obus_than_any_encoder_makes_are_refused() -> None:
    assert len(list(split_obus(b"\x12\x00" * av1_obu.MAX_OBUS))) == av1_obu.MAX_OBUS
    with pytest.raises(TooManyObus):
        list(split_obus(b"\x12\x00" * (av1_obu.MAX_OBUS + 1)))


@pytest.mark.parametrize("size", [(64, 64), (98, 54), (480, 270), (1920, 1080)])
def test_a_real_encoders_headers_are_read(size: tuple[int, int]) -> None:
    first, second = (list(split_obus(unit)) for unit in coding.av1(*size, 2))
    assert [kind_of(obu) for obu in first] == [TEMPORAL_DELIMITER, SEQUENCE_HEADER, FRAME]
    sequence = parse_sequence(first[1])
    assert (sequence.width, sequence.height) == size
    assert not sequence.is_layered and not sequence.is_still
    assert is_shown_key_frame(first[2], sequence)
    assert key_frame_size(first[2], sequence) == size
    assert not is_shown_key_frame(second[1], sequence)


@pytest.mark.parametrize("timing", [False, True])
@pytest.mark.parametrize("model", [False, True])
@pytest.mark.parametrize("points", [(0x101,), (0x303, 0x101), (0x701, 0x303, 0x101)])
@pytest.mark.parametrize("frame_ids", [False, True])
def test_every_form_of_a_sequence_header_is_read(
    timing: bool, model: bool, points: tuple[int, ...], frame_ids: bool
) -> None:
    header = sequence_of(
        1280, 720, points=points, timing=timing, model=timing and model, frame_ids=frame_ids
    )
    sequence = parse_sequence(header)
    assert (sequence.width, sequence.height) == (1280, 720)
    assert sequence.is_layered is (len(points) > 1)
    assert sequence.has_decoder_model is (timing and model)
    assert sequence.frame_id_bits == (15 if frame_ids else 0)
    assert (sequence.order_hint_bits, sequence.screen_content, sequence.integer_mv) == (7, 2, 2)


def test_a_still_picture_is_a_key_frame() -> None:
    sequence = parse_sequence(sequence_of(640, 360, still=True))
    assert (sequence.width, sequence.height, sequence.is_still) == (640, 360, True)
    assert is_shown_key_frame(obu_of(FRAME, b""), sequence)
    assert key_frame_size(obu_of(FRAME, b""), sequence) == (640, 360)


@pytest.mark.parametrize("frame_ids", [False, True])
@pytest.mark.parametrize("size", [(640, 360), (320, 180), (1280, 720)])
def test_a_key_frame_may_be_smaller_than_its_sequence(
    size: tuple[int, int], frame_ids: bool
) -> None:
    sequence = parse_sequence(sequence_of(1280, 720, frame_ids=frame_ids))
    frame = frame_of(sequence, size=size)
    assert is_shown_key_frame(frame, sequence)
    assert key_frame_size(frame, sequence) == size
    assert key_frame_size(frame_of(sequence), sequence) == (1280, 720)


def test_a_key_frame_is_never_larger_than_its_sequence_says() -> None:
    sequence = parse_sequence(sequence_of(1280, 720))
    assert key_frame_size(frame_of(sequence, size=(2048, 1024)), sequence) == (1280, 720)
    assert key_frame_size(obu_of(FRAME, b"\x10"), sequence) == (1280, 720)


@pytest.mark.parametrize("kind", [1, 2, 3])
def test_other_frames_are_no_key_frames(kind: int) -> None:
    assert not is_shown_key_frame(obu_of(FRAME, bytes([kind << 5 | 0x10])), None)


def test_a_frame_that_is_not_shown_or_shown_again_is_no_key_frame() -> None:
    assert not is_shown_key_frame(obu_of(FRAME, b"\x00"), None)
    assert not is_shown_key_frame(obu_of(FRAME, b"\x90"), None)
    assert not is_shown_key_frame(obu_of(FRAME, b""), None)


@given(st.binary(max_size=60), st.booleans())
def test_any_header_is_read_or_refused_with_a_value_error(body: bytes, extended: bool) -> None:
    obu = obu_of(SEQUENCE_HEADER, body, extension=extended)
    try:
        sequence = parse_sequence(obu)
    except ValueError:
        return
    assert isinstance(sequence, Sequence) and 1 <= sequence.width <= 2**16
    assert max(key_frame_size(obu_of(FRAME, body), sequence)) <= 2**16


def test_a_sequence_tells_who_can_decode_it() -> None:
    found = parse_sequence(sequence_of(640, 352))
    assert (found.profile, found.level, found.tier) == (0, 6, 0)
    assert found.colour == ColourConfig(8, False, 1, 1, 0)


@pytest.mark.parametrize(
    ("profile", "bits", "colour"),
    [
        (0, "1" + "0" + "0" + "0" + "01", ColourConfig(10, False, 1, 1, 1)),
        (0, "0" + "1" + "0" + "0", ColourConfig(8, True)),
        (1, "0" + "0" + "0", ColourConfig(8, False, 0, 0)),
        (1, "0" + "1" + f"{1:08b}{13:08b}{0:08b}", ColourConfig(8, False, 0, 0)),
        (2, "0" + "0" + "0" + "0", ColourConfig(8, False, 1, 0)),
        (2, "1" + "1" + "0" + "0" + "0" + "0", ColourConfig(12, False, 0, 0)),
        (2, "1" + "1" + "0" + "0" + "0" + "11" + "10", ColourConfig(12, False, 1, 1, 2)),
    ],
)
def test_colours_of_all_profiles_are_read(profile: int, bits: str, colour: ColourConfig) -> None:
    bits += "0" * 16
    data = int(bits[: len(bits) // 8 * 8], 2).to_bytes(len(bits) // 8, "big")
    assert parse_colour(BitReader(data), profile) == colour
