"""Frame tag and frame header of VP8 (RFC 6386 sections 9, 19.1 and 19.2)."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from media.limits import MAX_SIDE
from workers.bitstream.vp8_bool_decoder import new_reader, read_literal
from workers.bitstream.vp8_macroblocks import ModeProbabilities
from workers.bitstream.vp8_modes import skip_coefficient_updates
from workers.bitstream.vp8_tables import (
    CHROMA_PROBABILITIES,
    LUMA_PROBABILITIES,
    VECTOR_PROBABILITIES,
)
from workers.bitstream.vp8_vectors import update_vector_probabilities
from workers.errors import BrokenUnit

__all__ = [
    "Buffer",
    "FrameTag",
    "Header",
    "SavedProbabilities",
    "Segmentation",
    "parse_tag",
    "read_header",
]

Bytes = npt.NDArray[np.uint8]

_TAG_BYTES = 3
_KEY_BYTES = 10
_START_CODE = b"\x9d\x01\x2a"
_LAST_VERSION = 3
_MAX_Q_INDEX = 127


@dataclasses.dataclass(frozen=True, slots=True)
class FrameTag:
    """The uncompressed head before the first partition."""

    is_key: bool
    is_shown: bool
    start: int
    "Offset at which the first partition begins, and"
    end: int
    "ends, in bytes from the frame's begin; within the frame."
    width: int = 0
    "Luma samples; 0 in interframes, which have the last key frame's size."
    height: int = 0


def parse_tag(payload: bytes) -> FrameTag:
    """Reads the tag that begins a frame (section 9.1). Raises BrokenUnit."""
    if len(payload) < _TAG_BYTES:
        raise BrokenUnit(f"a VP8 frame of {len(payload)} bytes has no tag")
    bits = int.from_bytes(payload[:_TAG_BYTES], "little")
    is_key = not bits & 1
    # Bits of the tag, from the lowest: frame type, version (3), shown (1), size of the first
    # partition (19).
    version = bits >> 1 & 7
    start = _KEY_BYTES if is_key else _TAG_BYTES
    end = start + (bits >> 5)
    if version > _LAST_VERSION:
        raise BrokenUnit(f"VP8 version {version} is not defined")
    if end > len(payload):
        raise BrokenUnit(f"a VP8 frame of {len(payload)} bytes ends before byte {end}")
    width, height = _size(payload) if is_key else (0, 0)
    return FrameTag(is_key, bool(bits >> 4 & 1), start, end, width, height)


def _size(payload: bytes) -> tuple[int, int]:
    if payload[3:6] != _START_CODE:
        raise BrokenUnit("a VP8 key frame without its start code")
    # The upper two bits are a scale for the display, which has no effect on decoding (section 9.1).
    width = int.from_bytes(payload[6:8], "little") & 0x3FFF
    height = int.from_bytes(payload[8:10], "little") & 0x3FFF
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise BrokenUnit(f"{width}x{height} is no picture size")
    return width, height


@dataclasses.dataclass(frozen=True, slots=True)
class Segmentation:
    """State of the segments (section 9.3), kept until replaced, at the latest by a key frame."""

    is_enabled: bool = False
    is_absolute: bool = False
    quantizers: tuple[int, int, int, int] = (0, 0, 0, 0)

    def q_indices(self, base: int) -> Bytes:
        """The q_index of each of the four segments, 0 to 127 (section 9.6)."""
        if not self.is_enabled:
            found = [base] * 4
        # Absolute values replace the frame's q_index, deltas are added to it.
        elif self.is_absolute:
            found = list(self.quantizers)
        else:
            found = [base + delta for delta in self.quantizers]
        return np.array([min(max(q, 0), _MAX_Q_INDEX) for q in found], dtype=np.uint8)


@dataclasses.dataclass(frozen=True, slots=True)
class SavedProbabilities:
    """Probabilities that frames hand on (sections 16.1 and 17.2). Never written to."""

    luma: Bytes
    chroma: Bytes
    vector: Bytes

    @classmethod
    def default(cls) -> SavedProbabilities:
        """Returns the probabilities that key frames begin with."""
        return cls(LUMA_PROBABILITIES, CHROMA_PROBABILITIES, VECTOR_PROBABILITIES)


@dataclasses.dataclass(frozen=True, slots=True)
class Buffer:
    """The change that a frame makes to the golden or the altref buffer (section 9.7)."""

    is_refreshed: bool
    copied_from: int = 0
    "0: nothing, 1: the last frame's buffer, 2: the other one of the two."


@dataclasses.dataclass(frozen=True, slots=True)
class Header:
    """A frame's header."""

    segmentation: Segmentation
    q_index: int
    refreshes_last: bool
    golden: Buffer
    altref: Buffer
    probabilities: ModeProbabilities
    saved: SavedProbabilities
    "The segmentation that the next frame goes on with."


class _Bits:
    """Reads values of the header."""

    def __init__(self, partition: Bytes) -> None:
        self.reader = new_reader(partition)

    def number(self, count: int) -> int:
        return read_literal(self.reader, count)

    def flag(self) -> bool:
        return self.number(1) == 1

    def signed(self, count: int) -> int:
        """A magnitude and a sign."""
        size = self.number(count)
        return -size if self.flag() else size

    def numbers(self, length: int) -> Bytes:
        return np.array([self.number(8) for _ in range(length)], dtype=np.uint8)


def read_header(
    data: Bytes, tag: FrameTag, segmentation: Segmentation, saved: SavedProbabilities
) -> tuple[Header, npt.NDArray[np.int64]]:
    """The header, and the bool decoder behind it. ``segmentation`` and ``saved`` are what the
    frame before left, whatever it was; key frames use neither. Raises BrokenUnit where the token
    partitions that the header announces do not lie within the frame.
    """
    bits = _Bits(data[tag.start : tag.end])
    if tag.is_key:
        # Section 9.2: the colour space and the clamping type, neither of which matters to modes.
        bits.number(2)
        segmentation, saved = Segmentation(), SavedProbabilities.default()
    segmentation, segments = _read_segmentation(bits, segmentation)
    _skip_loop_filter(bits)
    _check_partitions(data, tag.end, 1 << bits.number(2))
    # Section 9.6; the five deltas behind it are for planes and coefficients that cells do not tell
    # apart.
    q_index = bits.number(7)
    for _ in range(5):
        if bits.flag():
            bits.number(5)
    # A key frame refreshes every buffer (section 9.7).
    golden = altref = Buffer(is_refreshed=True)
    biases = [False] * 4
    if not tag.is_key:
        golden, altref = _read_buffers(bits)
        # Order of the references: own picture, last, golden, altref; the first two have no bias.
        biases[2:] = bits.flag(), bits.flag()
    # refresh_entropy_probs: without it, what this frame changes holds for this frame alone.
    keeps_saved = bits.flag()
    refreshes_last = tag.is_key or bits.flag()
    skip_coefficient_updates(bits.reader)
    probabilities, used = _read_probabilities(bits, tag, saved, segments, biases)
    saved = used if keeps_saved else saved
    return Header(
        segmentation, q_index, refreshes_last, golden, altref, probabilities, saved
    ), bits.reader


def _read_segmentation(bits: _Bits, before: Segmentation) -> tuple[Segmentation, Bytes | None]:
    """Reads the segments, and their tree if the map is coded (sections 9.3 and 19.2)."""
    # The values stay stored while segmentation is off, and hold again when it is switched on.
    if not bits.flag():
        return dataclasses.replace(before, is_enabled=False), None
    has_map, has_values = bits.flag(), bits.flag()
    after = dataclasses.replace(before, is_enabled=True)
    if has_values:
        is_absolute = bits.flag()
        q0, q1, q2, q3 = (bits.signed(7) if bits.flag() else 0 for _ in range(4))
        after = Segmentation(True, is_absolute, (q0, q1, q2, q3))
        for _ in range(4):
            if bits.flag():
                bits.signed(6)
    if not has_map:
        return after, None
    # 255 where the flag is 0 (section 9.3).
    tree = [bits.number(8) if bits.flag() else 255 for _ in range(3)]
    return after, np.array(tree, dtype=np.uint8)


def _skip_loop_filter(bits: _Bits) -> None:
    """Reads past the settings of the loop filter (section 9.4)."""
    # Filter type, level and sharpness.
    bits.number(1 + 6 + 3)
    if bits.flag() and bits.flag():
        for _ in range(8):
            if bits.flag():
                bits.signed(6)


def _check_partitions(data: Bytes, start: int, count: int) -> None:
    """Checks that the token partitions fit: first all sizes but the last one's (section 9.5)."""
    # The last partition has no size: it reaches to the end of the frame.
    begin = start + 3 * (count - 1)
    if begin > data.size:
        raise BrokenUnit("a VP8 frame ends before the sizes of its partitions")
    sizes = data[start:begin].reshape(-1, 3).astype(np.int64) @ (1, 1 << 8, 1 << 16)
    if begin + int(sizes.sum()) > data.size:
        raise BrokenUnit("a VP8 frame ends before its last partition")


def _read_buffers(bits: _Bits) -> tuple[Buffer, Buffer]:
    golden, altref = bits.flag(), bits.flag()
    return (
        Buffer(golden, 0 if golden else bits.number(2)),
        Buffer(altref, 0 if altref else bits.number(2)),
    )


def _read_probabilities(
    bits: _Bits,
    tag: FrameTag,
    saved: SavedProbabilities,
    segments: Bytes | None,
    biases: list[bool],
) -> tuple[ModeProbabilities, SavedProbabilities]:
    """Reads the probabilities of macroblocks, and which are saved (sections 9.10, 9.11, 17.2)."""
    has_skips = bits.flag()
    # Without skip flags no macroblock is skipped; its probability is never used then.
    macroblock = np.zeros(4, np.uint8)
    if has_skips:
        macroblock[0] = bits.number(8)
    if not tag.is_key:
        macroblock[1:] = bits.numbers(3)
        luma = bits.numbers(4) if bits.flag() else saved.luma
        chroma = bits.numbers(3) if bits.flag() else saved.chroma
        # Updates are written in place, and ``saved`` may be kept for the next frame.
        vector = saved.vector.copy()
        update_vector_probabilities(bits.reader, vector)
        saved = SavedProbabilities(luma, chroma, vector)
    probabilities = ModeProbabilities(
        has_segments=segments is not None,
        has_skips=has_skips,
        segment=np.zeros(3, np.uint8) if segments is None else segments,
        macroblock=macroblock,
        luma=saved.luma,
        chroma=saved.chroma,
        vector=saved.vector,
        biases=np.array(biases, dtype=np.bool_),
    )
    return probabilities, saved
