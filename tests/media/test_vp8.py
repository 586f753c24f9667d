"""``media/vp8.py``: payloads of RFC 7741, heads of frames."""

from __future__ import annotations

import pytest
from aiortc.codecs.vpx import VpxPayloadDescriptor, vp8_depayload
from hypothesis import given
from hypothesis import strategies as st

from media.codec import Codec
from media.coded_picture import FrameInfo
from media.fragment import Fragment, PayloadStart
from media.vp8 import VP8, open_reader
from tests.app import coding
from tests.media.payloads import depacketize, inspect, packetize


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


@given(st.binary(min_size=1, max_size=4000), st.integers(5, 1500), st.integers(0, 2**17))
def test_any_unit_comes_back_from_payloads_of_any_length(
    unit: bytes, mtu: int, picture_id: int
) -> None:
    payloads = packetize(Codec.VP8, unit, picture_id=picture_id, mtu=mtu)
    assert all(len(payload) <= mtu for payload in payloads)
    fragments = [depacketize(Codec.VP8, payload) for payload in payloads]
    assert b"".join(fragment.data for fragment in fragments) == unit
    starts = [PayloadStart.UNKNOWN] + [PayloadStart.MIDDLE] * (len(payloads) - 1)
    assert [fragment.head for fragment in fragments] == starts
    # aiortc reads the same.
    assert b"".join(vp8_depayload(payload) for payload in payloads) == unit
    ids = {VpxPayloadDescriptor.parse(payload)[0].picture_id for payload in payloads}
    assert ids == {picture_id % 2**15}


@given(st.binary(min_size=1, max_size=30))
def test_we_read_what_aiortc_reads(payload: bytes) -> None:
    try:
        theirs = vp8_depayload(payload)
    except ValueError:
        with pytest.raises(ValueError, match="cut off"):
            depacketize(Codec.VP8, payload)
        return
    assert depacketize(Codec.VP8, payload).data == theirs


@pytest.mark.parametrize(
    ("payload", "data", "head"),
    [
        (b"\x10abc", b"abc", PayloadStart.UNKNOWN),
        (b"\x00abc", b"abc", PayloadStart.MIDDLE),
        # The beginning of a further partition (RFC 7741 section 4.2).
        (b"\x11rest", b"rest", PayloadStart.MIDDLE),
        (b"\x90\x80\x05a", b"a", PayloadStart.UNKNOWN),
        (b"\x90\x80\x85\x05a", b"a", PayloadStart.UNKNOWN),
        (b"\x90\xf0\x85\x05\x01\x02a", b"a", PayloadStart.UNKNOWN),
        (b"\x90\x20\x02a", b"a", PayloadStart.UNKNOWN),
        (b"\x90\x00", b"", PayloadStart.UNKNOWN),
    ],
)
def test_payloads_are_read_as_rfc_7741_writes_them(
    payload: bytes, data: bytes, head: PayloadStart
) -> None:
    assert depacketize(Codec.VP8, payload) == Fragment(data, head)


def test_payloads_are_written_as_rfc_7741_says() -> None:
    assert packetize(Codec.VP8, b"\x31abcde", picture_id=0x8102, mtu=8) == [
        b"\x90\x80\x81\x02\x31abc",
        b"\x80\x80\x81\x02de",
    ]


def test_hidden_frames_are_units_and_partitions_are_none() -> None:
    reader = open_reader()
    assert reader.begins_picture(PayloadStart.UNKNOWN)
    assert not reader.begins_picture(PayloadStart.MIDDLE)


def test_nothing_is_answered() -> None:
    assert VP8.answer("max-fr=30;max-fs=3600") == ""
