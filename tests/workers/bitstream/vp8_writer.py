"""Writes VP8 frames bit by bit (RFC 6386), as no encoder would: any header, any modes."""

from __future__ import annotations

import dataclasses
import random

from workers.bitstream.vp8_tables import COEFFICIENT_UPDATES, VECTOR_UPDATES

EVEN = 128


class BoolWriter:
    """The bool encoder (section 7.2), with all that was written as one long number."""

    def __init__(self) -> None:
        self._low = 0
        self._range = 255
        self._bits = 8

    def bool(self, bit: int, probability: int) -> None:
        split = 1 + (((self._range - 1) * probability) >> 8)
        if bit:
            self._low += split
            self._range -= split
        else:
            self._range = split
        while self._range < 128:
            self._low <<= 1
            self._range <<= 1
            self._bits += 1

    def literal(self, value: int, count: int) -> None:
        for bit in range(count - 1, -1, -1):
            self.bool(value >> bit & 1, EVEN)

    def optional(self, value: int, count: int) -> None:
        """A flag, then a magnitude and a sign, as deltas are written."""
        self.literal(value != 0, 1)
        if value:
            self.literal(abs(value), count)
            self.literal(value < 0, 1)

    def finish(self, rest: bytes = b"") -> bytes:
        """All bytes; those of ``rest`` are read as whatever a decoder takes them for."""
        spare = -self._bits % 8
        size = (self._bits + spare) // 8
        return (self._low << spare).to_bytes(size, "big") + rest

    def finish_at_random(self, chance: random.Random, count: int) -> bytes:
        """Goes on with ``count`` bytes of any bits."""
        inside = self._low + chance.randrange(self._range)
        spare = -self._bits % 8
        size = (self._bits + spare) // 8
        tail = chance.getrandbits(spare) if spare else 0
        return (inside << spare | tail).to_bytes(size, "big") + chance.randbytes(count)


@dataclasses.dataclass(frozen=True)
class Segments:
    """update_segmentation (section 9.3)."""

    quantizers: tuple[int, int, int, int] | None = None
    is_absolute: bool = False
    tree: tuple[int, int, int] | None = None
    "Probabilities of the map's tree; None where the frame brings no map."


@dataclasses.dataclass(frozen=True)
class Header:
    """A frame header (section 19.2); what key frames have not is not written for them."""

    is_key: bool = False
    is_shown: bool = True
    version: int = 0
    width: int = 64
    height: int = 64
    segments: Segments | None = None
    partitions: int = 0
    "Logarithm of the number of token partitions."
    q_index: int = 20
    refresh_golden: bool = False
    refresh_altref: bool = False
    copy_to_golden: int = 0
    copy_to_altref: int = 0
    bias_golden: bool = False
    bias_altref: bool = False
    keeps_probabilities: bool = True
    refresh_last: bool = True
    skip: int | None = 128
    intra: int = 128
    last: int = 128
    golden: int = 128
    luma: tuple[int, int, int, int] | None = None
    chroma: tuple[int, int, int] | None = None
    vectors: dict[tuple[int, int], int] = dataclasses.field(default_factory=dict)
    "New probabilities by axis (0 is y) and index, 7 bits."


def _segments(out: BoolWriter, segments: Segments | None) -> None:
    out.literal(segments is not None, 1)
    if segments is None:
        return
    out.literal(segments.tree is not None, 1)
    out.literal(segments.quantizers is not None, 1)
    if segments.quantizers is not None:
        out.literal(segments.is_absolute, 1)
        for value in segments.quantizers:
            out.optional(value, 7)
        out.literal(0, 4)
    for probability in segments.tree or ():
        out.literal(1, 1)
        out.literal(probability, 8)


def _buffers(out: BoolWriter, header: Header) -> None:
    out.literal(header.refresh_golden, 1)
    out.literal(header.refresh_altref, 1)
    if not header.refresh_golden:
        out.literal(header.copy_to_golden, 2)
    if not header.refresh_altref:
        out.literal(header.copy_to_altref, 2)
    out.literal(header.bias_golden, 1)
    out.literal(header.bias_altref, 1)


def _mode_probabilities(out: BoolWriter, header: Header) -> None:
    for probability in (header.intra, header.last, header.golden):
        out.literal(probability, 8)
    for new in (header.luma, header.chroma):
        out.literal(new is not None, 1)
        for probability in new or ():
            out.literal(probability, 8)
    for axis, row in enumerate(VECTOR_UPDATES.reshape(2, -1)):
        for index, chance in enumerate(row):
            value = header.vectors.get((axis, index))
            out.bool(value is not None, int(chance))
            if value is not None:
                out.literal(value, 7)


def begin(header: Header) -> BoolWriter:
    """A first partition up to its macroblocks."""
    out = BoolWriter()
    if header.is_key:
        out.literal(0, 2)
    _segments(out, header.segments)
    out.literal(0, 1 + 6 + 3 + 1)
    out.literal(header.partitions, 2)
    out.literal(header.q_index, 7)
    out.literal(0, 5)
    if not header.is_key:
        _buffers(out, header)
    out.literal(header.keeps_probabilities, 1)
    if not header.is_key:
        out.literal(header.refresh_last, 1)
    for chance in COEFFICIENT_UPDATES:
        out.bool(0, int(chance))
    out.literal(header.skip is not None, 1)
    if header.skip is not None:
        out.literal(header.skip, 8)
    if not header.is_key:
        _mode_probabilities(out, header)
    return out


def segment(out: BoolWriter, value: int, tree: tuple[int, int, int]) -> None:
    """A macroblock's segment (section 10)."""
    out.bool(value >> 1, tree[0])
    out.bool(value & 1, tree[1 + (value >> 1)])


def intra(out: BoolWriter, header: Header, *, skipped: bool = True) -> None:
    """A macroblock without vectors: all DC_PRED (sections 11.2, 11.4, 16.1)."""
    if header.skip is not None:
        out.bool(skipped, header.skip)
    if header.is_key:
        for bit, chance in ((1, 145), (0, 156), (0, 163), (0, 142)):
            out.bool(bit, chance)
        return
    out.bool(0, header.intra)
    out.bool(0, (header.luma or (112,))[0])
    out.bool(0, (header.chroma or (162,))[0])


def frame(header: Header, first: bytes, tokens: bytes = bytes(64)) -> bytes:
    """A frame of that first partition (sections 9.1 and 9.5) and equal token partitions."""
    tag = (
        (not header.is_key) | header.version << 1 | header.is_shown << 4 | len(first) << 5
    ).to_bytes(3, "little")
    if header.is_key:
        tag += b"\x9d\x01\x2a"
        tag += header.width.to_bytes(2, "little") + header.height.to_bytes(2, "little")
    count = 1 << header.partitions
    return tag + first + len(tokens).to_bytes(3, "little") * (count - 1) + tokens * count
