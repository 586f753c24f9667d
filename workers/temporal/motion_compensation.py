"""A picture predicted from the one before it, cell by cell; compiled loops over pixels.

Each cell takes the previous picture's content by one vector (block motion compensation, ITU-T
H.264 section 8.4.2.2 in kind) and corrects it by the enlarged difference between the decoded
pictures, as FAST does (Zhang and Sze, "FAST: A Framework to Accelerate Super-Resolution
Processing on Compressed Videos", 2016). A quarter of every picture is taken from plain bicubic
instead, so that what is wrong dies away: with E the enhanced and B the bicubic picture, D the
decoded one and M moving by the vectors,

    E' = 3/4 (M(E) + up(D' - M(D))) + 1/4 (B' + M(E - B)).

What is carried from picture to picture is therefore S = 4 E - B, and 4 E' = M(S) + 3 up(...) + B'.
Where nothing moved and D' is D, all of it stays as it is, and only S is copied.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from workers.kernels.interleave import interleave
from workers.kernels.jit import INDEX_MASK, compiled, inlined
from workers.media.frame_info import CELL
from workers.temporal.motion_search import Motion
from workers.temporal.padding import MARGIN
from workers.temporal.subpixel import SAMPLES, STATES, Area, Pair, fetch, run_end

__all__ = ["HOPELESS_ERROR", "States", "blank_state", "compensate", "spread_edges"]

Bytes = npt.NDArray[np.uint8]
Shorts = npt.NDArray[np.int16]
Floats = npt.NDArray[np.float32]
Grids = tuple[Floats, Floats]

RESIZED = 2
"""Value in the grid of dirty cells: bicubic, instead of predicted."""

HOPELESS_ERROR = 2.0
"""Multiple of the energy of the net's correction: with a greater error a cell is resized. The
error is held against the net's picture. Against the original a prediction is better than that says,
since two coded versions of the same content err less than one.
"""

_BLACK, _WHITE = SAMPLES
_MIN_STATE, _MAX_STATE = STATES


class States(NamedTuple):
    """S of the picture before and of this one; each from ``blank_state``."""

    before: Shorts
    after: Shorts


def blank_state(width: int, height: int, scale: int) -> Shorts:
    """Returns S of a decoded picture of that size, with a margin."""
    rows = scale * (height + -height % CELL + 2 * MARGIN)
    columns = scale * (width + -width % CELL + 2 * MARGIN)
    return np.zeros((rows, columns), np.int16)


@compiled
def compensate(
    states: States, motion: Motion, plain: Bytes, cells: Grids, scale: int, dirty: Bytes, out: Bytes
) -> None:
    """Brings ``out`` [height, width], the enlarged picture, up to date, and fills ``states.after``
    from ``states.before``, the motion and ``plain`` (bicubic). ``cells`` are the error and the gain
    of each: where the error is more than HOPELESS_ERROR times the gain the cell is plain, and its
    error is the gain.

    Of ``out`` only cells are written where ``dirty`` is given as not 0, because ``plain`` changed
    or ``out`` is not what goes with ``states.before``, and those that something moved into;
    ``dirty`` has them all afterwards.
    """
    before, after = states
    dx, dy, _, residual = motion
    rows, columns = dx.shape
    side = 8 * scale
    _mark_dirty(dx, dy, cells[0], cells[1], dirty)
    # Scratch arrays of the longest run, made once for a picture; six taps need five more rows.
    lines = np.empty((side + 5, side * columns), np.int16)
    wider = np.empty((10, side * columns), np.int16)
    phases = np.empty((scale, 8 * columns), np.int16)
    for row in range(rows):
        y = scale * (MARGIN + 8 * row)
        column = 0
        while column < columns:
            end = column + 1
            # A loop over a run of cells is vectorized, one over a cell is not (decision 29).
            while end < columns and dirty[row, end] == dirty[row, column]:
                end += 1
            x, wide = scale * (MARGIN + 8 * column), side * (end - column)
            if dirty[row, column] == 0:
                fetch(before, (y, x, side, wide), (0, 0), STATES, lines, after, (y, x))
            elif dirty[row, column] == RESIZED:
                _resize(plain, (side * row, side * column, side, wide), (y, x), after, out)
            else:
                run = (column, end)
                _move(states, motion, row, run, scale, lines)
                _upsample(residual, row, run, scale, phases, wider)
                _combine(wider, plain, row, run, scale, after, out)
            column = end


@inlined
def _mark_dirty(dx: Shorts, dy: Shorts, error: Floats, gain: Floats, dirty: Bytes) -> None:
    """Adds the cells that something moved into, and those that are hopeless."""
    rows, columns = dx.shape
    for row in range(rows):
        for column in range(columns):
            if dx[row, column] != 0 or dy[row, column] != 0:
                # What is left of a cell that moved is upsampled into its neighbours.
                for line in range(max(row - 1, 0), min(row + 2, rows)):
                    for place in range(max(column - 1, 0), min(column + 2, columns)):
                        dirty[line, place] = 1
    for row in range(rows):
        for column in range(columns):
            if error[row, column] > HOPELESS_ERROR * gain[row, column]:
                error[row, column] = gain[row, column]
                dirty[row, column] = RESIZED
            else:
                # A picture that was not committed may have left RESIZED.
                dirty[row, column] = min(dirty[row, column], np.uint8(1))


@inlined
def _move(states: States, motion: Motion, row: int, run: Pair, scale: int, lines: Shorts) -> None:
    """Writes M(S) of a run of cells (first column, end)."""
    before, after = states
    dx, dy, _, _ = motion
    side = 8 * scale
    y = scale * (MARGIN + 8 * row)
    at, end = run
    while at < end:
        vx, vy = scale * int(dx[row, at]), scale * int(dy[row, at])
        x = scale * (MARGIN + 8 * at)
        until = run_end(dx, dy, row, (at, end), x + (vx >> 2), side, before.shape[1])
        wide = side * (until - at)
        fetch(before, (y, x, side, wide), (vx, vy), STATES, lines, after, (y, x))
        at = until


@inlined
def _upsample(
    residual: Shorts, row: int, run: Pair, scale: int, phases: Shorts, out: Shorts
) -> None:
    """Writes the residual of a run of cells and of the rows above and below, enlarged across by
    bilinear interpolation (differences must not ring) and times 2 ``scale``, into the first rows
    and columns of ``out``.
    """
    column, end = run
    wide = 8 * (end - column)
    x = (8 * column + 7) & INDEX_MASK
    whole = 2 * scale
    # One row above and one below, because interpolation down reads neighbours.
    for line in range(10):
        y = (8 * row + line) & INDEX_MASK
        for phase in range(scale):
            # Weights are in halves of a phase.
            place = 2 * phase + 1 - scale
            at = (place // whole + 1) & INDEX_MASK
            right = np.int16(place % whole)
            left = np.int16(whole - right)
            for j in range(wide):
                phases[phase, j] = np.int16(
                    left * residual[y, x + at + j] + right * residual[y, x + at + j + 1]
                )
        interleave(phases, scale, wide, out, line, 0)


@inlined
def _resize(plain: Bytes, area: Area, place: Pair, after: Shorts, out: Bytes) -> None:
    """Writes a run of cells as bicubic has it: S is 3 B. ``place`` is where the area of the picture
    lies in ``after``.
    """
    height, width = out.shape
    top, left, tall, wide = area
    top, left = top & INDEX_MASK, left & INDEX_MASK
    y, x = place[0] & INDEX_MASK, place[1] & INDEX_MASK
    for i in range(min(tall, height - top)):
        for j in range(min(wide, width - left)):
            # E equals B here, so 4 E - B is 3 B.
            value = np.int16(plain[top + i, left + j])
            after[y + i, x + j] = 3 * value
            out[top + i, left + j] = value


@inlined
def _combine(
    wider: Shorts, plain: Bytes, row: int, run: Pair, scale: int, after: Shorts, out: Bytes
) -> None:
    """Writes S and E' of a run of cells, as far as the picture reaches, from M(S) in ``after``."""
    height, width = out.shape
    side, whole = 8 * scale, 2 * scale
    column, end = run
    top, left = (side * row) & INDEX_MASK, (side * column) & INDEX_MASK
    tall, wide = min(side, height - top), min(side * (end - column), width - left)
    y, x = (scale * MARGIN + top) & INDEX_MASK, (scale * MARGIN + left) & INDEX_MASK
    # Across and down make 4 scale^2 of the weights; in 65536ths, three times.
    third = np.int32((3 * 65536 + whole * whole // 2) // (whole * whole))
    for i in range(tall):
        place = 2 * i + 1 - scale
        at = (place // whole + 1) & INDEX_MASK
        below = np.int32(place % whole)
        above = np.int32(whole - below)
        for j in range(wide):
            total = np.int32(above * wider[at, j] + below * wider[at + 1, j])
            total = np.int32(np.int32(total * third + 32768) >> 16)
            base = np.int16(plain[top + i, left + j])
            state = np.int16(after[y + i, x + j] + total)
            # Clipped, so that an overshoot does not grow from picture to picture, and 16 bits
            # suffice.
            state = min(max(state, _MIN_STATE), _MAX_STATE)
            after[y + i, x + j] = state
            value = np.int16(np.int16(state + base + 2) >> 2)
            out[top + i, left + j] = min(max(value, _BLACK), _WHITE)


@compiled
def spread_edges(state: Shorts, width: int, height: int, margin: int) -> None:
    """Repeats the edge of the inside [height, width] into the margin."""
    rows, columns = state.shape
    for i in range(margin, margin + height):
        for j in range(margin):
            state[i, j] = state[i, margin]
        for j in range(margin + width, columns):
            state[i, j] = state[i, margin + width - 1]
    for i in range(margin):
        state[i] = state[margin]
    for i in range(margin + height, rows):
        state[i] = state[margin + height - 1]
