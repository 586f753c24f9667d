"""Boxes: lengths, types, versions and flags."""

from __future__ import annotations

from media.cmaf.boxes import UNITY_MATRIX, box, full_box


def test_a_box_counts_its_own_head() -> None:
    assert box(b"free") == b"\x00\x00\x00\x08free"
    assert box(b"free", b"ab", b"c") == b"\x00\x00\x00\x0bfreeabc"


def test_a_full_box_has_a_version_and_24_bits_of_flags() -> None:
    assert full_box(b"tfdt", 1, 0, b"x") == b"\x00\x00\x00\x0dtfdt\x01\x00\x00\x00x"
    assert full_box(b"tfhd", 0, 0x020000)[8:] == b"\x00\x02\x00\x00"


def test_boxes_stand_in_boxes() -> None:
    inner = box(b"mfhd", b"1234")
    assert box(b"moof", inner, inner) == b"\x00\x00\x00\x20moof" + inner + inner


def test_the_matrix_changes_nothing() -> None:
    values = [int.from_bytes(UNITY_MATRIX[at : at + 4], "big") for at in range(0, 36, 4)]
    assert values == [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000]
