"""What the first bytes of a coded frame say: is it a key frame, and how large is the picture.

H.264: ITU-T H.264 sections 7.3.1 and 7.3.2.1.1 (sequence parameter set). VP8: RFC 6386 section
9.1. VP9: ``vp9_frame.py``. Nothing is decoded.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from app.rtc.bits import BitReader
from app.rtc.vp9_frame import parse_head, split_superframe
from wire.batch import MAX_SIDE, Codec

_IDR = 5
_SPS = 7
_HIGH_PROFILES = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135}


@dataclasses.dataclass(frozen=True, slots=True)
class FrameInfo:
    """What was read; the size is 0x0 where this frame does not tell it."""

    is_key: bool
    width: int = 0
    height: int = 0


def inspect(codec: Codec, data: bytes) -> FrameInfo:
    """Reads a frame's head. Damaged heads count as no key frame."""
    if codec is Codec.VP8:
        return _inspect_vp8(data)
    if codec is Codec.VP9:
        return _inspect_vp9(data)
    return _inspect_h264(data)


def _inspect_vp8(data: bytes) -> FrameInfo:
    # RFC 6386 section 9.1: bit 0 of the frame tag is 0 for key frames; a start code follows.
    if len(data) < 10 or data[0] & 1 or data[3:6] != b"\x9d\x01\x2a":
        return FrameInfo(is_key=False)
    width = int.from_bytes(data[6:8], "little") & 0x3FFF
    height = int.from_bytes(data[8:10], "little") & 0x3FFF
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        return FrameInfo(is_key=False)
    return FrameInfo(is_key=True, width=width, height=height)


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


def _inspect_h264(data: bytes) -> FrameInfo:
    is_key = False
    size = (0, 0)
    for unit in nal_units(data):
        kind = unit[0] & 0x1F
        if kind == _IDR:
            is_key = True
            break
        if kind == _SPS:
            try:
                size = sps_size(unit)
            except (IndexError, ValueError):
                size = (0, 0)
        elif 1 <= kind <= 4:
            break
    return FrameInfo(is_key=is_key, width=size[0], height=size[1])


def nal_units(data: bytes) -> Iterator[bytes]:
    """The NAL units of an Annex B stream, without start codes (H.264 annex B.1)."""
    start = data.find(b"\x00\x00\x01")
    while start >= 0:
        start += 3
        end = data.find(b"\x00\x00\x01", start)
        unit = data[start:] if end < 0 else data[start:end].rstrip(b"\x00")
        if unit:
            yield unit
        start = end


def sps_size(sps: bytes) -> tuple[int, int]:
    """(width, height) in luma samples of a sequence parameter set, cropping applied.

    Raises IndexError or ValueError for one that is cut off or damaged.
    """
    bits = BitReader(sps[1:].replace(b"\x00\x00\x03", b"\x00\x00"))
    profile = bits.bits(8)
    bits.bits(16)
    bits.ue()
    chroma_format, separate_planes = 1, 0
    if profile in _HIGH_PROFILES:
        chroma_format = bits.ue()
        if chroma_format == 3:
            separate_planes = bits.bit()
        bits.ue()
        bits.ue()
        bits.bit()
        if bits.bit():
            _skip_scaling_lists(bits, 8 if chroma_format != 3 else 12)
    bits.ue()
    _skip_order_count(bits)
    bits.ue()
    bits.bit()
    width = (bits.ue() + 1) * 16
    map_height = (bits.ue() + 1) * 16
    frame_only = bits.bit()
    if not frame_only:
        bits.bit()
    bits.bit()
    height = map_height * (2 - frame_only)
    if bits.bit():
        left, right, top, bottom = (bits.ue() for _ in range(4))
        mono = chroma_format == 0 or separate_planes == 1
        unit_x = 1 if mono or chroma_format == 3 else 2
        unit_y = (1 if mono or chroma_format != 1 else 2) * (2 - frame_only)
        width -= (left + right) * unit_x
        height -= (top + bottom) * unit_y
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise ValueError(f"{width}x{height} is no picture size")
    return width, height


def _skip_scaling_lists(bits: BitReader, count: int) -> None:
    for index in range(count):
        if not bits.bit():
            continue
        last = following = 8
        for _ in range(16 if index < 6 else 64):
            if following:
                following = (last + bits.se()) % 256
            last = following or last


def _skip_order_count(bits: BitReader) -> None:
    kind = bits.ue()
    if kind == 0:
        bits.ue()
    elif kind == 1:
        bits.bit()
        bits.se()
        bits.se()
        for _ in range(bits.ue()):
            bits.se()
