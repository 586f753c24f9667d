"""Pixel aspect ratio, written into the header of a finished file.

FFmpeg's Matroska and YUV4MPEG2 writers take it from a field that PyAV does not set. The head is
rewritten in place, in as many bytes as it had.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

# "Element" below is a piece of a Matroska file: an id, the size of its body, the body (RFC 8794).
_MAX_HEADER_BYTES = 1 << 20
"""Bytes read at most: the tracks come before pictures and attached files."""

_SEGMENT, _TRACKS, _TRACK, _VIDEO = 0x18538067, 0x1654AE6B, 0xAE, 0xE0
_WIDTH, _HEIGHT, _UNIT = 0x54B0, 0x54BA, 0x54B2
_VOID, _CRC, _MAX_ADDITION = 0xEC, 0xBF, 0x55EE
"""Elements of RFC 9559 and RFC 8794."""
_UNIT_RATIO = 3
"""Value of DisplayUnit that makes DisplayWidth and DisplayHeight a ratio, not a size in pixels."""


def write_aspect(path: Path, aspect: Fraction, size: tuple[int, int]) -> bool:
    """Writes the pixel aspect ratio into a .mkv or .y4m; False if the header has no space."""
    with path.open("r+b") as file:
        head = file.read(_MAX_HEADER_BYTES)
        if head.startswith(b"YUV4MPEG2 "):
            made = raw_head(head, aspect)
        else:
            made = matroska_head(head, aspect * Fraction(*size))
        if made is None:
            return False
        file.seek(0)
        file.write(made)
    return True


def raw_head(head: bytes, aspect: Fraction) -> bytes | None:
    """Returns the header line with the aspect, at equal length: comments (X) are shortened."""
    line, end, _ = head.partition(b"\n")
    # The first word is the signature; A is the aspect, X a comment, and the order of others stays.
    words = [word for word in line.split(b" ") if word[:1] not in (b"A", b"X")]
    words.append(f"A{aspect.numerator}:{aspect.denominator}".encode())
    made = b" ".join(words)
    # One byte of space cannot be filled: a comment needs a blank and an X.
    space = len(line) - len(made)
    if not end or space < 0 or space == 1:
        return None
    return made + (b" X".ljust(space, b"_") if space else b"") + end


def matroska_head(head: bytes, ratio: Fraction) -> bytes | None:
    """Returns the header with the display proportions of the first video track.

    ``ratio`` is the width of a pixel over its height.
    """
    segment = _find(head, _SEGMENT, 0, len(head)) or (0, 0)
    tracks = _find(head, _TRACKS, *segment)
    if tracks is None:
        return None
    start, end = tracks
    made = bytearray(head)
    for number, _, body, stop in _elements(head, start, end):
        if number != _TRACK:
            continue
        track = _track(head[body:stop], ratio)
        if track is not None:
            made[body:stop] = track
            break
    else:
        return None
    # A checksum comes first in its parent and covers everything behind it.
    number, _, body, stop = next(_elements(head, start, end))
    if number == _CRC:
        made[body:stop] = zlib.crc32(made[stop:end]).to_bytes(4, "little")
    return bytes(made)


def _track(entry: bytes, ratio: Fraction) -> bytes | None:
    """Returns a track with the proportions at equal length; None if it has no space for them."""
    if _find(entry, _VIDEO, 0, len(entry)) is None:
        return None
    made = b""
    for number, begin, body, stop in _elements(entry, 0, len(entry)):
        if number == _VIDEO:
            kept = b"".join(
                entry[first:last]
                for inner, first, _, last in _elements(entry, body, stop)
                if inner not in (_WIDTH, _HEIGHT, _UNIT)
            )
            kept += _unsigned(_WIDTH, ratio.numerator) + _unsigned(_HEIGHT, ratio.denominator)
            made += _element(_VIDEO, kept + _unsigned(_UNIT, _UNIT_RATIO))
        # Space is made of what means nothing: padding, and a MaxBlockAdditionID of zero, which is
        # its value without the element.
        elif number != _VOID and not (number == _MAX_ADDITION and not any(entry[body:stop])):
            made += entry[begin:stop]
    # A Void element has two bytes of head here, so one byte cannot be filled, and one byte of size
    # ends at 126.
    space = len(entry) - len(made)
    if space < 0 or space == 1 or space > 128:
        return None
    return made + (_element(_VOID, bytes(space - 2)) if space else b"")


def _elements(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yields id, start, start of the body and end of each complete element."""
    while start < end:
        # The zero bits before the first one bit say how many bytes follow. An id keeps that bit, a
        # size loses it. A size of only ones is unknown, which ends the walk but for a segment.
        length = 9 - data[start].bit_length()
        number = int.from_bytes(data[start : start + length], "big")
        at = start + length
        if length > 4 or at >= end:
            return
        width = 9 - data[at].bit_length()
        if width > 8:
            return
        size = int.from_bytes(data[at : at + width], "big") & ((1 << 7 * width) - 1)
        body = at + width
        # The segment is as long as the film, of which only the head is here.
        if number == _SEGMENT:
            size = min(size, end - body)
        if body + size > end:
            return
        yield number, start, body, body + size
        start = body + size


def _find(data: bytes, number: int, start: int, end: int) -> tuple[int, int] | None:
    found = (each for each in _elements(data, start, end) if each[0] == number)
    return next(((body, stop) for _, _, body, stop in found), None)


def _unsigned(number: int, value: int) -> bytes:
    return _element(number, value.to_bytes(max(1, -(-value.bit_length() // 8)), "big"))


def _element(number: int, body: bytes) -> bytes:
    """Encodes an element; its size takes one byte, or two if it must."""
    # 127 in one byte would be the unknown size.
    size = len(body)
    coded = bytes([0x80 | size]) if size < 127 else (0x4000 | size).to_bytes(2, "big")
    return number.to_bytes(-(-number.bit_length() // 8), "big") + coded + body
