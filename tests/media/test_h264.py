"""``media/h264.py``: payloads of RFC 6184, heads of pictures, offers."""

from __future__ import annotations

import pytest
from aiortc.codecs.h264 import h264_depayload
from hypothesis import given, settings
from hypothesis import strategies as st

from media.codec import Codec
from media.codec_table import DESCRIPTORS
from media.coded_picture import Fault, FrameInfo
from media.fragment import Fragment, PayloadStart
from media.h264 import H264, MAX_AGGREGATED, H264Reader, choose
from media.h264_stream import nal_units
from media.limits import MAX_NALS
from media.vp8 import VP8
from tests.app import coding
from tests.media.h264_parts import IDR, PPS, SPS, of_kind, unit_of, without
from tests.media.payloads import depacketize, inspect, packetize

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


def test_nal_units_are_cut_at_both_kinds_of_start_code() -> None:
    data = b"\x00\x00\x00\x01\x67ab\x00\x00\x01\x68c\x00\x00\x00\x01\x65d\x00"
    assert list(nal_units(data)) == [b"\x67ab", b"\x68c", b"\x65d\x00"]
    assert list(nal_units(b"")) == []
    assert list(nal_units(b"\x00\x00\x01")) == []
    assert list(nal_units(b"\x00\x00\x01\x00\x00\x01")) == []


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


def _nal(header: int, length: int) -> bytes:
    return bytes([header]) + b"\x55" * (length - 1)


_NALS = st.lists(
    st.builds(
        _nal,
        st.integers(1, 23).flatmap(lambda kind: st.integers(0, 7).map(lambda f: f << 5 | kind)),
        st.integers(1, 20) | st.integers(1, 5000),
    ),
    max_size=90,
)


@settings(max_examples=150, deadline=None)
@given(_NALS, st.integers(20, 1500))
def test_any_unit_comes_back_from_payloads_of_any_length(nals: list[bytes], mtu: int) -> None:
    unit = unit_of(*nals)
    payloads = packetize(Codec.H264, unit, mtu=mtu)
    assert all(0 < len(payload) <= mtu for payload in payloads)
    assert b"".join(depacketize(Codec.H264, payload).data for payload in payloads) == unit


@settings(max_examples=100, deadline=None)
@given(_NALS, st.integers(20, 1500))
def test_aiortc_reads_what_we_send(nals: list[bytes], mtu: int) -> None:
    unit = unit_of(*(nal for nal in nals if len(nal) > 1))
    payloads = packetize(Codec.H264, unit, mtu=mtu)
    assert b"".join(h264_depayload(payload) for payload in payloads) == unit


@given(st.binary(min_size=2, max_size=80))
def test_we_read_what_aiortc_reads(payload: bytes) -> None:
    try:
        theirs = h264_depayload(payload)
    except ValueError:
        with pytest.raises(ValueError):
            depacketize(Codec.H264, payload)
        return
    # Empty units of an aggregate leave no start code behind.
    ours = depacketize(Codec.H264, payload).data
    assert list(nal_units(ours)) == list(nal_units(theirs)) or payload[0] & 0x1F == 28


@pytest.mark.parametrize(
    ("payload", "data"),
    [
        (b"\x65\x88\x84", b"\0\0\0\1\x65\x88\x84"),
        (b"\x0a", b"\0\0\0\1\x0a"),
        (b"\x78\0\2\x67a\0\3\x68bc", b"\0\0\0\1\x67a\0\0\0\1\x68bc"),
        (b"\x78\0\0\0\1\x09", b"\0\0\0\1\x09"),
        (b"\x7c\x85abc", b"\0\0\0\1\x65abc"),
        (b"\x7c\x05def", b"def"),
        (b"\x7c\x45gh", b"gh"),
    ],
)
def test_payloads_are_read_as_rfc_6184_writes_them(payload: bytes, data: bytes) -> None:
    assert depacketize(Codec.H264, payload) == Fragment(data, PayloadStart.UNKNOWN)


def test_payloads_are_written_as_rfc_6184_says() -> None:
    # Section 5.7.1: the greatest NRI of all units. Section 5.8: equal parts, S and E at the ends.
    unit = unit_of(b"\x67sps", b"\x28pps", b"\x65" + b"abcdefghij" * 2)
    assert packetize(Codec.H264, unit, mtu=13) == [
        b"\x78\0\4\x67sps\0\4\x28pps",
        b"\x7c\x85abcdefghij",
        b"\x7c\x45abcdefghij",
    ]


@pytest.mark.parametrize("length", [14, 20, 21, 22, 23, 24, 31, 100, 1001])
def test_fragments_have_one_length_but_for_the_last(length: int) -> None:
    payloads = packetize(
        Codec.H264, unit_of(b"\x65" + bytes(range(1, 201)) * 5)[: length + 4], mtu=13
    )
    sizes = [len(payload) for payload in payloads]
    assert set(sizes[:-1]) == {sizes[0]} and 2 < sizes[-1] <= sizes[0] <= 13
    assert [payload[1] & 0xC0 for payload in payloads] == [0x80, *[0] * (len(sizes) - 2), 0x40]
    assert b"".join(payload[2:] for payload in payloads) == (bytes(range(1, 201)) * 5)[: length - 1]


@pytest.mark.parametrize(
    "payload", [b"\x7c", b"\x78\0", b"\x78\0\5ab", b"\x78\0\2ab\0", b"\x00a", b"\x79a", b"\x7da"]
)
def test_what_is_cut_off_or_of_another_mode_is_malformed(payload: bytes) -> None:
    with pytest.raises(ValueError, match="H.264"):
        depacketize(Codec.H264, payload)


def test_a_packet_of_very_many_nal_units_is_malformed() -> None:
    many = b"\x18" + b"\x00\x01\x41" * MAX_AGGREGATED
    assert depacketize(Codec.H264, many).data.count(b"\x41") == MAX_AGGREGATED
    for more in (many + b"\x00\x01\x41", b"\x18" + b"\x00\x01\x41" * 480):
        with pytest.raises(ValueError, match="aggregates more than"):
            depacketize(Codec.H264, more)


def test_nal_units_of_types_that_rtp_has_taken_are_left_out() -> None:
    unit = unit_of(b"\x00zero", b"\x41slice", b"\x7cfragment", b"\x1fother")
    assert packetize(Codec.H264, unit) == [b"\x41slice"]


@pytest.mark.parametrize("size", [(98, 54), (480, 270), (1280, 720)])
def test_x264s_units_come_back_and_are_decoded(size: tuple[int, int]) -> None:
    units = coding.h264(*size, 3)
    back = [
        b"".join(depacketize(Codec.H264, p).data for p in packetize(Codec.H264, unit))
        for unit in units
    ]
    assert [list(nal_units(unit)) for unit in back] == [list(nal_units(unit)) for unit in units]
    assert coding.decode(Codec.H264, back) == [size] * 3


def _read(reader: H264Reader, data: bytes, *, after_loss: bool = False) -> object:
    picture = reader.read(data, head=PayloadStart.UNKNOWN, cuts=(), after_loss=after_loss)
    return picture.fault or (picture.is_key, picture.size, picture.payload == data)


def test_a_reader_puts_parameter_sets_where_decoding_starts() -> None:
    first, second, later = coding.h264(98, 54, 3, options="keyint=2")
    reader = H264Reader()
    bare = without(later, SPS, PPS)
    assert _read(reader, bare) is Fault.NO_PARAMETER_SETS
    assert _read(reader, first) == (True, (98, 54), True)
    assert _read(reader, second) == (False, (98, 54), True)
    assert _read(reader, bare) == (True, (98, 54), False)
    assert reader.has_picture(bare) and not reader.has_picture(unit_of(*of_kind(first, SPS)))
    assert reader.has_picture(b"rest of a slice")
    assert not any(reader.begins_picture(head) for head in PayloadStart)


def test_a_reader_refuses_what_no_encoder_makes() -> None:
    unit = unit_of(*[b"\x41a"] * (MAX_NALS + 1))
    assert _read(H264Reader(), unit) is Fault.TOO_MANY_PARTS
    assert inspect(Codec.H264, unit) == FrameInfo(False)


def test_the_rest_of_a_key_frame_is_none() -> None:
    (unit,) = coding.h264(480, 270, options="slices=4")
    reader = H264Reader()
    assert _read(reader, unit) == (True, (480, 270), True)
    rest = unit_of(*of_kind(unit, IDR)[1:])
    assert _read(reader, rest, after_loss=True) == (False, (480, 270), True)


@pytest.mark.parametrize(
    ("modes", "received", "sent"),
    [
        (["1"], [0], [0]),
        (["0"], [0], []),
        (["2"], [], []),
        ([""], [0], [0]),
        (["0", "1", "", "2"], [0, 1, 2], [1]),
    ],
)
def test_payload_types_are_chosen_by_packetization_mode(
    modes: list[str], received: list[int], sent: list[int]
) -> None:
    offered = [{"packetization-mode": mode} if mode else {} for mode in modes]
    assert list(choose(offered, True)) == received
    assert list(choose(offered, False)) == sent


@pytest.mark.parametrize(
    ("profile", "has_high"),
    [
        ("64001f", True),
        ("640c1f", True),
        # Chromium without a decoder in hardware: High 4:4:4 Predictive, which holds High.
        ("F4001F", True),
        ("6e0020", True),
        ("7a001f", True),
        ("42e01f", False),
        ("42001f", False),
        ("4d001f", False),
        ("58a01f", False),
        ("6", False),
        ("", True),
    ],
)
def test_the_high_profile_is_known_by_the_level_id(profile: str, has_high: bool) -> None:
    parameters = {"profile-level-id": profile} if profile else {}
    assert H264.decodes_all(parameters) is has_high
    assert VP8.decodes_all(parameters)


def test_what_is_sent_goes_under_a_number_with_the_high_profile() -> None:
    profiles = ("42e01f", "4d001f", "64001f", "f4001f")
    offered = [{"packetization-mode": "1", "profile-level-id": each} for each in profiles]
    assert list(choose(offered, False)) == [2, 3, 0, 1]
    assert list(choose(offered, True)) == [0, 1, 2, 3]


def test_high_itself_is_preferred_to_profiles_that_hold_more_and_to_none() -> None:
    profiles = ("42e01f", "", "f4001f", "640C1F", "64001f", "zz", "6e001f")
    offered = [{"packetization-mode": "1", "profile-level-id": each} for each in profiles]
    assert list(choose(offered, False)) == [3, 4, 6, 2, 1, 0, 5]


def test_it_is_answered_as_offered() -> None:
    assert H264.answer("profile-level-id=42e01f") == "profile-level-id=42e01f"
    assert DESCRIPTORS[Codec.H264] is H264 and H264.reorders
