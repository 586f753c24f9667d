"""Sample entries: how a decoder is set up for a track, and the codec's name of RFC 6381.

H.264: ISO/IEC 14496-15, AV1: the AOM's ISOBMFF binding, VP9: the WebM project's, Opus: the Xiph
foundation's "Encapsulation of Opus in ISO Base Media File Format".
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from media import av1_obu
from media.cmaf.boxes import box, full_box
from media.h264_parameter_sets import parse_sps

_HIGH_PROFILES = (100, 110, 122, 144)
"""Profiles whose decoder configuration tells chroma format and bit depths (section 5.3.3.1.2)."""

_VP9_LEVELS = (
    (10, 829_440, 36_864),
    (11, 2_764_800, 73_728),
    (20, 4_608_000, 122_880),
    (21, 9_216_000, 245_760),
    (30, 20_736_000, 552_960),
    (31, 36_864_000, 983_040),
    (40, 83_558_400, 2_228_224),
    (41, 160_432_128, 2_228_224),
    (50, 311_951_360, 8_912_896),
)
"""VP9's levels: number, greatest luma samples per second, and per picture (annex A of the VP9
specification)."""

_VP9_PICTURES_S = 60
"""Pictures per second that a VP9 level is chosen for: the stream does not tell how many come."""

_RESOLUTION = 0x480000
"""72 dpi in 16.16, which every writer says."""

_OPUS_CHANNELS, _OPUS_RATE = 2, 48_000


def _visual(kind: bytes, width: int, height: int, configuration: bytes) -> bytes:
    """A VisualSampleEntry (ISO/IEC 14496-12 section 12.1.3)."""
    head = struct.pack(
        ">6xH16xHHIIIH32xHh", 1, width, height, _RESOLUTION, _RESOLUTION, 0, 1, 0x18, -1
    )
    return box(kind, head, configuration)


def avc(
    sequence_sets: Sequence[bytes], picture_sets: Sequence[bytes], width: int, height: int
) -> tuple[bytes, str]:
    """Returns (entry, codec name) of H.264 whose parameter sets stand in the entry (``avc1``).

    Raises ValueError or IndexError for sets that cannot be read.
    """
    first = parse_sps(sequence_sets[0])
    profile = bytes(first.nal[1:4])
    # Lengths in front of NAL units have four bytes (lengthSizeMinusOne 3).
    parts = [b"\x01", profile, b"\xff", bytes([0xE0 | len(sequence_sets)])]
    parts += [len(nal).to_bytes(2, "big") + nal for nal in sequence_sets]
    parts.append(bytes([len(picture_sets)]))
    parts += [len(nal).to_bytes(2, "big") + nal for nal in picture_sets]
    if profile[0] in _HIGH_PROFILES:
        depths = (first.bit_depth_luma - 8, first.bit_depth_chroma - 8)
        parts.append(bytes([0xFC | first.chroma_format, 0xF8 | depths[0], 0xF8 | depths[1], 0]))
    return _visual(b"avc1", width, height, box(b"avcC", *parts)), f"avc1.{profile.hex().upper()}"


def av1(sequence_header: bytes, width: int, height: int) -> tuple[bytes, str]:
    """Returns (entry, codec name) of AV1 by its sequence header OBU.

    Raises ValueError for one that cannot be read.
    """
    found = av1_obu.parse_sequence(sequence_header)
    colour = found.colour
    flags = (
        (found.tier << 7)
        | (int(colour.bit_depth > 8) << 6)
        | (int(colour.bit_depth > 10) << 5)
        | (int(colour.is_mono) << 4)
        | (colour.subsampling_x << 3)
        | (colour.subsampling_y << 2)
        | colour.sample_position
    )
    head = bytes([0x81, found.profile << 5 | found.level, flags, 0])
    configuration = box(b"av1C", head, av1_obu.with_size(sequence_header))
    tier = "H" if found.tier else "M"
    name = f"av01.{found.profile}.{found.level:02d}{tier}.{colour.bit_depth:02d}"
    return _visual(b"av01", width, height, configuration), name


def vp9(width: int, height: int) -> tuple[bytes, str]:
    """Returns (entry, codec name) of VP9 of profile 0, which is 8-bit 4:2:0."""
    samples = width * height
    level = next(
        (
            number
            for number, rate, picture in _VP9_LEVELS
            if samples * _VP9_PICTURES_S <= rate and samples <= picture
        ),
        _VP9_LEVELS[-1][0],
    )
    # Bit depth 8, chroma sited as in MPEG-2 (0), limited range; colours are not told (2).
    head = bytes([0, level, 8 << 4, 2, 2, 2, 0, 0])
    configuration = full_box(b"vpcC", 1, 0, head)
    return _visual(b"vp09", width, height, configuration), f"vp09.00.{level}.08"


def opus() -> tuple[bytes, str]:
    """Returns (entry, codec name) of Opus: two channels, whatever is sent, as in RFC 7587.

    Nothing is skipped at the beginning (pre-skip 0): a live stream is joined in its middle, and
    what is skipped there would put sound before picture.
    """
    head = struct.pack(">6xH8xHH4xI", 1, _OPUS_CHANNELS, 16, _OPUS_RATE << 16)
    configuration = box(b"dOps", struct.pack(">BBHIhB", 0, _OPUS_CHANNELS, 0, _OPUS_RATE, 0, 0))
    return box(b"Opus", head, configuration), "opus"
