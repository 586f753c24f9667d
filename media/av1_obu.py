"""AV1 bitstreams: their units (OBUs), sequence headers, and the heads of key frames.

AV1 Bitstream and Decoding Process Specification, sections 5.3 (OBU header), 5.5 (sequence header),
5.9.2 (frame header), annex B is not used: units are in the low-overhead form of section 5.2.
Nothing is decoded, and the work is bounded.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from media.bit_reader import MAX_BYTES, BitReader

MAX_OBUS = 512
"""OBUs in one unit at most; encoders make one for each layer, and at most one for each tile."""

SEQUENCE_HEADER, TEMPORAL_DELIMITER, FRAME_HEADER, FRAME = 1, 2, 3, 6
TILE_GROUP, REDUNDANT_FRAME_HEADER, TILE_LIST, PADDING = 4, 7, 8, 15
DELIMITER = b"\x12\x00"
"""A temporal delimiter OBU, with which every unit begins (section 7.5)."""

_HAS_EXTENSION, _HAS_SIZE = 0x04, 0x02
_MAX_LEB128 = 8
"""Section 4.10.5: bytes of a variable-length number."""

_SELECT = 2
"""Section 6.4.1: a tool's use is chosen in each frame header."""

_KEY_FRAME = 0

_SRGB = (1, 13, 0)
"""Primaries, transfer and matrix of sRGB, which is 4:4:4 (section 5.5.2)."""


@dataclasses.dataclass(frozen=True, slots=True)
class ColourConfig:
    """The form of the samples (section 5.5.2)."""

    bit_depth: int = 8
    is_mono: bool = False
    subsampling_x: int = 1
    "1 where chroma has half the columns."
    subsampling_y: int = 1
    sample_position: int = 0
    "Place of a chroma sample: 0 unknown, 1 as MPEG-2, 2 as the top left luma sample."


@dataclasses.dataclass(frozen=True, slots=True)
class Sequence:
    """The part of a sequence header that says how large its frames are, and who can decode them."""

    width: int
    "Greatest width of a frame, in luma samples."
    height: int
    is_layered: bool
    "Frames of several spatial layers make up a picture, of which the last is the largest."
    is_still: bool
    "A single picture, whose frame header is reduced."
    width_bits: int
    height_bits: int
    frame_id_bits: int
    "0 where frames have no numbers."
    order_hint_bits: int
    screen_content: int
    "0 or 1, or chosen in each frame (2)."
    integer_mv: int
    has_decoder_model: bool
    profile: int = 0
    level: int = 0
    "seq_level_idx of the first operating point."
    tier: int = 0
    colour: ColourConfig = ColourConfig()


def encode_leb128(value: int) -> bytes:
    """Writes an unsigned number of up to 56 bits in as few bytes as possible."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def parse_leb128(data: bytes, at: int) -> tuple[int, int]:
    """Reads (the number at a place, the place behind it). Raises ValueError where it is cut off."""
    value = 0
    for index in range(_MAX_LEB128):
        if at >= len(data):
            break
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << 7 * index
        if not byte & 0x80:
            return value, at
    raise ValueError("an AV1 number is cut off or has over 8 bytes")


def kind_of(obu: bytes) -> int:
    """Returns the type of an OBU."""
    return obu[0] >> 3 & 0x0F


def split_obus(unit: bytes) -> Iterator[bytes]:
    """Splits a unit in the low-overhead form into its OBUs, without their size fields.

    An OBU without one is the last. Raises ValueError for what is malformed.
    """
    at, count = 0, 0
    while at < len(unit):
        count += 1
        if count > MAX_OBUS:
            raise TooManyObus
        body = at + (2 if unit[at] & _HAS_EXTENSION else 1)
        # The first bit of the header is forbidden (section 5.3.2).
        if unit[at] & 0x80 or body > len(unit):
            raise ValueError("an AV1 OBU has no header")
        start, end = body, len(unit)
        if unit[at] & _HAS_SIZE:
            size, start = parse_leb128(unit, body)
            end = start + size
        if end > len(unit):
            raise ValueError("an AV1 OBU is cut off")
        yield bytes([unit[at] & ~_HAS_SIZE]) + unit[at + 1 : body] + unit[start:end]
        at = end


class TooManyObus(ValueError):
    """The unit has more OBUs than any encoder makes."""


def with_size(obu: bytes) -> bytes:
    """Returns the OBU with a size field, as it stands in a unit."""
    body = 2 if obu[0] & _HAS_EXTENSION else 1
    head = bytes([obu[0] | _HAS_SIZE]) + obu[1:body]
    return head + encode_leb128(len(obu) - body) + obu[body:]


def _body(obu: bytes) -> BitReader:
    start = 2 if obu[0] & _HAS_EXTENSION else 1
    return BitReader(obu[start : start + MAX_BYTES])


def parse_sequence(obu: bytes) -> Sequence:
    """Reads a sequence header. Raises ValueError if it is cut off or damaged."""
    try:
        return _parse_sequence(_body(obu))
    except IndexError as error:
        raise ValueError("an AV1 sequence header is cut off") from error


def _parse_sequence(bits: BitReader) -> Sequence:
    profile = bits.bits(3)
    bits.bit()  # still_picture; the bit behind it says whether the headers are reduced
    is_still = bool(bits.bit())
    layers, has_model, tier = 0, False, 0
    if is_still:
        level = bits.bits(5)
    else:
        layers, has_model, level, tier = _parse_operating_points(bits)
    width_bits, height_bits = bits.bits(4) + 1, bits.bits(4) + 1
    width, height = bits.bits(width_bits) + 1, bits.bits(height_bits) + 1
    id_bits = 0
    if not is_still and bits.bit():
        # A frame number has delta_frame_id_length_minus_2 + additional_frame_id_length_minus_1 + 3
        # bits.
        delta_bits = bits.bits(4) + 2
        id_bits = bits.bits(3) + delta_bits + 1
    bits.bits(3)  # superblock size, intra filters
    hint_bits, screen_content, integer_mv = 0, _SELECT, _SELECT
    if not is_still:
        hint_bits, screen_content, integer_mv = _parse_tools(bits)
    bits.bits(3)  # super-resolution of frames, filters
    return Sequence(
        width,
        height,
        # More than one bit of the mask is set.
        is_layered=layers & layers - 1 != 0,
        is_still=is_still,
        width_bits=width_bits,
        height_bits=height_bits,
        frame_id_bits=id_bits,
        order_hint_bits=hint_bits,
        screen_content=screen_content,
        integer_mv=integer_mv,
        has_decoder_model=has_model,
        profile=profile,
        level=level,
        tier=tier,
        colour=parse_colour(bits, profile),
    )


def parse_colour(bits: BitReader, profile: int) -> ColourConfig:
    """Reads how samples are coded. Raises IndexError where it is cut off."""
    depth = 10 if bits.bit() else 8
    if profile == 2 and depth == 10 and bits.bit():
        depth = 12
    is_mono = profile != 1 and bool(bits.bit())
    described = (bits.bits(8), bits.bits(8), bits.bits(8)) if bits.bit() else None
    if described == _SRGB and not is_mono:
        return ColourConfig(depth, False, 0, 0)
    bits.bit()  # range
    if is_mono:
        return ColourConfig(depth, True)
    # Profile 0 is 4:2:0, profile 1 is 4:4:4, and profile 2 has 4:2:2 where it does not tell.
    half = {0: (1, 1), 1: (0, 0)}.get(profile, (1, 0))
    if profile == 2 and depth == 12:
        is_narrow = bits.bit()
        half = (is_narrow, bits.bit() if is_narrow else 0)
    return ColourConfig(depth, False, *half, bits.bits(2) if half == (1, 1) else 0)


def _parse_operating_points(bits: BitReader) -> tuple[int, bool, int, int]:
    """Reads (mask of the first point's spatial layers, a decoder model is there, level, tier)."""
    delay_bits, has_model = 0, False
    if bits.bit():  # timing information
        bits.bits(32)
        bits.bits(32)
        if bits.bit():
            bits.ue()  # uvlc() is the Exp-Golomb code of H.264
        has_model = bool(bits.bit())
        if has_model:
            delay_bits = bits.bits(5) + 1
            bits.bits(32)
            bits.bits(10)
    has_delay = bits.bit()
    layers = level = tier = 0
    for index in range(bits.bits(5) + 1):
        # operating_point_idc: a bit for each of 8 temporal layers, and above them one for each of 4
        # spatial layers (section 6.4.1).
        point = bits.bits(12)
        layers = point >> 8 if index == 0 else layers
        point_level = bits.bits(5)
        point_tier = bits.bit() if point_level > 7 else 0
        if index == 0:
            level, tier = point_level, point_tier
        if has_model and bits.bit():
            # The delays of decoder and encoder, and the flag of the low-delay mode (section 5.5.5).
            bits.bits(2 * delay_bits + 1)
        if has_delay and bits.bit():
            bits.bits(4)
    return layers, has_model, level, tier


def _parse_tools(bits: BitReader) -> tuple[int, int, int]:
    """Reads (bits of an order hint, use of screen content tools, use of integer vectors)."""
    bits.bits(4)  # compound modes, warped motion, dual filter
    has_hint = bits.bit()
    if has_hint:
        bits.bits(2)
    screen_content = _SELECT if bits.bit() else bits.bit()
    # Integer vectors are a tool for screen content, and are told only together with it.
    integer_mv = _SELECT
    if screen_content and not bits.bit():
        integer_mv = bits.bit()
    return (bits.bits(3) + 1 if has_hint else 0), screen_content, integer_mv


def is_shown_key_frame(obu: bytes, sequence: Sequence | None) -> bool:
    """True for a frame (header) that decoding can start with, and that is shown."""
    if sequence is not None and sequence.is_still:
        return True
    try:
        bits = _body(obu)
        # show_existing_frame, frame_type and show_frame are the first fields (section 5.9.2).
        return not bits.bit() and bits.bits(2) == _KEY_FRAME and bool(bits.bit())
    except IndexError:
        return False


def key_frame_size(obu: bytes, sequence: Sequence) -> tuple[int, int]:
    """Returns (width, height) of a shown key frame: the sequence's, if the frame says no other.

    A frame is never larger than its sequence says (section 6.8.5).
    """
    whole = (sequence.width, sequence.height)
    # Timing in between is of a length that is not known here; layers are smaller than the picture.
    if sequence.is_still or sequence.is_layered or sequence.has_decoder_model:
        return whole
    try:
        width, height = _parse_frame_size(_body(obu), sequence)
    except IndexError:
        return whole
    return min(width, whole[0]), min(height, whole[1])


def _parse_frame_size(bits: BitReader, sequence: Sequence) -> tuple[int, int]:
    bits.bits(4)  # it is shown, and a key frame
    bits.bit()  # updates of probabilities
    uses_tools = bits.bit() if sequence.screen_content == _SELECT else sequence.screen_content
    if uses_tools and sequence.integer_mv == _SELECT:
        bits.bit()
    bits.bits(sequence.frame_id_bits)
    is_other_size = bits.bit()
    if not is_other_size:
        return sequence.width, sequence.height
    # A shown key frame has no error_resilient_mode, primary_ref_frame or refresh_frame_flags, so
    # its size follows here.
    bits.bits(sequence.order_hint_bits)
    return bits.bits(sequence.width_bits) + 1, bits.bits(sequence.height_bits) + 1
