"""VP8's macroblocks as they were read, and their motion on cells; compiled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from workers.kernels.jit import compiled

__all__ = [
    "ALTREF",
    "GOLDEN",
    "INTRA",
    "LAST",
    "Grid",
    "ModeProbabilities",
    "fill_cells",
    "new_grid",
]

Bytes = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]
Shorts = npt.NDArray[np.int16]

INTRA, LAST, GOLDEN, ALTREF = range(4)


class Grid(NamedTuple):
    """All that was read of each macroblock. Where there is a row above and a column to the left
    more, they stand for what lies outside of the picture and stay zero (RFC 6386 section 16.3).
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


class ModeProbabilities(NamedTuple):
    """Probabilities, in 256ths, of a frame's zero bits, and what of a macroblock is coded."""

    has_segments: bool
    has_skips: bool
    segment: Bytes
    "[3]: of the segment tree (section 9.3)."
    macroblock: Bytes
    "[4], by SKIP_FALSE, IS_INTRA, IS_LAST, IS_GOLDEN."
    luma: Bytes
    "[4]: of the tree of luma modes."
    chroma: Bytes
    "[3]: of the tree of chroma modes."
    vector: Bytes
    "[38]: of rows, then of columns (section 17.1)."
    biases: Bools
    "[4]: sign bias by reference (section 9.7)."


def new_grid(rows: int, columns: int) -> Grid:
    """Returns a grid of that many macroblocks, all zero."""
    return Grid(
        segments=np.zeros((rows, columns), np.uint8),
        skipped=np.zeros((rows, columns), np.bool_),
        references=np.zeros((1 + rows, 1 + columns), np.uint8),
        splits=np.zeros((1 + rows, 1 + columns), np.bool_),
        vectors=np.zeros((4 + 4 * rows, 4 + 4 * columns, 2), np.int16),
    )


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
                # All sixteen vectors are equal unless the macroblock is split.
                chosen = 0
                if is_split:
                    chosen = _middle(grid.vectors[top : top + 2, left : left + 2])
                dy[row, column] = grid.vectors[top + (chosen >> 1), left + (chosen & 1), 0]
                dx[row, column] = grid.vectors[top + (chosen >> 1), left + (chosen & 1), 1]


@compiled
def _middle(vectors: Shorts) -> int:
    """Returns which of [2, 2, 2] vectors lies nearest to the others (0 to 3, by rows)."""
    # A mean of vectors would be one that none of the blocks has; the middle one exists.
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
