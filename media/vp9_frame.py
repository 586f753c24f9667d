"""VP9 frames by their first bytes, and superframes by their last.

VP9 Bitstream and Decoding Process Specification, sections 6.2 and 7.2 (uncompressed header) and
annex B (superframes). Profile 0 only; nothing is decoded.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence

from media.bit_reader import BitReader

MAX_FRAMES = 8
"""Frames in a superframe at most; three bits of its index count them."""

_SYNC_CODE = 0x498342
_RGB = 7


@dataclasses.dataclass(frozen=True, slots=True)
class FrameHead:
    """Facts from a frame's uncompressed header."""

    is_key: bool
    is_shown: bool
    width: int = 0
    "Luma samples; 0 where the size is that of a reference frame."
    height: int = 0


def parse_head(frame: bytes) -> FrameHead:
    """Reads one frame's header. Raises ValueError for what is no frame of profile 0."""
    try:
        return _parse_head(BitReader(frame))
    except IndexError as error:
        raise ValueError("a VP9 frame header is cut off") from error


def _parse_head(bits: BitReader) -> FrameHead:
    if bits.bits(2) != 2:
        raise ValueError("a VP9 frame has no frame marker")
    # profile_low_bit and profile_high_bit.
    if bits.bits(2):
        raise ValueError("a VP9 frame is not of profile 0")
    if bits.bit():
        return FrameHead(is_key=False, is_shown=True)  # one that was coded before
    is_key, is_shown, is_resilient = not bits.bit(), bool(bits.bit()), bits.bit()
    if is_key:
        _check_sync_code(bits)
        # Profile 0 is 4:2:0, in which RGB cannot be coded. The bit behind it is the colour range.
        if bits.bits(3) == _RGB:
            raise ValueError("a VP9 frame of profile 0 cannot be RGB")
        bits.bit()
        return FrameHead(True, is_shown, *_size(bits))
    is_intra_only = not is_shown and bool(bits.bit())
    if not is_resilient:
        bits.bits(2)
    if is_intra_only:
        _check_sync_code(bits)
        # refresh_frame_flags; the format of profile 0 is not told again.
        bits.bits(8)
        return FrameHead(False, is_shown, *_size(bits))
    bits.bits(8)  # which references it renews
    for _ in range(3):
        bits.bits(4)  # a reference it uses, and its sign bias
    for _ in range(3):
        # found_ref: the size is that of this reference.
        if bits.bit():
            return FrameHead(False, is_shown)
    return FrameHead(False, is_shown, *_size(bits))


def _check_sync_code(bits: BitReader) -> None:
    if bits.bits(24) != _SYNC_CODE:
        raise ValueError("a VP9 frame has no sync code")


def _size(bits: BitReader) -> tuple[int, int]:
    return bits.bits(16) + 1, bits.bits(16) + 1


def split_superframe(data: bytes) -> list[bytes]:
    """Splits ``data`` into its frames: itself alone where no superframe index ends it."""
    sizes, index_length = _index(data)
    if not sizes or sum(sizes) > len(data) - index_length:
        return [data]
    frames, at = [], 0
    for size in sizes:
        if size:
            frames.append(data[at : at + size])
        at += size
    return frames or [data]


def _index(data: bytes) -> tuple[list[int], int]:
    """Returns (frame sizes, length of the index in bytes); no sizes where there is no index."""
    if not data or data[-1] >> 5 != 0b110:
        return [], 0
    width = (data[-1] >> 3 & 3) + 1
    count = (data[-1] & 7) + 1
    length = 2 + width * count
    # The same byte begins and ends an index, or the last byte was one of a frame (annex B).
    if len(data) < length or data[-length] != data[-1]:
        return [], 0
    body = data[len(data) - length + 1 : -1]
    parts = [body[at : at + width] for at in range(0, len(body), width)]
    return [int.from_bytes(part, "little") for part in parts], length


def join_layers(data: bytes, cuts: Sequence[int]) -> bytes:
    """Joins the frames of a picture's spatial layers, which begin at ``cuts``, to a superframe.

    Returns ``data`` itself without cuts, and where there are more frames than fit, which no decoder
    takes.
    """
    if not cuts:
        return data
    parts = [data[a:b] for a, b in itertools.pairwise([0, *cuts, len(data)])]
    frames = [frame for part in parts for frame in split_superframe(part)]
    if len(frames) > MAX_FRAMES:
        return data
    width = (max(map(len, frames)).bit_length() + 7) // 8
    mark = bytes([0b110 << 5 | width - 1 << 3 | len(frames) - 1])
    sizes = b"".join(len(frame).to_bytes(width, "little") for frame in frames)
    return b"".join([*frames, mark, sizes, mark])
