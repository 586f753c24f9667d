from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.bit_reader import BitReader


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
