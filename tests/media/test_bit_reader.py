from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.bit_reader import MAX_BYTES, MAX_READS, BitReader


@given(st.lists(st.tuples(st.integers(1, 33), st.integers(0, 2**33 - 1)), max_size=20))
def test_numbers_of_any_width_come_back_in_order(fields: list[tuple[int, int]]) -> None:
    fields = [(width, value % (1 << width)) for width, value in fields]
    text = "".join(f"{value:0{width}b}" for width, value in fields)
    text += "0" * (-len(text) % 8)
    reader = BitReader(bytes(int(text[at : at + 8], 2) for at in range(0, len(text), 8)))
    assert [reader.bits(width) for width, _ in fields] == [value for _, value in fields]


def test_reading_behind_the_end_raises() -> None:
    reader = BitReader(b"\xff")
    assert reader.bits(8) == 255
    with pytest.raises(IndexError):
        reader.bit()


def test_exp_golomb_codes_are_those_of_the_standards_table() -> None:
    # ITU-T H.264 table 9-2 and 9-3: 1 010 011 00100 00101 are 0..4, and 0 1 -1 2 -2 if signed.
    data = bytes([0b10100110, 0b01000010, 0b10000000])
    reader = BitReader(data)
    assert [reader.ue() for _ in range(5)] == [0, 1, 2, 3, 4]
    reader = BitReader(data)
    assert [reader.se() for _ in range(5)] == [0, 1, -1, 2, -2]
    with pytest.raises(ValueError, match="too long"):
        BitReader(bytes(5)).ue()


@pytest.mark.parametrize("value", [0, 1, 2**16 - 1, 2**31 - 1, 2**32 - 2])
def test_exp_golomb_codes_of_up_to_63_bits_are_read(value: int) -> None:
    text = f"{value + 1:b}"
    text = "0" * (len(text) - 1) + text + "1"
    text += "0" * (-len(text) % 8)
    reader = BitReader(int(text, 2).to_bytes(len(text) // 8, "big"))
    assert (reader.ue(), reader.bit()) == (value, 1)


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x00\x00\x00", b"\x00\x00\x00\x01"])
def test_an_exp_golomb_code_that_is_cut_off_is_no_wrong_number(data: bytes) -> None:
    with pytest.raises(IndexError):
        BitReader(data).ue()


def test_leading_zeros_are_bits_like_others() -> None:
    reader = BitReader(b"\x00\x01")
    assert [reader.bits(15), reader.bit()] == [0, 1]


def test_no_bits_are_the_number_zero_also_at_the_end() -> None:
    reader = BitReader(b"\x80")
    assert [reader.bits(0), reader.bit(), reader.bits(7), reader.bits(0)] == [0, 1, 0, 0]


def test_a_reader_sees_a_kilobyte_and_no_more() -> None:
    reader = BitReader(bytes(MAX_BYTES) + b"\xff")
    assert reader.bits(8 * MAX_BYTES) == 0
    with pytest.raises(IndexError):
        reader.bit()


def test_a_reader_gives_so_many_numbers_and_no_more() -> None:
    reader = BitReader(b"\xff" * MAX_BYTES)
    assert all(reader.bit() for _ in range(MAX_READS))
    with pytest.raises(ValueError, match="too many numbers"):
        reader.bit()
    codes = BitReader(b"\xff" * MAX_BYTES)
    with pytest.raises(ValueError, match="too many numbers"):
        while True:
            codes.ue()
