"""The modes of VP8's macroblocks (RFC 6386 sections 11 and 16), compiled."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from workers.bitstream.vp8_bool_decoder import is_past_end, read_bool, read_literal, read_tree
from workers.bitstream.vp8_macroblocks import GOLDEN, INTRA, LAST, Grid, ModeProbabilities
from workers.bitstream.vp8_tables import (
    B_DC_PRED,
    B_HE_PRED,
    B_PRED,
    B_TM_PRED,
    B_VE_PRED,
    BLOCK_PROBABILITIES,
    BLOCK_TREE,
    CHROMA_TREE,
    COEFFICIENT_UPDATES,
    H_PRED,
    KEY_BLOCK_PROBABILITIES,
    KEY_CHROMA_PROBABILITIES,
    KEY_LUMA_PROBABILITIES,
    KEY_LUMA_TREE,
    LUMA_TREE,
    MV_SPLIT,
    MV_ZERO,
    SEGMENT_TREE,
    TM_PRED,
    V_PRED,
    VECTOR_CONTEXTS,
    VECTOR_TREE,
)
from workers.bitstream.vp8_vectors import (
    clamp_vectors,
    find_near_vectors,
    read_split,
    read_whole,
)
from workers.kernels.jit import compiled

__all__ = [
    "COMPLETE",
    "PAST_END",
    "TOO_LONG",
    "read_inter_modes",
    "read_key_modes",
    "skip_coefficient_updates",
]

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]

COMPLETE, PAST_END, TOO_LONG = range(3)
"""Outcome of reading all macroblocks: an end within the partition, one beyond it, or a vector
over the format's limit.
"""

SKIP_FALSE, IS_INTRA, IS_LAST, IS_GOLDEN = range(4)
"""Places in ``ModeProbabilities.macroblock``."""


@compiled
def skip_coefficient_updates(reader: Numbers) -> None:
    """Reads over token_prob_update (section 13.4); its values matter to coefficients only."""
    # Each update must be read all the same, because the position of all that follows depends on it.
    for chance in COEFFICIENT_UPDATES:
        if read_bool(reader, chance):
            read_literal(reader, 8)


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
    luma = read_tree(reader, KEY_LUMA_TREE, KEY_LUMA_PROBABILITIES, 0)
    if luma == B_PRED:
        for block in range(16):
            y, x = block >> 2, 4 * column + (block & 3)
            first = 9 * (10 * int(above[x]) + int(left[y]))
            mode = read_tree(reader, BLOCK_TREE, KEY_BLOCK_PROBABILITIES, first)
            # The block just read is the left one of the next and the upper one of the next row.
            above[x] = left[y] = mode
    else:
        mode = _block_mode(luma)
        for index in range(4):
            above[4 * column + index] = left[index] = mode


@compiled
def read_key_modes(reader: Numbers, grid: Grid, probabilities: ModeProbabilities) -> int:
    """Reads all macroblocks of a key frame (section 11); returns COMPLETE or PAST_END."""
    segments, skipped = grid.segments, grid.skipped
    has_segments, has_skips = probabilities.has_segments, probabilities.has_skips
    tree, skip_false = probabilities.segment, probabilities.macroblock[SKIP_FALSE]
    rows, columns = segments.shape
    above = np.zeros(4 * columns, np.uint8)
    left = np.zeros(4, np.uint8)
    for row in range(rows):
        # Outside of the picture blocks count as B_DC_PRED (section 11.3).
        left[:] = B_DC_PRED
        for column in range(columns):
            if has_segments:
                segments[row, column] = read_tree(reader, SEGMENT_TREE, tree, 0)
            skipped[row, column] = has_skips and read_bool(reader, skip_false) != 0
            _read_key_luma(reader, above, left, column)
            # The mode of chroma tells nothing about motion; reading it moves the decoder on.
            read_tree(reader, CHROMA_TREE, KEY_CHROMA_PROBABILITIES, 0)
        # Once a row is often enough: past the end the decoder gives zeros, so the loop goes on to a
        # regular end and only the result is worthless.
        if is_past_end(reader):
            return PAST_END
    grid.references[:] = INTRA
    return COMPLETE


@compiled
def _read_intra(reader: Numbers, luma_probabilities: Bytes, chroma_probabilities: Bytes) -> None:
    """Modes of an interframe's macroblock without vectors (section 16.1)."""
    if read_tree(reader, LUMA_TREE, luma_probabilities, 0) == B_PRED:
        for _ in range(16):
            read_tree(reader, BLOCK_TREE, BLOCK_PROBABILITIES, 0)
    read_tree(reader, CHROMA_TREE, chroma_probabilities, 0)


@compiled
def _read_reference(reader: Numbers, macroblock: Bytes) -> int:
    """Reads the reference of an interframe's macroblock, INTRA without one (sections 16, 16.2)."""
    if not read_bool(reader, macroblock[IS_INTRA]):
        return INTRA
    if not read_bool(reader, macroblock[IS_LAST]):
        return LAST
    return GOLDEN + read_bool(reader, macroblock[IS_GOLDEN])


@compiled
def read_inter_modes(reader: Numbers, grid: Grid, probabilities: ModeProbabilities) -> int:
    """Reads an interframe's macroblocks (section 16); returns COMPLETE, PAST_END or TOO_LONG."""
    segments, skipped, references, splits, vectors = grid
    has_segments, has_skips, tree, macroblock, luma, chroma, vector, biases = probabilities
    rows, columns = segments.shape
    near = np.zeros((4, 2), np.int64)
    counts = np.zeros(4, np.int64)
    modes = np.zeros(4, np.uint8)
    for row in range(rows):
        for column in range(columns):
            if has_segments:
                segments[row, column] = read_tree(reader, SEGMENT_TREE, tree, 0)
            skipped[row, column] = has_skips and read_bool(reader, macroblock[SKIP_FALSE]) != 0
            reference = _read_reference(reader, macroblock)
            references[1 + row, 1 + column] = reference
            mode = MV_ZERO
            if reference == INTRA:
                _read_intra(reader, luma, chroma)
            else:
                find_near_vectors(grid, biases, 1 + row, 1 + column, near, counts)
                # Both axes before the mode is read: NEAREST and NEAR take the clamped vectors, NEW
                # adds to one (section 16.3).
                clamp_vectors(near, 0, row, rows - 1)
                clamp_vectors(near, 1, column, columns - 1)
                for index in range(4):
                    modes[index] = VECTOR_CONTEXTS[counts[index], index]
                mode = read_tree(reader, VECTOR_TREE, modes, 0)
            splits[1 + row, 1 + column] = mode == MV_SPLIT
            top, left = 4 + 4 * row, 4 + 4 * column
            if mode == MV_SPLIT:
                is_valid = read_split(reader, vectors, top, left, vector, near)
            else:
                is_valid = read_whole(reader, vectors, top, left, vector, near, mode)
            if not is_valid:
                return TOO_LONG
        if is_past_end(reader):
            return PAST_END
    return COMPLETE
