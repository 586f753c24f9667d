"""Elements are read as they were written, and what is none is refused."""

from __future__ import annotations

import pytest

from media.matroska import ebml


@pytest.mark.parametrize(
    ("size", "coded"),
    [
        (0, "80"),
        (126, "fe"),
        (127, "407f"),  # one byte of ones would mean an unknown size
        (16_382, "7ffe"),
        (16_383, "203fff"),
        (2**28 - 1, "080fffffff"),
    ],
)
def test_a_size_takes_as_few_bytes_as_it_can(size: int, coded: str) -> None:
    assert ebml.encode_size(size).hex() == coded


@pytest.mark.parametrize("length", [0, 1, 126, 127, 16_383, 70_000])
@pytest.mark.parametrize("number", [0xEC, 0x4489, 0x2AD7B1, 0x1F43B675])
def test_an_element_is_read_as_it_was_written(number: int, length: int) -> None:
    data = b"??" + ebml.element(number, bytes(length)) + b"rest"
    found = ebml.read_element(data, 2)
    assert found is not None
    assert (found.id, found.begin, found.size, found.end) == (number, 2, length, len(data) - 4)


def test_numbers_keep_their_value() -> None:
    for value in (0, 1, 255, 256, 2**40):
        data = ebml.unsigned(0xE7, value)
        found = ebml.read_element(data, 0)
        assert found is not None
        assert ebml.number_of(data, found) == value
    assert ebml.double(0x4489, 1.5).hex() == "4489883ff8000000000000"


@pytest.mark.parametrize("size", [2, 3, 9, 10, 11, 200, 16_384])
def test_nothing_takes_up_exactly_its_bytes(size: int) -> None:
    data = ebml.void(size)
    found = ebml.read_element(data, 0)
    assert len(data) == size
    assert found is not None
    assert (found.id, found.end) == (0xEC, size)


@pytest.mark.parametrize("size", [-1, 0, 1])
def test_nothing_smaller_than_an_element_can_be_left_empty(size: int) -> None:
    with pytest.raises(ValueError, match="no element has"):
        ebml.void(size)


def test_an_unknown_size_is_told_apart() -> None:
    found = ebml.read_element(ebml.encode_id(0x18538067) + ebml.UNKNOWN_SIZE, 0)
    assert found is not None
    assert found.size == -1


def test_a_head_that_is_cut_off_is_none_yet() -> None:
    data = ebml.element(0x1F43B675, bytes(200))
    assert [ebml.read_element(data[:length], 0) for length in range(6)] == [None] * 6
    assert ebml.read_element(data[:6], 0) is not None


def test_bytes_that_begin_no_element_are_refused() -> None:
    with pytest.raises(ValueError, match="byte 0 begins no element"):
        ebml.read_element(b"\x00" * 12, 0)


def test_the_parts_of_a_body_are_found_in_order() -> None:
    data = ebml.unsigned(0xE7, 7) + ebml.element(0xA3, b"abc") + ebml.void(20)
    found = list(ebml.children(data, 0, len(data)))
    assert [part.id for part in found] == [0xE7, 0xA3, 0xEC]
    assert data[found[1].body : found[1].end] == b"abc"


@pytest.mark.parametrize("cut", [1, 3, 7])
def test_a_body_that_is_cut_off_is_refused(cut: int) -> None:
    data = ebml.unsigned(0xE7, 7) + ebml.element(0xA3, b"abcdefgh")
    with pytest.raises(ValueError, match="cut off"):
        list(ebml.children(data, 0, len(data) - cut))
