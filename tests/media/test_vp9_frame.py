from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.codec import Codec
from media.vp9_frame import MAX_FRAMES, FrameHead, join_layers, parse_head, split_superframe
from tests.app import coding

HIDDEN = coding.vp9(96, 54, 25, hidden=True)
SUPERFRAMES = [unit for unit in HIDDEN if len(split_superframe(unit)) > 1]


def bits(text: str) -> bytes:
    """Bytes of a string of bits; blanks are passed over."""
    digits = text.replace(" ", "")
    digits += "0" * (-len(digits) % 8)
    return bytes(int(digits[at : at + 8], 2) for at in range(0, len(digits), 8))


SYNC = f"{0x498342:024b}"
SIZE = f"{639:016b} {359:016b}"

# By hand from section 6.2 of the VP9 specification.
HEADS = {
    "a key frame": (f"10 00 0 0 1 0 {SYNC} 010 0 {SIZE}", FrameHead(True, True, 640, 360)),
    "a hidden key frame": (f"10 00 0 0 0 0 {SYNC} 010 0 {SIZE}", FrameHead(True, False, 640, 360)),
    "a frame shown again": ("10 00 1 011", FrameHead(False, True)),
    "an intra-only frame": (
        f"10 00 0 1 0 0 1 00 {SYNC} 11111111 {SIZE}",
        FrameHead(False, False, 640, 360),
    ),
    "a resilient intra-only frame": (
        f"10 00 0 1 0 1 1 {SYNC} 11111111 {SIZE}",
        FrameHead(False, False, 640, 360),
    ),
    "a frame of its reference's size": (
        "10 00 0 1 1 0 00 00000001 0000 0000 0000 0 1",
        FrameHead(False, True),
    ),
    "a frame of another size": (
        f"10 00 0 1 1 1 00000001 0000 0000 0000 000 {SIZE}",
        FrameHead(False, True, 640, 360),
    ),
    "a hidden frame": (
        "10 00 0 1 0 0 0 00 00000001 0000 0000 0000 1",
        FrameHead(False, False),
    ),
}


@pytest.mark.parametrize("name", HEADS)
def test_heads_by_hand_are_read(name: str) -> None:
    text, head = HEADS[name]
    assert parse_head(bits(text) + b"rest") == head


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("01 00 0 0 1 0", "no frame marker"),
        ("10 10 0 0 1 0", "not of profile 0"),
        ("10 01 0 0 1 0", "not of profile 0"),
        (f"10 00 0 0 1 0 {'0' * 24} 010 0 {SIZE}", "no sync code"),
        (f"10 00 0 0 1 0 {SYNC} 111 0 {SIZE}", "cannot be RGB"),
        (f"10 00 0 0 1 0 {SYNC} 010 0", "cut off"),
        ("", "cut off"),
    ],
)
def test_what_is_no_frame_is_refused_with_a_sentence(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_head(bits(text))


@pytest.mark.parametrize("size", [(98, 54), (480, 270), (1920, 1080)])
def test_libvpxs_frames_are_read(size: tuple[int, int]) -> None:
    heads = [parse_head(unit) for unit in coding.vp9(*size, 3)]
    assert heads == [FrameHead(True, True, *size), *[FrameHead(False, True)] * 2]


def test_libvpxs_superframes_hold_hidden_frames_and_one_that_is_shown() -> None:
    assert SUPERFRAMES
    for unit in SUPERFRAMES:
        shown = [parse_head(frame).is_shown for frame in split_superframe(unit)]
        assert shown == [False, True]
    assert coding.decode(Codec.VP9, list(HIDDEN)) == [(96, 54)] * 25


def test_a_frame_without_an_index_is_one_frame() -> None:
    for unit in coding.vp9(98, 54, 3):
        assert split_superframe(unit) == [unit]
    assert split_superframe(b"") == [b""]


@pytest.mark.parametrize(
    "data",
    [
        b"\xc9",  # an index longer than the data
        b"frame\xc1\x03\x02\xc9",  # its first byte is not its last
        b"frame\xc1\x03\x03\xc1",  # more bytes than there are
        b"\xc1\x00\x00\xc1",  # no frame at all
    ],
)
def test_a_broken_index_is_part_of_the_frame(data: bytes) -> None:
    assert split_superframe(data) == [data]


def test_empty_frames_of_an_index_are_passed_over() -> None:
    assert split_superframe(b"frame\xc2\x02\x00\x03\xc2") == [b"fr", b"ame"]


frames = st.lists(
    st.binary(min_size=1, max_size=300).filter(lambda frame: frame[-1] >> 5 != 0b110),
    min_size=2,
    max_size=MAX_FRAMES,
)


def cuts(parts: list[bytes]) -> list[int]:
    return [sum(map(len, parts[:count])) for count in range(1, len(parts))]


@settings(max_examples=100, deadline=None)
@given(frames)
def test_split_is_the_inverse_of_join(parts: list[bytes]) -> None:
    assert split_superframe(join_layers(b"".join(parts), cuts(parts))) == parts


@pytest.mark.parametrize("size", [200, 70_000, 20_000_000])
def test_the_index_is_as_wide_as_the_sizes_need(size: int) -> None:
    parts = [bytes(size), b"\x01"]
    assert split_superframe(join_layers(b"".join(parts), cuts(parts))) == parts


def test_a_superframe_among_the_layers_is_taken_apart_first() -> None:
    parts = [b"base", SUPERFRAMES[0]]
    joined = join_layers(b"".join(parts), cuts(parts))
    assert split_superframe(joined) == [b"base", *split_superframe(SUPERFRAMES[0])]


def test_one_frame_and_too_many_stay_as_they_are() -> None:
    unit = SUPERFRAMES[0]
    assert join_layers(unit, ()) is unit
    many = [b"layer"] * (MAX_FRAMES + 1)
    assert join_layers(b"".join(many), cuts(many)) == b"".join(many)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60))
def test_no_bytes_break_it(data: bytes) -> None:
    for start in (b"", b"\x82\x49\x83\x42", b"\x86"):
        assert b"".join(split_superframe(start + data)) in (start + data)
        try:
            head = parse_head(start + data)
        except ValueError:
            continue
        assert 0 <= head.width <= 65536
