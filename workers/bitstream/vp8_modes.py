"""The bits of VP8's first partition: the bool decoder and the macroblock headers, compiled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from workers.bitstream.vp8_tables import (
    ABOVE_4X4,
    B_DC_PRED,
    B_HE_PRED,
    B_PRED,
    B_TM_PRED,
    B_VE_PRED,
    BLOCK_PROBABILITIES,
    BLOCK_TREE,
    CHROMA_TREE,
    COEFFICIENT_UPDATES,
    COMPONENT,
    H_PRED,
    IS_LONG,
    KEY_BLOCK_PROBABILITIES,
    KEY_CHROMA_PROBABILITIES,
    KEY_LUMA_PROBABILITIES,
    KEY_LUMA_TREE,
    LEFT_4X4,
    LONG,
    LONG_BITS,
    LUMA_TREE,
    MV_NEAR,
    MV_NEAREST,
    MV_NEW,
    MV_SPLIT,
    MV_ZERO,
    NEW_4X4,
    PIECE_PROBABILITIES,
    PIECE_TREE,
    SEGMENT_TREE,
    SHORT,
    SHORT_TREE,
    SIGN,
    SPLIT_LAYOUT,
    SPLIT_PIECES,
    SPLIT_PROBABILITIES,
    SPLIT_TREE,
    TM_PRED,
    V_PRED,
    VECTOR_CONTEXTS,
    VECTOR_TREE,
    VECTOR_UPDATES,
)
from workers.kernels.jit import compiled

__all__ = [
    "FINE",
    "PAST_END",
    "SLACK",
    "TOO_LONG",
    "Chances",
    "Grid",
    "bytes_unread",
    "fill_cells",
    "new_grid",
    "new_reader",
    "read_inter_modes",
    "read_key_modes",
    "read_literal",
    "skip_coefficient_updates",
    "update_vector_chances",
]

Bytes = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]
Shorts = npt.NDArray[np.int16]
Numbers = npt.NDArray[np.int64]

FINE, PAST_END, TOO_LONG = range(3)
"""What reading all macroblocks came to: an end within the partition, one beyond it, or a vector
over the format's limit.
"""

SLACK = 2
"""Bytes of zeros that may be read after the partition, since an encoder need not write the last
bits that its decoder shifts in.
"""

INTRA, LAST, GOLDEN, ALTREF = range(4)
SKIP_FALSE, IS_INTRA, IS_LAST, IS_GOLDEN = range(4)

_POSITION, _VALUE, _BITS, _RANGE, _BYTES = range(5)
# How often a range has to be doubled to be at least 128.
_SHIFTS = np.array([0] + [8 - n.bit_length() for n in range(1, 256)], dtype=np.int64)
_MARGIN = 4 * 16
_LONGEST = 4 * 4096


class Grid(NamedTuple):
    """What is known of each macroblock. Where there is a row above and a column to the left more,
    they stand for what lies outside of the picture and stay zero (RFC 6386 section 16.3).
    """

    segments: Bytes
    "[rows, columns]; stays from frame to frame where a frame does not replace it."
    skipped: Bools
    "[rows, columns]: mb_skip_coeff, nothing but the prediction was coded."
    references: Bytes
    "[1 + rows, 1 + columns]: INTRA, LAST, GOLDEN or ALTREF."
    splits: Bools
    "[1 + rows, 1 + columns]: SPLITMV."
    vectors: Shorts
    "[4 + 4 rows, 4 + 4 columns, 2]: y and x in quarter samples of each 4x4 block; zero if intra."


class Chances(NamedTuple):
    """Probabilities, in 256ths, of a frame's zero bits, and what of a macroblock is coded."""

    has_segments: bool
    has_skips: bool
    segment: Bytes
    "[3]"
    macroblock: Bytes
    "[4], by SKIP_FALSE, IS_INTRA, IS_LAST, IS_GOLDEN."
    luma: Bytes
    "[4]"
    chroma: Bytes
    "[3]"
    vector: Bytes
    "[38]: of rows, then of columns (section 17.1)."
    biases: Bools
    "[4]: sign bias by reference (section 9.7)."


def new_grid(rows: int, columns: int) -> Grid:
    """Of that many macroblocks, all zero."""
    return Grid(
        segments=np.zeros((rows, columns), np.uint8),
        skipped=np.zeros((rows, columns), np.bool_),
        references=np.zeros((1 + rows, 1 + columns), np.uint8),
        splits=np.zeros((1 + rows, 1 + columns), np.bool_),
        vectors=np.zeros((4 + 4 * rows, 4 + 4 * columns, 2), np.int16),
    )


def new_reader(partition: Bytes) -> Numbers:
    """A bool decoder at the begin of a partition: its state, then all bytes. One array, since the
    compiler keeps what it knows of one in registers and of two in memory, which is eight times as
    slow.
    """
    reader = np.empty(_BYTES + partition.size, np.int64)
    reader[:_BYTES] = _BYTES, 0, -8, 255
    reader[_BYTES:] = partition
    return reader


def bytes_unread(reader: Numbers) -> int:
    """How many bytes are left; negative if zeros were read in their place."""
    return int(reader.size - reader[_POSITION])


@compiled
def _read_bool(reader: Numbers, probability: int) -> int:
    """A bit that is zero with probability / 256 (section 7.3). Past the end all bytes are zero.

    ``value`` has ``bits`` more bits than the range it is compared with; bytes are fetched when
    that would become negative, so never before they are needed.
    """
    value, bits, span = reader[_VALUE], reader[_BITS], reader[_RANGE]
    if bits < 0:
        position = reader[_POSITION]
        value <<= 8
        if position < reader.size:
            value |= reader[position]
        bits += 8
        reader[_POSITION] = position + 1
    split = 1 + (((span - 1) * probability) >> 8)
    bit = 0
    if value >= split << bits:
        value -= split << bits
        split = span - split
        bit = 1
    shift = _SHIFTS[split]
    reader[_VALUE], reader[_BITS], reader[_RANGE] = value, bits - shift, split << shift
    return bit


@compiled
def read_literal(reader: Numbers, count: int) -> int:
    """``count`` even bits, the highest first (section 8)."""
    value = 0
    for _ in range(count):
        value = 2 * value + _read_bool(reader, 128)
    return value


@compiled
def _read_tree(reader: Numbers, tree: npt.NDArray[np.int8], chances: Bytes, first: int) -> int:
    """A leaf's value (section 8.1); the nodes' probabilities are chances[first] and on. No function
    here gets a part of a table: making one costs more than reading a bit.
    """
    node = 0
    while True:
        node = int(tree[node + _read_bool(reader, chances[first + (node >> 1)])])
        if node <= 0:
            return -node


@compiled
def skip_coefficient_updates(reader: Numbers) -> None:
    """Reads over token_prob_update (section 13.4); its values matter to coefficients only."""
    for chance in COEFFICIENT_UPDATES:
        if _read_bool(reader, chance):
            read_literal(reader, 8)


@compiled
def update_vector_chances(reader: Numbers, chances: Bytes) -> None:
    """mv_prob_update (section 17.2) of ``chances`` [38]."""
    for index in range(VECTOR_UPDATES.size):
        if _read_bool(reader, VECTOR_UPDATES[index]):
            value = read_literal(reader, 7)
            chances[index] = 2 * value if value else 1


@compiled
def _is_past_end(reader: Numbers) -> bool:
    return bool(reader[_POSITION] > reader.size + SLACK)


@compiled
def _block_mode(luma: int) -> int:
    """The mode that neighbours of a macroblock's 4x4 blocks count with (section 11.3)."""
    if luma == V_PRED:
        return B_VE_PRED
    if luma == H_PRED:
        return B_HE_PRED
    if luma == TM_PRED:
        return B_TM_PRED
    return B_DC_PRED


@compiled
def _read_key_luma(reader: Numbers, above: Bytes, left: Bytes, column: int) -> None:
    """Luma modes of a key frame's macroblock (sections 11.2 and 11.3); ``above`` [4 columns] and
    ``left`` [4] are the modes of the blocks around and become those of this one.
    """
    luma = _read_tree(reader, KEY_LUMA_TREE, KEY_LUMA_PROBABILITIES, 0)
    if luma == B_PRED:
        for block in range(16):
            y, x = block >> 2, 4 * column + (block & 3)
            first = 9 * (10 * int(above[x]) + int(left[y]))
            mode = _read_tree(reader, BLOCK_TREE, KEY_BLOCK_PROBABILITIES, first)
            above[x] = left[y] = mode
    else:
        mode = _block_mode(luma)
        for index in range(4):
            above[4 * column + index] = left[index] = mode


@compiled
def read_key_modes(reader: Numbers, grid: Grid, chances: Chances) -> int:
    """All macroblocks of a key frame (section 11): FINE or PAST_END."""
    segments, skipped = grid.segments, grid.skipped
    has_segments, has_skips = chances.has_segments, chances.has_skips
    tree, skip_false = chances.segment, chances.macroblock[SKIP_FALSE]
    rows, columns = segments.shape
    above = np.zeros(4 * columns, np.uint8)
    left = np.zeros(4, np.uint8)
    for row in range(rows):
        left[:] = B_DC_PRED
        for column in range(columns):
            if has_segments:
                segments[row, column] = _read_tree(reader, SEGMENT_TREE, tree, 0)
            skipped[row, column] = has_skips and _read_bool(reader, skip_false) != 0
            _read_key_luma(reader, above, left, column)
            _read_tree(reader, CHROMA_TREE, KEY_CHROMA_PROBABILITIES, 0)
        if _is_past_end(reader):
            return PAST_END
    grid.references[:] = INTRA
    return FINE


@compiled
def _read_component(reader: Numbers, chances: Bytes, first: int) -> int:
    """One coordinate of a vector (section 17.1), quarter samples, -1023 to 1023."""
    size = 0
    if _read_bool(reader, chances[first + IS_LONG]):
        for bit in range(3):
            size += _read_bool(reader, chances[first + LONG + bit]) << bit
        for bit in range(LONG_BITS - 1, 3, -1):
            size += _read_bool(reader, chances[first + LONG + bit]) << bit
        # Below 16 bit 3 is not coded: without it the number would not be a long one.
        if size < 16 or _read_bool(reader, chances[first + LONG + 3]):
            size += 8
    else:
        size = _read_tree(reader, SHORT_TREE, chances, first + SHORT)
    if size and _read_bool(reader, chances[first + SIGN]):
        return -size
    return size


@compiled
def _survey(
    references: Bytes,
    splits: Bools,
    vectors: Shorts,
    biases: Bools,
    row: int,
    column: int,
    near: Numbers,
    counts: Numbers,
) -> None:
    """What the macroblocks above, to the left and above left of the one at (row, column) are coded
    with (section 16.3); rows and columns count with the grid's borders. ``near`` [4, 2] gets the
    best, the nearest and the near vector, ``counts`` [4] their weights and SPLITMV's.
    """
    for index in range(4):
        near[index, 0] = near[index, 1] = counts[index] = 0
    bias = biases[references[row, column]]
    found = split = 0
    for neighbour in range(3):
        y, x = row - (neighbour != 1), column - (neighbour != 0)
        weight = 1 if neighbour == 2 else 2
        if splits[y, x]:
            split += weight
        if references[y, x] == INTRA:
            continue
        dy, dx = int(vectors[4 * y + 3, 4 * x + 3, 0]), int(vectors[4 * y + 3, 4 * x + 3, 1])
        if dy == 0 and dx == 0:
            counts[0] += weight
            continue
        if biases[references[y, x]] != bias:
            dy, dx = -dy, -dx
        if found == 0 or near[found, 0] != dy or near[found, 1] != dx:
            found += 1
            near[found, 0], near[found, 1] = dy, dx
        counts[found] += weight
    if found == 3 and near[3, 0] == near[1, 0] and near[3, 1] == near[1, 1]:
        counts[1] += 1
    counts[3] = split
    if counts[2] > counts[1]:
        counts[1], counts[2] = counts[2], counts[1]
        near[1, 0], near[2, 0] = near[2, 0], near[1, 0]
        near[1, 1], near[2, 1] = near[2, 1], near[1, 1]
    if counts[1] >= counts[0]:
        near[0, 0], near[0, 1] = near[1, 0], near[1, 1]


@compiled
def _clamp(near: Numbers, axis: int, place: int, last: int) -> None:
    """Vectors may lead a macroblock's width out of the picture (section 16.3), whose macroblocks
    along that axis are 0 to ``last``.
    """
    lowest, highest = -64 * place - _MARGIN, 64 * (last - place) + _MARGIN
    for index in range(3):
        near[index, axis] = min(max(near[index, axis], lowest), highest)


@compiled
def _piece_context(vectors: Shorts, y: int, x: int) -> int:
    """Row of PIECE_PROBABILITIES for the piece that begins at that block (section 16.4)."""
    left_y, left_x = vectors[y, x - 1, 0], vectors[y, x - 1, 1]
    above_y, above_x = vectors[y - 1, x, 0], vectors[y - 1, x, 1]
    left_zero = left_y == 0 and left_x == 0
    if left_y == above_y and left_x == above_x:
        return 4 if left_zero else 3
    if above_y == 0 and above_x == 0:
        return 2
    return 1 if left_zero else 0


@compiled
def _read_split(
    reader: Numbers, vectors: Shorts, top: int, left: int, chances: Bytes, near: Numbers
) -> bool:
    """Vectors of a macroblock in pieces (section 16.4), whose first block is at (top, left) of
    ``vectors``. False if one is too long.
    """
    kind = _read_tree(reader, SPLIT_TREE, SPLIT_PROBABILITIES, 0)
    for piece in range(SPLIT_PIECES[kind]):
        first = 0
        while SPLIT_LAYOUT[kind, first] != piece:
            first += 1
        y, x = top + (first >> 2), left + (first & 3)
        how = _read_tree(reader, PIECE_TREE, PIECE_PROBABILITIES, 3 * _piece_context(vectors, y, x))
        dy, dx = 0, 0
        if how == LEFT_4X4:
            dy, dx = int(vectors[y, x - 1, 0]), int(vectors[y, x - 1, 1])
        elif how == ABOVE_4X4:
            dy, dx = int(vectors[y - 1, x, 0]), int(vectors[y - 1, x, 1])
        elif how == NEW_4X4:
            dy = int(near[0, 0]) + _read_component(reader, chances, 0)
            dx = int(near[0, 1]) + _read_component(reader, chances, COMPONENT)
        if max(abs(dy), abs(dx)) > _LONGEST:
            return False
        for block in range(first, 16):
            if SPLIT_LAYOUT[kind, block] == piece:
                vectors[top + (block >> 2), left + (block & 3), 0] = dy
                vectors[top + (block >> 2), left + (block & 3), 1] = dx
    return True


@compiled
def _read_whole(
    reader: Numbers, vectors: Shorts, top: int, left: int, chances: Bytes, near: Numbers, mode: int
) -> bool:
    """The one vector of a macroblock (section 16.3). False if it is too long."""
    dy, dx = 0, 0
    if mode == MV_NEAREST:
        dy, dx = int(near[1, 0]), int(near[1, 1])
    elif mode == MV_NEAR:
        dy, dx = int(near[2, 0]), int(near[2, 1])
    elif mode == MV_NEW:
        dy = int(near[0, 0]) + _read_component(reader, chances, 0)
        dx = int(near[0, 1]) + _read_component(reader, chances, COMPONENT)
    if max(abs(dy), abs(dx)) > _LONGEST:
        return False
    for y in range(top, top + 4):
        for x in range(left, left + 4):
            vectors[y, x, 0] = dy
            vectors[y, x, 1] = dx
    return True


@compiled
def _read_intra(reader: Numbers, luma_chances: Bytes, chroma_chances: Bytes) -> None:
    """Modes of an interframe's macroblock without vectors (section 16.1)."""
    if _read_tree(reader, LUMA_TREE, luma_chances, 0) == B_PRED:
        for _ in range(16):
            _read_tree(reader, BLOCK_TREE, BLOCK_PROBABILITIES, 0)
    _read_tree(reader, CHROMA_TREE, chroma_chances, 0)


@compiled
def _read_reference(reader: Numbers, macroblock: Bytes) -> int:
    """Sections 16 and 16.2."""
    if not _read_bool(reader, macroblock[IS_INTRA]):
        return INTRA
    if not _read_bool(reader, macroblock[IS_LAST]):
        return LAST
    return GOLDEN + _read_bool(reader, macroblock[IS_GOLDEN])


@compiled
def read_inter_modes(reader: Numbers, grid: Grid, chances: Chances) -> int:
    """All macroblocks of an interframe (section 16): FINE, PAST_END or TOO_LONG."""
    segments, skipped, references, splits, vectors = grid
    has_segments, has_skips, tree, macroblock, luma, chroma, vector, biases = chances
    rows, columns = segments.shape
    near = np.zeros((4, 2), np.int64)
    counts = np.zeros(4, np.int64)
    modes = np.zeros(4, np.uint8)
    for row in range(rows):
        for column in range(columns):
            if has_segments:
                segments[row, column] = _read_tree(reader, SEGMENT_TREE, tree, 0)
            skipped[row, column] = has_skips and _read_bool(reader, macroblock[SKIP_FALSE]) != 0
            reference = _read_reference(reader, macroblock)
            references[1 + row, 1 + column] = reference
            mode = MV_ZERO
            if reference == INTRA:
                _read_intra(reader, luma, chroma)
            else:
                _survey(references, splits, vectors, biases, 1 + row, 1 + column, near, counts)
                _clamp(near, 0, row, rows - 1)
                _clamp(near, 1, column, columns - 1)
                for index in range(4):
                    modes[index] = VECTOR_CONTEXTS[counts[index], index]
                mode = _read_tree(reader, VECTOR_TREE, modes, 0)
            splits[1 + row, 1 + column] = mode == MV_SPLIT
            top, left = 4 + 4 * row, 4 + 4 * column
            if mode == MV_SPLIT:
                is_fine = _read_split(reader, vectors, top, left, vector, near)
            else:
                is_fine = _read_whole(reader, vectors, top, left, vector, near, mode)
            if not is_fine:
                return TOO_LONG
        if _is_past_end(reader):
            return PAST_END
    return FINE


@compiled
def _middle(vectors: Shorts) -> int:
    """Which of [2, 2, 2] vectors lies nearest to the others (0 to 3, by rows)."""
    best, least = 0, 1 << 30
    for index in range(4):
        total = 0
        for other in range(4):
            for axis in range(2):
                total += abs(
                    int(vectors[index >> 1, index & 1, axis])
                    - int(vectors[other >> 1, other & 1, axis])
                )
        if total < least:
            best, least = index, total
    return best


@compiled
def fill_cells(grid: Grid, usable: Bools, dx: Shorts, dy: Shorts, valid: Bools) -> None:
    """Motion on cells of 8x8 samples: of the four vectors of a cell the one nearest to the others,
    where the macroblock's reference is ``usable`` [4]; else zero and not valid.
    """
    for row in range(dx.shape[0]):
        for column in range(dx.shape[1]):
            reference = grid.references[1 + (row >> 1), 1 + (column >> 1)]
            is_split = grid.splits[1 + (row >> 1), 1 + (column >> 1)]
            top, left = 4 + 2 * row, 4 + 2 * column
            valid[row, column] = usable[reference]
            dx[row, column] = dy[row, column] = 0
            if usable[reference]:
                chosen = 0
                if is_split:
                    chosen = _middle(grid.vectors[top : top + 2, left : left + 2])
                dy[row, column] = grid.vectors[top + (chosen >> 1), left + (chosen & 1), 0]
                dx[row, column] = grid.vectors[top + (chosen >> 1), left + (chosen & 1), 1]
