from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.h264_parameter_sets import (
    SliceHead,
    has_recovery_point,
    parse_pps,
    parse_slice,
    parse_sps,
)
from tests.app import coding
from tests.media.h264_parts import PPS, SEI, SPS, nal_of, of_kind, pps_of, slice_of, sps_of, ue


def test_the_sets_of_a_real_encoder_name_each_other() -> None:
    (unit,) = coding.h264(484, 268, profile="High", options="sps-id=5")
    sps = parse_sps(of_kind(unit, SPS)[0])
    pps = parse_pps(of_kind(unit, PPS)[0])
    assert (sps.id, sps.width, sps.height) == (5, 484, 268)
    assert (pps.id, pps.sps) == (5, 5)
    assert parse_slice(of_kind(unit, 5)[0]) == SliceHead(0, 2, 5)


@pytest.mark.parametrize("number", [0, 1, 31])
def test_a_set_written_by_the_standard_is_read(number: int) -> None:
    sps = parse_sps(sps_of(1920, 1088, number=number))
    assert (sps.id, sps.width, sps.height) == (number, 1920, 1088)
    assert parse_pps(pps_of(255, number)).sps == number
    assert parse_slice(slice_of(68, 5, 255, idr=False)) == SliceHead(68, 0, 255)


@pytest.mark.parametrize("cycle", [256, 65_535, 2**32 - 2])
def test_a_longer_order_count_cycle_than_the_standard_has_is_refused(cycle: int) -> None:
    head = f"{66:08b}{0:08b}{40:08b}" + ue(0) + ue(0) + ue(1) + "0" + ue(0) + ue(0)
    with pytest.raises(ValueError, match="cycle of"):
        parse_sps(nal_of(0x67, head + ue(cycle) + "1" * 4000))
    whole = head + ue(255) + "1" * 255 + ue(1) + "0" + ue(9) + ue(9) + "1100"
    assert parse_sps(nal_of(0x67, whole)).width == 160


@pytest.mark.parametrize("nal", [sps_of(16, 16, number=32), b"\x67" + b"\xff" * 1100])
def test_a_set_of_no_number_or_over_a_kilobyte_is_refused(nal: bytes) -> None:
    with pytest.raises(ValueError):
        parse_sps(nal)
    with pytest.raises(ValueError):
        parse_pps(nal_of(0x68, ue(0) + ue(32)) if len(nal) < 100 else nal)


def test_a_recovery_point_is_found_among_other_messages() -> None:
    unit = coding.h264(98, 54, 30, options="intra-refresh=1:keyint=20")[20]
    assert any(has_recovery_point(nal) for nal in of_kind(unit, SEI))
    assert has_recovery_point(b"\x06\x05\x02ab\x06\x01\x80\x80")
    assert has_recovery_point(b"\x06\x05\xff\x01" + bytes(256) + b"\x06\x01\x80")
    assert not has_recovery_point(b"\x06\x05\x02\x06\x01\x80")
    assert not has_recovery_point(b"\x06\x06\x05a")
    assert not has_recovery_point(b"\x06")


@given(st.binary(max_size=400))
def test_no_bytes_break_them(data: bytes) -> None:
    has_recovery_point(b"\x06" + data)
    for parse in (parse_sps, parse_pps, parse_slice):
        try:
            parse(b"\x67" + data)
        except (IndexError, ValueError):
            continue
