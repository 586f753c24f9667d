"""Reads from the first bytes of a coded frame if it is a key frame, and the picture's size.

H.264: ``h264_stream.py``. VP8: RFC 6386 section 9.1. VP9: ``vp9_frame.py``. Nothing is decoded,
and the work is bounded.
"""

from __future__ import annotations

import dataclasses

from media.access_unit import MAX_SIDE
from media.codec import Codec
from media.h264_stream import H264Stream, TooManyParts
from media.vp9_frame import parse_head, split_superframe


@dataclasses.dataclass(frozen=True, slots=True)
class FrameInfo:
    """Properties of a frame, read from its head; the size is 0x0 if the frame does not tell it."""

    is_key: bool
    width: int = 0
    height: int = 0
    largest: tuple[int, int] = dataclasses.field(default=(0, 0), compare=False)
    "The largest size that VP8 or VP9 tells a decoder, whatever it is; 0x0 if none."


def inspect(codec: Codec, data: bytes) -> FrameInfo:
    """Reads a frame's head. Damaged heads count as no key frame.

    A unit of H.264 is read by the parameter sets that stand in it.
    """
    if codec is Codec.VP8:
        return _inspect_vp8(data)
    if codec is Codec.VP9:
        return _inspect_vp9(data)
    return _inspect_h264(data)


def _inspect_vp8(data: bytes) -> FrameInfo:
    # RFC 6386 section 9.1: bit 0 of the frame tag is 0 for key frames; a start code follows.
    if len(data) < 10 or data[0] & 1:
        return FrameInfo(is_key=False)
    width, height = (int.from_bytes(data[at : at + 2], "little") & 0x3FFF for at in (6, 8))
    is_possible = 0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE
    if data[3:6] != b"\x9d\x01\x2a" or not is_possible:
        return FrameInfo(is_key=False, largest=(width, height))
    return FrameInfo(True, width, height, largest=(width, height))


def _inspect_vp9(data: bytes) -> FrameInfo:
    try:
        heads = [parse_head(frame) for frame in split_superframe(data)]
    except ValueError:
        return FrameInfo(is_key=False)
    # Decoding starts with the first frame; the last one, of the highest layer, is shown.
    told = [(head.width, head.height) for head in heads if head.width]
    largest = max(told, key=lambda size: size[0] * size[1], default=(0, 0))
    sizes = [size for size in told if max(size) <= MAX_SIDE]
    if heads[0].is_key and not sizes:
        return FrameInfo(is_key=False, largest=largest)
    return FrameInfo(heads[0].is_key, *(sizes[-1] if sizes else (0, 0)), largest=largest)


def _inspect_h264(data: bytes) -> FrameInfo:
    stream = H264Stream()
    try:
        head = stream.read(data)
    except TooManyParts:
        return FrameInfo(is_key=False)
    is_key = head.is_idr or head.is_start
    size = (head.width, head.height) if head.has_slice else stream.newest_size()
    if max(size) > MAX_SIDE:
        size = (0, 0)
    return FrameInfo(is_key, *size)
