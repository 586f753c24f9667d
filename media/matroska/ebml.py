"""EBML: elements with an id, a size and a body (RFC 8794), written and read in memory."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Iterator

UNKNOWN_SIZE = b"\x01" + b"\xff" * 7
"""The size of an element that ends where the next of its kind begins (RFC 8794 section 6.2)."""

MAX_HEAD = 12
"""Bytes of an id and a size at most: four and eight."""

_VOID = 0xEC


@dataclasses.dataclass(frozen=True, slots=True)
class Element:
    """One element as it lies in a buffer."""

    id: int
    begin: int
    "Offset of its id."
    body: int
    "Offset of its body."
    size: int
    "Bytes of its body; -1: unknown."

    @property
    def end(self) -> int:
        """Offset behind its body."""
        return self.body + self.size


def encode_id(number: int) -> bytes:
    """Returns an id, whose marker of length is a part of the number."""
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def encode_size(size: int) -> bytes:
    """Returns a size in as few bytes as it takes (RFC 8794 section 6.4)."""
    length = 1
    # A size of only ones means that it is unknown.
    while size >= (1 << 7 * length) - 1:
        length += 1
    return (size | 1 << 7 * length).to_bytes(length, "big")


def element(number: int, body: bytes) -> bytes:
    """Returns an element with a body of bytes or of other elements."""
    return encode_id(number) + encode_size(len(body)) + body


def unsigned(number: int, value: int) -> bytes:
    """Returns an element that holds a number, not negative."""
    return element(number, value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big"))


def double(number: int, value: float) -> bytes:
    """Returns an element that holds a number of eight bytes."""
    return element(number, struct.pack(">d", value))


def void(size: int) -> bytes:
    """Returns an element that takes up so many bytes, 2 at least, and means nothing."""
    if size < 2:
        raise ValueError(f"no element has {size} bytes")
    if size < 10:
        return bytes([_VOID, 0x80 | size - 2]) + bytes(size - 2)
    # The size is written in eight bytes, so that one rule fits all lengths.
    return bytes([_VOID]) + (size - 9 | 1 << 56).to_bytes(8, "big") + bytes(size - 9)


def read_element(data: bytes, at: int) -> Element | None:
    """Reads the head of an element; None where it is cut off. Raises ValueError for no element."""
    number = _vint(data, at, longest=4)
    if number is None:
        return None
    width, identity = number
    found = _vint(data, at + width, longest=8)
    if found is None:
        return None
    length, size = found
    mask = (1 << 7 * length) - 1
    size &= mask
    body = at + width + length
    return Element(identity, at, body, -1 if size == mask else size)


def children(data: bytes, begin: int, end: int) -> Iterator[Element]:
    """Yields the whole elements of a body. Raises ValueError where it is damaged."""
    while begin < end:
        found = read_element(data, begin)
        if found is None or found.size < 0 or found.end > end:
            raise ValueError(f"an element at byte {begin} is cut off")
        yield found
        begin = found.end


def number_of(data: bytes, found: Element) -> int:
    """Returns the number that an element holds."""
    return int.from_bytes(data[found.body : found.end], "big")


def _vint(data: bytes, at: int, *, longest: int) -> tuple[int, int] | None:
    """Returns length and value of a number with its marker, None where it is cut off."""
    if at >= len(data):
        return None
    length = 9 - data[at].bit_length()
    if length > longest:
        raise ValueError(f"byte {at} begins no element")
    if at + length > len(data):
        return None
    return length, int.from_bytes(data[at : at + length], "big")
