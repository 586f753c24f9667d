from __future__ import annotations

import base64
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.codec import Codec
from media.h264_stream import H264Stream, TooManyParts, has_slice, with_sets
from media.limits import MAX_NALS, MAX_SLICES
from tests.app import coding
from tests.media.h264_parts import (
    IDR,
    PPS,
    SEI,
    SPS,
    kinds,
    nal_of,
    of_kind,
    pps_of,
    slice_of,
    sps_of,
    ue,
    unit_of,
    without,
)
from tests.media.payloads import inspect

WORST_S = 0.005


def test_an_idr_without_its_sets_gets_the_newest_ones_before_it() -> None:
    (unit,) = coding.h264(98, 54)
    stream = H264Stream()
    assert stream.read(unit).missing == ()
    head = stream.read(without(unit, SPS, PPS))
    assert (head.width, head.height) == (98, 54)
    assert list(head.missing) == of_kind(unit, SPS, PPS)
    whole = with_sets(without(unit, SPS, PPS), head.missing)
    assert coding.decode(Codec.H264, [whole]) == [(98, 54)]
    assert list(stream.read(without(unit, PPS)).missing) == of_kind(unit, PPS)


def test_sets_of_the_sdp_are_known_and_what_is_damaged_there_is_left() -> None:
    (unit,) = coding.h264(98, 54)
    texts = [base64.b64encode(nal).decode() for nal in of_kind(unit, SPS, PPS)]
    stream = H264Stream()
    stream.learn("packetization-mode=1;sprop-parameter-sets=%%%,Z0I=,AAAA," + ",".join(texts))
    assert stream.read(without(unit, SPS, PPS)).width == 0  # the first bad letter ends the list
    stream.learn("sprop-parameter-sets=Z0I=,AAAA,A," + ",".join(texts) + ";packetization-mode=1")
    assert list(stream.read(without(unit, SPS, PPS)).missing) == of_kind(unit, SPS, PPS)
    stream.learn("profile-level-id=42e01f")


def test_the_size_is_that_of_the_set_which_the_slice_names() -> None:
    stream = H264Stream()
    sets = [sps_of(4096, 4096, number=0), sps_of(480, 272, number=1), pps_of(0, 0), pps_of(1, 1)]
    large = stream.read(unit_of(*sets, slice_of(0, 7, 0, idr=True)))
    small = stream.read(unit_of(slice_of(0, 7, 1, idr=True)))
    assert ((large.width, large.height), (small.width, small.height)) == ((4096, 4096), (480, 272))
    assert small.missing == (sets[1], sets[3])
    both = stream.read(unit_of(slice_of(0, 7, 1, idr=True), slice_of(9, 7, 0, idr=True)))
    assert (both.width, both.height) == (4096, 4096)
    assert stream.read(unit_of(slice_of(0, 7, 7, idr=True))).width == 0


def test_a_set_that_is_sent_anew_takes_the_place_of_the_old_one() -> None:
    old, new = coding.h264(98, 54)[0], coding.h264(196, 108)[0]
    stream = H264Stream()
    stream.read(old)
    stream.read(unit_of(*of_kind(new, SPS, PPS)))
    head = stream.read(unit_of(*of_kind(new, IDR)))
    assert (head.width, head.height) == (196, 108)
    assert list(head.missing) == of_kind(new, SPS, PPS)


def test_sets_go_behind_a_delimiter() -> None:
    (unit,) = coding.h264(98, 54, options="aud=1")
    bare = without(unit, SPS, PPS)
    whole = with_sets(bare, tuple(of_kind(unit, SPS, PPS)))
    assert kinds(whole)[:3] == [9, 7, 8]
    assert coding.decode(Codec.H264, [whole]) == [(98, 54)]
    assert with_sets(b"", (b"\x67",)) == b"\x00\x00\x00\x01\x67"
    assert with_sets(b"\x00\x00\x01\x09\x10", (b"\x67",))[-5:] == b"\x00\x00\x00\x01\x67"


def test_decoding_can_start_at_recovery_points_and_at_intra_pictures_with_a_set() -> None:
    refreshed = coding.h264(98, 54, 30, options="intra-refresh=1:keyint=20")
    stream = H264Stream()
    heads = [stream.read(unit) for unit in refreshed]
    assert [n for n, head in enumerate(heads) if head.is_idr or head.is_start] == [0, 20]
    bare = stream.read(without(refreshed[20], SPS, PPS))
    assert bare.is_start and list(bare.missing) == of_kind(refreshed[0], SPS, PPS)
    sets = [sps_of(64, 48), pps_of(0, 0)]
    assert stream.read(unit_of(*sets, slice_of(0, 7, 0, idr=False))).is_start
    assert not stream.read(unit_of(*sets, slice_of(0, 5, 0, idr=False))).is_start
    assert not stream.read(unit_of(slice_of(0, 7, 0, idr=False))).is_start


def test_a_unit_whose_first_slice_is_missing_is_not_whole() -> None:
    (unit,) = coding.h264(480, 270, options="slices=4")
    stream = H264Stream()
    assert stream.read(unit).is_whole
    assert not stream.read(unit_of(*of_kind(unit, IDR)[1:])).is_whole


def test_b_slices_are_seen() -> None:
    stream = H264Stream()
    assert stream.read(unit_of(slice_of(0, 1, 0, idr=False))).has_b
    assert not stream.read(unit_of(slice_of(0, 0, 0, idr=False))).has_b


def test_what_has_no_slice_is_told_from_what_has() -> None:
    (unit,) = coding.h264(98, 54, options="aud=1")
    assert has_slice(unit)
    assert not has_slice(without(unit, IDR))
    assert not has_slice(b"") and not has_slice(b"\x00\x00\x01")
    assert has_slice(b"\x00\x00\x01\x06" * (MAX_NALS + 1))


@pytest.mark.parametrize(
    "unit",
    [
        b"\x00\x00\x01\x41" * 350_000,
        b"\x00\x00\x01\x06" * 350_000,
        unit_of(*(slice_of(n, 0, 0, idr=False) for n in range(MAX_SLICES + 1))),
        unit_of(*(sps_of(64, 48, number=n) for n in range(17))),
    ],
    ids=["tiny slices", "tiny messages", "slices", "sets"],
)
def test_a_unit_of_too_many_parts_is_refused_quickly(unit: bytes) -> None:
    assert _time(lambda: _refused(unit)) < WORST_S
    assert not inspect(Codec.H264, unit).is_key


def _refused(unit: bytes) -> None:
    with pytest.raises(TooManyParts):
        H264Stream().read(unit)


def test_as_many_slices_as_packets_of_a_large_key_frame_pass() -> None:
    sets = [sps_of(1920, 1088), pps_of(0, 0)]
    slices = [slice_of(n, 7, 0, idr=True) for n in range(MAX_SLICES)]
    assert H264Stream().read(unit_of(*sets, *slices)).is_idr


def _time(work: object) -> float:
    """The shortest of five runs: what else the machine does takes no part."""
    assert callable(work)
    took = []
    for _ in range(5):
        begun = time.perf_counter()
        work()
        took.append(time.perf_counter() - begun)
    return min(took)


_HEAD = f"{100:08b}{0:08b}{40:08b}" + ue(0)
_COSTLY = [
    # All scaling lists, with numbers of many bits each.
    unit_of(nal_of(0x67, _HEAD + ue(3) + "0" + ue(0) + ue(0) + "01" + ("1" + ue(254) * 64) * 12)),
    # The longest order count cycle of the longest numbers.
    unit_of(
        nal_of(
            0x67,
            f"{66:08b}{0:08b}{40:08b}"
            + ue(0)
            + ue(0)
            + ue(1)
            + "0"
            + ue(0) * 2
            + ue(255)
            + ue(2**31) * 255,
        )
    ),
    unit_of(b"\x67" + b"\x42\x00\x28\xff" * 400_000),
    unit_of(b"\x67" + bytes(1_000_000)),
    unit_of(*(b"\x68" + bytes([n & 255]) + b"\x9a" * 1000 for n in range(400))),
    unit_of(*(b"\x06" + b"\x01\x00" * 600 for _ in range(500))),
    b"\x00\x00\x01" * 450_000,
    # Finding start codes among zeros takes 7 ns a byte; a unit has at most 1.4 million of them.
    bytes(300_000),
]


@pytest.mark.parametrize("number", range(len(_COSTLY)))
def test_the_costliest_heads_take_less_than_five_milliseconds(number: int) -> None:
    assert _time(lambda: inspect(Codec.H264, _COSTLY[number])) < WORST_S


@settings(deadline=None)
@given(
    heads=st.lists(
        st.tuples(
            st.sampled_from([0x67, 0x68, 0x65, 0x41, 0x06, 0x09, 0x82, 0x49]),
            st.binary(max_size=40),
            st.integers(1, 300),
        ),
        max_size=30,
    ),
    codec=st.sampled_from([Codec.H264, Codec.VP8, Codec.VP9]),
)
def test_no_head_takes_longer(heads: list[tuple[int, bytes, int]], codec: Codec) -> None:
    data = b"".join((b"\x00\x00\x01" + bytes([h]) + body) * times for h, body, times in heads)
    assert _time(lambda: inspect(codec, data)) < WORST_S


def test_what_is_kept_of_a_stream_is_bounded() -> None:
    stream = H264Stream()
    for number in range(2000):
        stream.read(unit_of(sps_of(64, 48, number=number % 40), pps_of(number % 300, number % 40)))
    assert len(stream._sps) <= 32 and len(stream._pps) <= 32
    assert SEI == 6
