from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.codec import Codec
from media.frame_head import FrameInfo, inspect
from media.h264_stream import nal_units
from media.vp9_frame import join_layers
from tests.app import coding

SIZES = [(98, 54), (480, 270), (1920, 1080), (16, 16), (128, 130)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("profile", ["Baseline", "Main", "High"])
def test_x264s_key_frame_tells_the_cropped_size(size: tuple[int, int], profile: str) -> None:
    (unit,) = coding.h264(*size, profile=profile)
    assert inspect(Codec.H264, unit) == FrameInfo(True, *size)


@pytest.mark.parametrize("options", ["cqm=jvt", "interlaced=1", "slices=4", "aud=1"])
def test_scaling_lists_fields_slices_and_delimiters_are_understood(options: str) -> None:
    (unit,) = coding.h264(484, 268, profile="High", options=options)
    assert inspect(Codec.H264, unit) == FrameInfo(True, 484, 268)


def test_x264s_other_frames_are_no_key_frames() -> None:
    units = coding.h264(480, 270, 4)
    assert [inspect(Codec.H264, unit).is_key for unit in units] == [True, False, False, False]


def test_a_key_frame_without_a_parameter_set_tells_no_size() -> None:
    (unit,) = coding.h264(98, 54)
    slices = [b"\x00\x00\x01" + nal for nal in nal_units(unit) if nal[0] & 0x1F == 5]
    assert inspect(Codec.H264, b"".join(slices)) == FrameInfo(True, 0, 0)


def test_a_parameter_set_alone_is_no_key_frame() -> None:
    (unit,) = coding.h264(98, 54)
    sets = [b"\x00\x00\x01" + nal for nal in nal_units(unit) if nal[0] & 0x1F == 7]
    assert inspect(Codec.H264, b"".join(sets)) == FrameInfo(False, 98, 54)


@pytest.mark.parametrize("size", [(98, 54), (480, 270), (1920, 1080)])
def test_libvpxs_key_frame_tells_its_size(size: tuple[int, int]) -> None:
    units = coding.vp8(*size, 2)
    assert inspect(Codec.VP8, units[0]) == FrameInfo(True, *size)
    assert inspect(Codec.VP8, units[1]) == FrameInfo(False)


@pytest.mark.parametrize("at,value", [(3, 0), (6, 0), (7, 0x3F)])
def test_vp8_with_a_wrong_start_code_or_size_is_no_key_frame(at: int, value: int) -> None:
    head = bytearray(coding.vp8(98, 54)[0])
    head[at] = value
    if at == 6:
        head[7] = 0
    assert inspect(Codec.VP8, bytes(head)) == FrameInfo(False)


def test_nal_units_are_cut_at_both_kinds_of_start_code() -> None:
    data = b"\x00\x00\x00\x01\x67ab\x00\x00\x01\x68c\x00\x00\x00\x01\x65d\x00"
    assert list(nal_units(data)) == [b"\x67ab", b"\x68c", b"\x65d\x00"]
    assert list(nal_units(b"")) == []
    assert list(nal_units(b"\x00\x00\x01")) == []
    assert list(nal_units(b"\x00\x00\x01\x00\x00\x01")) == []


@pytest.mark.parametrize("size", [(98, 54), (480, 270), (1920, 1080)])
def test_vp9s_key_frame_tells_its_size(size: tuple[int, int]) -> None:
    units = coding.vp9(*size, 2)
    assert inspect(Codec.VP9, units[0]) == FrameInfo(True, *size)
    assert inspect(Codec.VP9, units[1]) == FrameInfo(False)


def test_a_vp9_superframe_starts_with_its_first_frame_and_has_the_size_of_its_last() -> None:
    small, large = coding.vp9(98, 54)[0], coding.vp9(196, 108)[0]
    delta = coding.vp9(98, 54, 2)[1]
    for parts, info in (
        ((small, large), FrameInfo(True, 196, 108)),
        ((small, delta), FrameInfo(True, 98, 54)),
        ((delta, large), FrameInfo(False, 196, 108)),
    ):
        assert inspect(Codec.VP9, join_layers(b"".join(parts), (len(parts[0]),))) == info


@pytest.mark.parametrize("at,value", [(0, 0), (0, 0x92), (1, 0), (4, 0xFF)])
def test_vp9_with_a_wrong_marker_profile_sync_code_or_size_is_no_key_frame(
    at: int, value: int
) -> None:
    head = bytearray(coding.vp9(98, 54)[0])
    head[at] = value
    assert inspect(Codec.VP9, bytes(head)) == FrameInfo(False)


@given(st.binary(max_size=200), st.sampled_from([Codec.H264, Codec.VP8, Codec.VP9]))
def test_no_bytes_break_it(data: bytes, codec: Codec) -> None:
    start = b"\x00\x00\x01\x67"
    vp8, vp9 = b"\x10\x00\x00\x9d\x01*", b"\x82\x49\x83\x42"
    for head in (b"", start, start + b"\x64\x00\x1f", vp8, vp9):
        info = inspect(codec, head + data)
        assert 0 <= info.width <= 8192
        assert 0 <= info.height <= 8192


@given(cut=st.integers(0, 60), flips=st.lists(st.integers(0, 400), max_size=4))
def test_a_damaged_parameter_set_tells_no_size_or_a_possible_one(
    cut: int, flips: list[int]
) -> None:
    (unit,) = coding.h264(480, 270, profile="High")
    sps = bytearray(next(nal for nal in nal_units(unit) if nal[0] & 0x1F == 7))
    for flip in flips:
        sps[flip // 8 % len(sps)] ^= 1 << flip % 8
    info = inspect(Codec.H264, b"\x00\x00\x01" + sps[:cut])
    if (info.width, info.height) == (0, 0):
        return
    assert 0 < info.width <= 8192
    assert 0 < info.height <= 8192
