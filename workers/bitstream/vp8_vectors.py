"""Motion vectors of VP8's macroblocks (RFC 6386 sections 16.3, 16.4 and 17), compiled."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from workers.bitstream.vp8_bool_decoder import read_bool, read_literal, read_tree
from workers.bitstream.vp8_macroblocks import INTRA, Grid
from workers.bitstream.vp8_tables import (
    ABOVE_4X4,
    COMPONENT,
    IS_LONG,
    LEFT_4X4,
    LONG,
    LONG_BITS,
    MV_NEAR,
    MV_NEAREST,
    MV_NEW,
    NEW_4X4,
    PIECE_PROBABILITIES,
    PIECE_TREE,
    SHORT,
    SHORT_TREE,
    SIGN,
    SPLIT_LAYOUT,
    SPLIT_PIECES,
    SPLIT_PROBABILITIES,
    SPLIT_TREE,
    VECTOR_UPDATES,
)
from workers.kernels.jit import compiled

__all__ = [
    "clamp_vectors",
    "find_near_vectors",
    "read_split",
    "read_whole",
    "update_vector_probabilities",
]

Bytes = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]
Shorts = npt.NDArray[np.int16]
Numbers = npt.NDArray[np.int64]

# Quarter samples: a macroblock's width, beyond which no predicted vector leads out of the picture.
_MARGIN = 4 * 16
# Quarter samples, which fit int16. NEW adds up to 1023 to the best vector, so that a row of them
# could run over.
_MAX_VECTOR = 4 * 4096


@compiled
def update_vector_probabilities(reader: Numbers, probabilities: Bytes) -> None:
    """mv_prob_update (section 17.2) of ``probabilities`` [38]."""
    for index in range(VECTOR_UPDATES.size):
        if read_bool(reader, VECTOR_UPDATES[index]):
            value = read_literal(reader, 7)
            # Seven bits are coded for an eight-bit probability, and 0 is none (section 17.2).
            probabilities[index] = 2 * value if value else 1


@compiled
def _read_component(reader: Numbers, probabilities: Bytes, first: int) -> int:
    """One coordinate of a vector (section 17.1), quarter samples, -1023 to 1023."""
    size = 0
    if read_bool(reader, probabilities[first + IS_LONG]):
        # The order of the bits is 0, 1, 2, then from the highest down to 4, then 3.
        for bit in range(3):
            size += read_bool(reader, probabilities[first + LONG + bit]) << bit
        for bit in range(LONG_BITS - 1, 3, -1):
            size += read_bool(reader, probabilities[first + LONG + bit]) << bit
        # Below 16 bit 3 is not coded: without it the number would not be a long one.
        if size < 16 or read_bool(reader, probabilities[first + LONG + 3]):
            size += 8
    else:
        size = read_tree(reader, SHORT_TREE, probabilities, first + SHORT)
    if size and read_bool(reader, probabilities[first + SIGN]):
        return -size
    return size


@compiled
def find_near_vectors(
    grid: Grid, biases: Bools, row: int, column: int, near: Numbers, counts: Numbers
) -> None:
    """Finds what the macroblocks above, to the left and above left of the one at (row, column) are
    coded with (section 16.3); rows and columns count with the grid's borders. ``near`` [4, 2] gets
    the best, the nearest and the near vector, ``counts`` [4] their weights and SPLITMV's.
    """
    references, splits, vectors = grid.references, grid.splits, grid.vectors
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
        # A vector to a buffer of the other sign bias points the other way in time.
        if biases[references[y, x]] != bias:
            dy, dx = -dy, -dx
        if found == 0 or near[found, 0] != dy or near[found, 1] != dx:
            found += 1
            near[found, 0], near[found, 1] = dy, dx
        counts[found] += weight
    # The third vector was compared with the second alone, so it may equal the first.
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
def clamp_vectors(near: Numbers, axis: int, place: int, last: int) -> None:
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
def read_split(
    reader: Numbers, vectors: Shorts, top: int, left: int, probabilities: Bytes, near: Numbers
) -> bool:
    """Vectors of a macroblock in pieces (section 16.4), whose first block is at (top, left) of
    ``vectors``. False if one is too long.
    """
    kind = read_tree(reader, SPLIT_TREE, SPLIT_PROBABILITIES, 0)
    for piece in range(SPLIT_PIECES[kind]):
        first = 0
        # The context of a piece is that of its first block in raster order.
        while SPLIT_LAYOUT[kind, first] != piece:
            first += 1
        y, x = top + (first >> 2), left + (first & 3)
        how = read_tree(reader, PIECE_TREE, PIECE_PROBABILITIES, 3 * _piece_context(vectors, y, x))
        dy, dx = 0, 0
        if how == LEFT_4X4:
            dy, dx = int(vectors[y, x - 1, 0]), int(vectors[y, x - 1, 1])
        elif how == ABOVE_4X4:
            dy, dx = int(vectors[y - 1, x, 0]), int(vectors[y - 1, x, 1])
        elif how == NEW_4X4:
            dy = int(near[0, 0]) + _read_component(reader, probabilities, 0)
            dx = int(near[0, 1]) + _read_component(reader, probabilities, COMPONENT)
        if max(abs(dy), abs(dx)) > _MAX_VECTOR:
            return False
        for block in range(first, 16):
            if SPLIT_LAYOUT[kind, block] == piece:
                vectors[top + (block >> 2), left + (block & 3), 0] = dy
                vectors[top + (block >> 2), left + (block & 3), 1] = dx
    return True


@compiled
def read_whole(
    reader: Numbers,
    vectors: Shorts,
    top: int,
    left: int,
    probabilities: Bytes,
    near: Numbers,
    mode: int,
) -> bool:
    """The one vector of a macroblock (section 16.3). False if it is too long."""
    dy, dx = 0, 0
    if mode == MV_NEAREST:
        dy, dx = int(near[1, 0]), int(near[1, 1])
    elif mode == MV_NEAR:
        dy, dx = int(near[2, 0]), int(near[2, 1])
    elif mode == MV_NEW:
        dy = int(near[0, 0]) + _read_component(reader, probabilities, 0)
        dx = int(near[0, 1]) + _read_component(reader, probabilities, COMPONENT)
    if max(abs(dy), abs(dx)) > _MAX_VECTOR:
        return False
    for y in range(top, top + 4):
        for x in range(left, left + 4):
            vectors[y, x, 0] = dy
            vectors[y, x, 1] = dx
    return True
