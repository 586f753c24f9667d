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


def se(value: int) -> str:
    """Bits of a signed Exp-Golomb code."""
    return ue(2 * value - 1 if value > 0 else -2 * value)


def written(
    *,
    profile: int = 100,
    chroma: int = 1,
    lists: str = "0",
    order: str = "",
    mbs: tuple[int, int] = (20, 12),
    fields: bool = False,
    crop: tuple[int, int, int, int] | None = None,
) -> bytes:
    """A sequence parameter set of a high profile, field by field (section 7.3.2.1.1)."""
    bits = f"{profile:08b}{0:08b}{40:08b}" + ue(3)
    bits += ue(chroma) + ("0" if chroma == 3 else "") + ue(0) + ue(0) + "0" + lists
    bits += ue(4) + (order or ue(0) + ue(5)) + ue(2) + "0"
    bits += ue(mbs[0] - 1) + ue(mbs[1] - 1) + ("00" if fields else "1") + "1"
    bits += "0" if crop is None else "1" + "".join(map(ue, crop))
    return nal_of(0x67, bits + "0")


@pytest.mark.parametrize(
    ("chroma", "fields", "unit"),
    [
        (0, False, (1, 1)),
        (1, False, (2, 2)),
        (2, False, (2, 1)),
        (3, False, (1, 1)),
        (1, True, (2, 4)),
        (2, True, (2, 2)),
        (3, True, (1, 2)),
    ],
)
def test_cropping_counts_in_the_units_of_the_chroma_format(
    chroma: int, fields: bool, unit: tuple[int, int]
) -> None:
    rows = 12 * 16 * (2 if fields else 1)
    whole = parse_sps(written(chroma=chroma, fields=fields))
    assert (whole.id, whole.width, whole.height) == (3, 320, rows)
    cut = parse_sps(written(chroma=chroma, fields=fields, crop=(1, 2, 3, 4)))
    assert (cut.width, cut.height) == (320 - 3 * unit[0], rows - 7 * unit[1])


def test_a_picture_that_is_cropped_to_nothing_is_refused() -> None:
    parse_sps(written(crop=(0, 159, 0, 95)))
    for crop in ((0, 160, 0, 0), (0, 0, 48, 48), (2**20, 0, 0, 0)):
        with pytest.raises(ValueError, match="no picture size"):
            parse_sps(written(crop=crop))


FLAT = "1" + se(-8)
"""A list that ends at its first value, and so is the default one."""

WHOLE_4X4 = "1" + se(1) * 16
WHOLE_8X8 = "1" + (se(-1) + se(1)) * 32


@pytest.mark.parametrize("chroma", [1, 3])
@pytest.mark.parametrize("first", [FLAT, WHOLE_4X4, "1" + se(0) * 3 + se(-8), "0"])
def test_scaling_lists_are_passed_over_whole(chroma: int, first: str) -> None:
    further = 12 if chroma == 3 else 8
    lists = "1" + first + "0" * 4 + FLAT + WHOLE_8X8 + "0" * (further - 7)
    sps = parse_sps(written(chroma=chroma, lists=lists))
    assert (sps.id, sps.width, sps.height) == (3, 320, 192)


@pytest.mark.parametrize(
    "order",
    [
        ue(0) + ue(12),
        ue(1) + "1" + se(-3) + se(4) + ue(0),
        ue(1) + "0" + se(0) + se(0) + ue(3) + se(1) + se(-900) + se(0),
        ue(2),
    ],
)
def test_every_kind_of_order_count_is_passed_over(order: str) -> None:
    sps = parse_sps(written(order=order))
    assert (sps.width, sps.height) == (320, 192)


@pytest.mark.parametrize("profile", [66, 77, 88])
def test_profiles_without_a_chroma_format_are_read_by_their_own_form(profile: int) -> None:
    bits = f"{profile:08b}{0xE0:08b}{31:08b}" + ue(0) + ue(0) + ue(2) + ue(1) + "0"
    bits += ue(3) + ue(2) + "1" + "1" + "0" + "0"
    sps = parse_sps(nal_of(0x67, bits))
    assert (sps.width, sps.height) == (64, 48)


@pytest.mark.parametrize("kind", range(10))
def test_a_slice_type_of_the_whole_picture_is_that_of_the_slice(kind: int) -> None:
    assert parse_slice(slice_of(0, kind, 0, idr=True)) == SliceHead(0, kind % 5, 0)


@pytest.mark.parametrize("first_mb", [1, 36_863, 139_263])
def test_the_greatest_numbers_of_the_standard_are_read(first_mb: int) -> None:
    assert parse_slice(slice_of(first_mb, 9, 255, idr=False)) == SliceHead(first_mb, 4, 255)


def test_a_number_of_more_than_63_bits_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        parse_slice(b"\x41" + bytes(5))


@given(st.integers(0, 31), st.integers(1, 512), st.integers(1, 512))
def test_any_size_of_macroblocks_comes_back(number: int, columns: int, rows: int) -> None:
    sps = parse_sps(sps_of(16 * columns, 16 * rows, number=number))
    assert (sps.id, sps.width, sps.height) == (number, 16 * columns, 16 * rows)


@given(st.data())
def test_a_set_that_is_cut_off_anywhere_is_refused(data: st.DataObject) -> None:
    whole = written(crop=(1, 0, 0, 1), lists="1" + WHOLE_4X4 + "0" * 7)
    # The bits behind the cropping are not read, and neither are the last ones of its byte.
    end = data.draw(st.integers(1, len(whole) - 3))
    with pytest.raises((IndexError, ValueError)):
        parse_sps(whole[:end])
