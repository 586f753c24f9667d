"""The vector of each cell, chosen on pixels from the codec's and the neighbours'; compiled loops.

A codec chooses vectors that are cheap to code, not those that lead to the same content. So each is
compared with standing still and with the neighbours', by the squared difference of decoded luma.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from workers.kernels.jit import INDEX_MASK, compiled, inlined
from workers.media.frame_info import CELL
from workers.temporal.padding import MARGIN
from workers.temporal.subpixel import SAMPLES, Pair, fetch, run_end

__all__ = ["Hints", "Motion", "Planes", "match"]

Bytes = npt.NDArray[np.uint8]
Shorts = npt.NDArray[np.int16]
Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]


class Planes(NamedTuple):
    """Decoded luma of two pictures, each ``bordered``."""

    now: Bytes
    before: Bytes


class Hints(NamedTuple):
    """The vectors that were given, [rows, columns], in quarter samples."""

    dx: Shorts
    dy: Shorts
    valid: Bools
    "False for cells that have none."


class Motion(NamedTuple):
    """The chosen vectors and what they leave; kept from picture to picture."""

    dx: Shorts
    dy: Shorts
    squares: Floats
    "[rows, columns]: mean squared difference that is left of each cell, in squared levels."
    residual: Shorts
    """The difference itself, with a row more above and below and a cell more at either side, which
    repeat the edge."""

    @classmethod
    def blank(cls, rows: int, columns: int) -> Motion:
        """Returns that of so many cells of which none moved."""
        dx, dy = np.zeros((2, rows, columns), np.int16)
        residual = np.zeros((CELL * rows + 2, CELL * (columns + 2)), np.int16)
        return cls(dx, dy, np.zeros((rows, columns), np.float32), residual)


class _Scratch(NamedTuple):
    lines: Shorts
    block: Shorts
    sums: Ints
    stood: Ints
    "Sum of squares that standing still leaves of each cell of the row."
    tried: Ints
    "Sum of squares that the vector tried last leaves of each cell of the row."


@compiled
def match(planes: Planes, hints: Hints, still: int, found: Motion) -> None:
    """Chooses for each cell the best of standing still, the given vector and the chosen ones of the
    cells to the left and above.

    ``still`` is the sum of squares below which nothing else is tried, and by which a vector must be
    better.
    """
    now, before = planes
    out_dx, out_dy, squares, residual = found
    rows, columns = out_dx.shape
    words, old_words = now.view(np.uint64), before.view(np.uint64)
    scratch = _Scratch(
        np.empty((13, 8 * columns), np.int16),
        np.empty((8, 8 * columns), np.int16),
        np.empty(8 * columns, np.int32),
        np.empty(columns, np.int32),
        np.empty(columns, np.int32),
    )
    for row in range(rows):
        y = MARGIN + 8 * row
        column = 0
        while column < columns:
            end = column
            while end < columns and not _is_same(words, old_words, y, MARGIN // 8 + end):
                end += 1
            if end < columns:
                out_dx[row, end] = out_dy[row, end] = 0
                if squares[row, end] != 0.0:
                    squares[row, end] = 0.0
                    for i in range(8 * row + 1, 8 * row + 9):
                        for j in range(8 * end + 8, 8 * end + 16):
                            residual[i, j] = 0
            if end > column:
                run = (np.int64(column), np.int64(end))  # One type: each is compiled anew.
                _measure(planes, row, run, (0, 0), scratch, scratch.stood)
                _evaluate_hints(planes, row, run, hints, still, scratch)
                _decide(planes, row, run, hints, still, scratch, found)
                _write_residual(planes, row, run, scratch, found)
            column = end + 1
    _extend_edges(residual)


@inlined
def _is_same(now: Any, before: Any, y: int, x: int) -> bool:
    """True where all eight words of a cell are equal."""
    y, x = y & INDEX_MASK, x & INDEX_MASK
    # A row of a cell is one word of eight samples.
    apart = now[y, x] ^ before[y, x]
    for i in range(1, 8):
        apart |= now[y + i, x] ^ before[y + i, x]
    return bool(apart == 0)


@compiled
def _measure(
    planes: Planes, row: int, run: Pair, vector: Pair, scratch: _Scratch, found: Ints
) -> None:
    """Writes the sum of squares that the vector leaves of each cell of a run (first column, end)
    into ``found``.
    """
    now, before = planes
    lines, block, sums, _, _ = scratch
    column, end = run
    y, x, wide = MARGIN + 8 * row, MARGIN + 8 * column, 8 * (end - column)
    fetch(before, (y, x, 8, wide), vector, SAMPLES, lines, block, (0, 0))
    y, x = y & INDEX_MASK, x & INDEX_MASK
    for j in range(wide):
        sums[j] = 0
    for i in range(8):
        for j in range(wide):
            apart = np.int32(now[y + i, x + j]) - np.int32(block[i, j])
            # Column sums first: this loop over the whole run is vectorized, the one over cells is
            # not.
            sums[j] += np.int32(apart * apart)
    for cell in range(end - column):
        total = np.int32(0)
        for j in range(8 * cell, 8 * cell + 8):
            total += sums[j]
        found[column + cell] = total


@inlined
def _evaluate_hints(
    planes: Planes, row: int, run: Pair, hints: Hints, still: int, scratch: _Scratch
) -> None:
    """Measures the given vectors of a run where standing still is not good enough."""
    dx, dy, valid = hints
    stood, width = scratch.stood, planes.before.shape[1]
    at, end = run
    while at < end:
        last = at
        # Cells that stand still well enough need no vector, and end the run.
        while last < end and valid[row, last] and stood[last] > still:
            last += 1
        while at < last:
            vx, vy = np.int64(dx[row, at]), np.int64(dy[row, at])
            x = MARGIN + 8 * at + (vx >> 2)
            until = run_end(dx, dy, row, (at, last), x, 8, width)
            if vx != 0 or vy != 0:
                _measure(planes, row, (at, until), (vx, vy), scratch, scratch.tried)
            at = until
        at += 1


@inlined
def _decide(
    planes: Planes, row: int, run: Pair, hints: Hints, still: int, scratch: _Scratch, found: Motion
) -> None:
    """Chooses the vector of each cell of a run, from the left."""
    dx, dy, valid = hints
    out_dx, out_dy, squares, _ = found
    stood, tried = scratch.stood, scratch.tried
    # From the left: the choice of the cell before is a candidate.
    for at in range(run[0], run[1]):
        best, best_dx, best_dy = stood[at], np.int64(0), np.int64(0)
        # What was tried and was worse would be so again.
        tried_x, tried_y = np.int64(0), np.int64(0)
        for candidate in range(3):
            vx, vy = np.int64(0), np.int64(0)
            if candidate == 0 and valid[row, at]:
                vx, vy = np.int64(dx[row, at]), np.int64(dy[row, at])
            elif candidate == 1 and at > 0:
                vx, vy = np.int64(out_dx[row, at - 1]), np.int64(out_dy[row, at - 1])
            elif candidate == 2 and row > 0:
                vx, vy = np.int64(out_dx[row - 1, at]), np.int64(out_dy[row - 1, at])
            is_known = candidate > 0 and valid[row, at] and vx == dx[row, at] and vy == dy[row, at]
            if (
                stood[at] <= still
                or is_known
                or (vx == 0 and vy == 0)
                or (vx == best_dx and vy == best_dy)
                or (vx == tried_x and vy == tried_y)
            ):
                continue
            left = tried[at]
            if candidate > 0:
                _measure(planes, row, (at, at + 1), (vx, vy), scratch, tried)
                left, tried_x, tried_y = tried[at], vx, vy
            # A vector must be worth it: standing still copies without filtering.
            if left + still < best:
                best, best_dx, best_dy = left, vx, vy
        out_dx[row, at] = best_dx
        out_dy[row, at] = best_dy
        # 64 samples in a cell.
        squares[row, at] = best / 64.0


@inlined
def _write_residual(planes: Planes, row: int, run: Pair, scratch: _Scratch, found: Motion) -> None:
    """Writes what the chosen vectors leave of a run of cells."""
    now, before = planes
    dx, dy, _, residual = found
    lines, block, _, _, _ = scratch
    at, end = run
    while at < end:
        vx, vy = np.int64(dx[row, at]), np.int64(dy[row, at])
        y, x = MARGIN + 8 * row, MARGIN + 8 * at
        until = run_end(dx, dy, row, (at, end), x + (vx >> 2), 8, before.shape[1])
        wide = 8 * (until - at)
        fetch(before, (y, x, 8, wide), (vx, vy), SAMPLES, lines, block, (0, 0))
        top, left = (8 * row + 1) & INDEX_MASK, (8 * at + 8) & INDEX_MASK
        y, x = y & INDEX_MASK, x & INDEX_MASK
        for i in range(8):
            for j in range(wide):
                residual[top + i, left + j] = np.int16(np.int16(now[y + i, x + j]) - block[i, j])
        at = until


@inlined
def _extend_edges(residual: Shorts) -> None:
    """Repeats the edge outwards."""
    rows, columns = residual.shape
    for i in range(1, rows - 1):
        # Bilinear interpolation of the residual reads one sample beyond the picture.
        residual[i, 7] = residual[i, 8]
        residual[i, columns - 8] = residual[i, columns - 9]
    for j in range(columns):
        residual[0, j] = residual[1, j]
        residual[rows - 1, j] = residual[rows - 2, j]
