"""H.264 heads: sequence and picture parameter sets, slice headers, recovery points.

ITU-T H.264 sections 7.3.2.1 (SPS), 7.3.2.2 (PPS), 7.3.3 (slice header), D.1.8 (recovery point).
Only what comes first is read; each reader is bounded by ``bit_reader.py``.
"""

from __future__ import annotations

import dataclasses

from media.bit_reader import MAX_BYTES, BitReader

# Values of profile_idc whose parameter sets tell the chroma format (section 7.3.2.1.1).
_HIGH_PROFILES = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135}
_MAX_CYCLE = 255
"""H.264 section 7.4.2.1.1: num_ref_frames_in_pic_order_cnt_cycle is 0 to 255."""

_MAX_SPS_ID, _MAX_PPS_ID = 31, 255
# The first macroblock is below 139,264 (table A-1), the type at most 9 and the id of the picture
# parameter set at most 255. Their codes have 59 bits together.
_SLICE_HEAD = 24
"""Bytes of a slice that are read: its first three numbers take less than half of them."""

_RECOVERY_POINT = 6
_MAX_MESSAGES = 8


@dataclasses.dataclass(frozen=True, slots=True)
class Sps:
    """A sequence parameter set."""

    id: int
    width: int
    "Luma samples after cropping."
    height: int
    nal: bytes
    chroma_format: int = 1
    "0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4 (table 6-1)."
    bit_depth_luma: int = 8
    bit_depth_chroma: int = 8


@dataclasses.dataclass(frozen=True, slots=True)
class Pps:
    """A picture parameter set."""

    id: int
    sps: int
    "Id of the sequence parameter set that it belongs to."
    nal: bytes


@dataclasses.dataclass(frozen=True, slots=True)
class SliceHead:
    """The first numbers of a slice header."""

    first_mb: int
    "Address of its first macroblock; 0 where the picture begins."
    kind: int
    "0 P, 1 B, 2 I, 3 SP, 4 SI."
    pps: int


def _reader(nal: bytes) -> BitReader:
    """Returns a reader of the NAL unit without emulation prevention bytes (section 7.4.1.1)."""
    return BitReader(nal[1 : MAX_BYTES + 1].replace(b"\x00\x00\x03", b"\x00\x00"))


def parse_sps(nal: bytes) -> Sps:
    """Reads a sequence parameter set.

    Raises IndexError or ValueError if it is cut off, damaged or over 1 kB.
    """
    if len(nal) > MAX_BYTES:
        raise ValueError(f"a parameter set of {len(nal)} bytes is over {MAX_BYTES}")
    bits = _reader(nal)
    profile = bits.bits(8)
    # Constraint flags and the level.
    bits.bits(16)
    number = bits.ue()
    if number > _MAX_SPS_ID:
        raise ValueError(f"there is no sequence parameter set {number}")
    chroma_format, separate_planes, depths = 1, 0, (8, 8)
    if profile in _HIGH_PROFILES:
        chroma_format = bits.ue()
        # Only 4:4:4 may code its planes separately, and has lists for the larger chroma blocks.
        if chroma_format == 3:
            separate_planes = bits.bit()
        depths = (8 + bits.ue(), 8 + bits.ue())
        bits.bit()
        if bits.bit():
            _skip_scaling_lists(bits, 8 if chroma_format != 3 else 12)
    bits.ue()
    _skip_order_count(bits)
    bits.ue()
    bits.bit()
    size = _size(bits, chroma_format, separate_planes)
    return Sps(number, *size, nal, chroma_format, *depths)


def _size(bits: BitReader, chroma_format: int, separate_planes: int) -> tuple[int, int]:
    width = (bits.ue() + 1) * 16
    map_height = (bits.ue() + 1) * 16
    frame_only = bits.bit()
    if not frame_only:
        bits.bit()
    bits.bit()
    # Where fields may be coded, heights count in pairs of macroblock rows.
    height = map_height * (2 - frame_only)
    if bits.bit():
        left, right, top, bottom = (bits.ue() for _ in range(4))
        mono = chroma_format == 0 or separate_planes == 1
        # Cropping counts in chroma samples, and in pairs of rows where fields may be coded (table
        # 6-1).
        unit_x = 1 if mono or chroma_format == 3 else 2
        unit_y = (1 if mono or chroma_format != 1 else 2) * (2 - frame_only)
        width -= (left + right) * unit_x
        height -= (top + bottom) * unit_y
    if width <= 0 or height <= 0:
        raise ValueError(f"{width}x{height} is no picture size")
    return width, height


def _skip_scaling_lists(bits: BitReader, count: int) -> None:
    for index in range(count):
        if not bits.bit():
            continue
        last = following = 8
        for _ in range(16 if index < 6 else 64):
            # A list that ends early repeats its last value, and codes nothing more.
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
        cycle = bits.ue()
        if cycle > _MAX_CYCLE:
            raise ValueError(f"an order count cycle of {cycle} frames is over {_MAX_CYCLE}")
        for _ in range(cycle):
            bits.se()


def parse_pps(nal: bytes) -> Pps:
    """Reads a picture parameter set.

    Raises IndexError or ValueError if it is cut off, damaged or over 1 kB.
    """
    if len(nal) > MAX_BYTES:
        raise ValueError(f"a parameter set of {len(nal)} bytes is over {MAX_BYTES}")
    bits = _reader(nal[:_SLICE_HEAD])
    number, sps = bits.ue(), bits.ue()
    if number > _MAX_PPS_ID or sps > _MAX_SPS_ID:
        raise ValueError(f"there is no picture parameter set {number} of sequence {sps}")
    return Pps(number, sps, nal)


def parse_slice(nal: bytes) -> SliceHead:
    """Reads a slice header. Raises IndexError or ValueError if it is cut off or damaged."""
    bits = _reader(nal[:_SLICE_HEAD])
    # Types 5 to 9 say of the whole picture what 0 to 4 say of the slice (table 7-6).
    return SliceHead(bits.ue(), bits.ue() % 5, bits.ue())


def has_recovery_point(nal: bytes) -> bool:
    """True for supplemental information (SEI) that says: decoding can start here, and the
    pictures are right from here on, or some pictures later (gradual refresh).
    """
    data, at = nal[1 : MAX_BYTES + 1], 0
    for _ in range(_MAX_MESSAGES):
        kind, at = _sei_number(data, at)
        size, at = _sei_number(data, at)
        if kind == _RECOVERY_POINT and 0 < size <= len(data) - at:
            return True
        at += size
    return False


def _sei_number(data: bytes, at: int) -> tuple[int, int]:
    """Reads (value, place behind it) of a type or size (section 7.3.2.3.1); 0 behind the end."""
    value = 0
    while at < len(data) and data[at] == 0xFF:
        value, at = value + 255, at + 1
    return value + (data[at] if at < len(data) else 0), at + 1
