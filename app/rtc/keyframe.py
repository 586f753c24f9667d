"""What the first bytes of a coded frame say: is it a key frame, and how large is the picture.

H.264: ``h264_stream.py``. VP8: RFC 6386 section 9.1. VP9: ``vp9_frame.py``. Nothing is decoded,
and the work is bounded.
"""

from __future__ import annotations

import dataclasses

from app.rtc.h264_stream import H264Stream, TooManyParts, nal_units
from app.rtc.parameter_sets import parse_sps
from app.rtc.vp9_frame import largest_size, parse_head, split_superframe
from wire.batch import MAX_SIDE, Codec

__all__ = ["FrameInfo", "inspect", "largest", "nal_units", "sps_size"]


@dataclasses.dataclass(frozen=True, slots=True)
class FrameInfo:
    """What was read; the size is 0x0 where this frame does not tell it."""

    is_key: bool
    width: int = 0
    height: int = 0


def inspect(codec: Codec, data: bytes, h264: H264Stream | None = None) -> FrameInfo:
    """Reads a frame's head. Damaged heads count as no key frame.

    ``h264`` knows the stream's parameter sets; without it the unit is read by those that it has.
    """
    if codec is Codec.VP8:
        return _inspect_vp8(data)
    if codec is Codec.VP9:
        return _inspect_vp9(data)
    return _inspect_h264(data, h264 or H264Stream())


def _inspect_vp8(data: bytes) -> FrameInfo:
    # RFC 6386 section 9.1: bit 0 of the frame tag is 0 for key frames; a start code follows.
    if len(data) < 10 or data[0] & 1 or data[3:6] != b"\x9d\x01\x2a":
        return FrameInfo(is_key=False)
    width = int.from_bytes(data[6:8], "little") & 0x3FFF
    height = int.from_bytes(data[8:10], "little") & 0x3FFF
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        return FrameInfo(is_key=False)
    return FrameInfo(is_key=True, width=width, height=height)


def largest(codec: Codec, data: bytes) -> tuple[int, int]:
    """The largest size that a VP8 or VP9 unit tells a decoder, whatever it is; 0x0 if none."""
    if codec is Codec.VP9:
        return largest_size(data)
    if codec is not Codec.VP8 or len(data) < 10 or data[0] & 1:
        return 0, 0
    width, height = (int.from_bytes(data[at : at + 2], "little") & 0x3FFF for at in (6, 8))
    return width, height


def _inspect_vp9(data: bytes) -> FrameInfo:
    try:
        heads = [parse_head(frame) for frame in split_superframe(data)]
    except ValueError:
        return FrameInfo(is_key=False)
    # Decoding starts with the first frame; the last one, of the highest layer, is shown.
    told = [(head.width, head.height) for head in heads if head.width]
    sizes = [size for size in told if max(size) <= MAX_SIDE]
    if heads[0].is_key and not sizes:
        return FrameInfo(is_key=False)
    return FrameInfo(heads[0].is_key, *(sizes[-1] if sizes else (0, 0)))


def _inspect_h264(data: bytes, stream: H264Stream) -> FrameInfo:
    try:
        head = stream.read(data)
    except TooManyParts:
        return FrameInfo(is_key=False)
    is_key = head.is_idr or head.is_start
    size = (head.width, head.height) if head.has_slice else stream.newest_size()
    if max(size) > MAX_SIDE:
        size = (0, 0)
    return FrameInfo(is_key, *size)


def sps_size(nal: bytes) -> tuple[int, int]:
    """(width, height) in luma samples of a sequence parameter set, cropping applied.

    Raises IndexError or ValueError for one that is cut off, damaged, or over ``MAX_SIDE``.
    """
    sps = parse_sps(nal)
    if max(sps.width, sps.height) > MAX_SIDE:
        raise ValueError(f"{sps.width}x{sps.height} is no picture size")
    return sps.width, sps.height
