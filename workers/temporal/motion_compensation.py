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

from typing import Any

import numpy as np
import numpy.typing as npt

from workers.kernels.jit import INDEX_MASK, compiled, inlined
from workers.media.frame_info import CELL
from workers.temporal.padding import MARGIN

__all__ = ["HOPELESS", "blank_residual", "blank_state", "match", "predict", "spread"]

Bytes = npt.NDArray[np.uint8]
Shorts = npt.NDArray[np.int16]
Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

RESIZED = 2
"""In the grid of touched cells: bicubic, instead of predicted."""

HOPELESS = 2.0
"""Of the energy of the net's correction: with a greater error a cell is resized. The error is held
against the net's picture. Against the original a prediction is better than that says, since two
coded versions of the same content err less than one.
"""

# A windowed sinc at quarters of a sample, times 128. What moves is filtered again with each
# picture: four taps keep measurably less of the detail.
_TAPS = np.array(
    [[0, 0, 128, 0, 0, 0], [2, -11, 108, 36, -8, 1], [3, -17, 78, 78, -17, 3],
     [1, -8, 36, 108, -11, 2]], dtype=np.int32,
)  # fmt: skip

# Sums of int16 are int64 to numba, unless they are made short again at once.
_BLACK, _WHITE = np.int16(0), np.int16(255)
_LEAST, _MOST = np.int16(-255), np.int16(4 * 255)


def blank_state(width: int, height: int, scale: int) -> Shorts:
    """For a decoded picture of that size: S with room for its margin."""
    rows = scale * (height + -height % CELL + 2 * MARGIN)
    columns = scale * (width + -width % CELL + 2 * MARGIN)
    return np.zeros((rows, columns), np.int16)


def blank_residual(rows: int, columns: int) -> Shorts:
    """For so many cells, with room for a row above and below and a cell at either side."""
    return np.zeros((CELL * rows + 2, CELL * (columns + 2)), np.int16)


@compiled
def _fetch(
    plane: Any, y: int, x: int, tall: int, wide: int, dx: int, dy: int, low: Any, high: Any,
    lines: Shorts, out: Shorts, top: int, left: int,
) -> None:  # fmt: skip
    """The block at (y, x) of a bordered plane, displaced by quarters of a sample, to (top, left) of
    ``out``; ``lines`` [tall + 5, wide] is scratch.
    """
    height, width = plane.shape
    # Far outside every sample is the edge's; so is what is just outside.
    y = (max(min(y + (dy >> 2), height - tall - 3), 2) - 2) & INDEX_MASK
    x = (max(min(x + (dx >> 2), width - wide - 3), 2) - 2) & INDEX_MASK
    fx, fy = dx & 3, dy & 3
    top, left = top & INDEX_MASK, left & INDEX_MASK
    if fx == 0 and fy == 0:
        for i in range(tall):
            for j in range(wide):
                out[top + i, left + j] = plane[y + i + 2, x + j + 2]
        return
    # With one of them 0 the same filter comes down to a shift.
    first, beyond = (2, tall + 2) if fy == 0 else (0, tall + 5)
    a, b, c, d, e, f = (
        _TAPS[fx, 0], _TAPS[fx, 1], _TAPS[fx, 2], _TAPS[fx, 3], _TAPS[fx, 4], _TAPS[fx, 5]
    )  # fmt: skip
    for i in range(first, beyond):
        if fx == 0:
            for j in range(wide):
                lines[i, j] = np.int16(plane[y + i, x + j + 2]) << 4
            continue
        for j in range(wide):
            total = np.int32(
                a * np.int32(plane[y + i, x + j]) + b * np.int32(plane[y + i, x + j + 1])
                + c * np.int32(plane[y + i, x + j + 2]) + d * np.int32(plane[y + i, x + j + 3])
                + e * np.int32(plane[y + i, x + j + 4]) + f * np.int32(plane[y + i, x + j + 5])
                + 4
            )  # fmt: skip
            lines[i, j] = total >> 3
    a, b, c, d, e, f = (
        _TAPS[fy, 0], _TAPS[fy, 1], _TAPS[fy, 2], _TAPS[fy, 3], _TAPS[fy, 4], _TAPS[fy, 5]
    )  # fmt: skip
    for i in range(tall):
        if fy == 0:
            for j in range(wide):
                near = np.int16(np.int16(lines[i + 2, j] + 8) >> 4)
                out[top + i, left + j] = min(max(near, low), high)
            continue
        for j in range(wide):
            total = np.int32(
                a * np.int32(lines[i, j]) + b * np.int32(lines[i + 1, j])
                + c * np.int32(lines[i + 2, j]) + d * np.int32(lines[i + 3, j])
                + e * np.int32(lines[i + 4, j]) + f * np.int32(lines[i + 5, j]) + 1024
            )  # fmt: skip
            out[top + i, left + j] = min(max(np.int16(total >> 11), low), high)


@inlined
def _alike(
    dx: Shorts, dy: Shorts, row: int, at: int, end: int, x: int, side: int, room: int
) -> int:
    """Where the cells from ``at`` on end that have its vector and can be fetched together: none of
    their samples, from ``x`` on in a plane ``room`` wide, is so far outside that it is looked for
    elsewhere.
    """
    last = at + 1
    while (
        last < end and x >= 2 and x + side * (last + 1 - at) + 3 <= room
        and dx[row, last] == dx[row, at] and dy[row, last] == dy[row, at]
    ):  # fmt: skip
        last += 1
    return last


@inlined
def _is_same(now: Any, before: Any, y: int, x: int) -> bool:
    """Whether a cell's eight words are."""
    y, x = y & INDEX_MASK, x & INDEX_MASK
    apart = now[y, x] ^ before[y, x]
    for i in range(1, 8):
        apart |= now[y + i, x] ^ before[y + i, x]
    return bool(apart == 0)


@compiled
def _measure(
    now: Bytes, before: Bytes, y: int, x: int, dx: int, dy: int, lines: Shorts, block: Shorts,
    sums: Ints, column: int, end: int, found: Ints,
) -> None:  # fmt: skip
    """The sum of squares that is left of each cell of a run from (y, x) on, into ``found``."""
    wide = 8 * (end - column)
    _fetch(before, y, x, 8, wide, dx, dy, _BLACK, _WHITE, lines, block, 0, 0)
    y, x = y & INDEX_MASK, x & INDEX_MASK
    for j in range(wide):
        sums[j] = 0
    for i in range(8):
        for j in range(wide):
            apart = np.int32(now[y + i, x + j]) - np.int32(block[i, j])
            sums[j] += np.int32(apart * apart)
    for cell in range(end - column):
        total = np.int32(0)
        for j in range(8 * cell, 8 * cell + 8):
            total += sums[j]
        found[column + cell] = total


@compiled
def match(
    now: Bytes, before: Bytes, margin: int, dx: Shorts, dy: Shorts, valid: Bools, still: int,
    out_dx: Shorts, out_dy: Shorts, squares: Floats, residual: Shorts,
) -> None:  # fmt: skip
    """For each cell the better of standing still, the given vector and the chosen ones of the cells
    to the left and above. ``residual``, at first a ``blank_residual``, gets the difference that is
    left, ``squares`` [rows, columns] its mean square; both are kept from call to call. Both planes
    are ``bordered`` ones of decoded luma, by ``margin`` samples. ``still`` is the sum of squares
    below which nothing else is tried, and by which a vector must be better.
    """
    rows, columns = dx.shape
    words, old_words = now.view(np.uint64), before.view(np.uint64)
    block, lines = np.empty((8, 8 * columns), np.int16), np.empty((13, 8 * columns), np.int16)
    sums = np.empty(8 * columns, np.int32)
    stood, told = np.empty(columns, np.int32), np.empty(columns, np.int32)
    for row in range(rows):
        y = margin + 8 * row
        column = 0
        while column < columns:
            end = column
            while end < columns and not _is_same(words, old_words, y, margin // 8 + end):
                end += 1
            if end < columns:
                out_dx[row, end] = out_dy[row, end] = 0
                if squares[row, end] != 0.0:
                    squares[row, end] = 0.0
                    for i in range(8 * row + 1, 8 * row + 9):
                        for j in range(8 * end + 8, 8 * end + 16):
                            residual[i, j] = 0
            if end > column:
                x = margin + 8 * column
                _measure(now, before, y, x, 0, 0, lines, block, sums, column, end, stood)
                _tell(
                    now, before, row, column, end, margin, dx, dy, valid, still, stood, lines,
                    block, sums, told,
                )  # fmt: skip
                _decide(
                    now, before, row, column, end, margin, dx, dy, valid, still, stood, told,
                    lines, block, sums, out_dx, out_dy, squares,
                )  # fmt: skip
                _leave(
                    now, before, row, column, end, margin, out_dx, out_dy, lines, block, residual
                )
            column = end + 1
    _close(residual)


@inlined
def _tell(
    now: Bytes, before: Bytes, row: int, column: int, end: int, margin: int, dx: Shorts,
    dy: Shorts, valid: Bools, still: int, stood: Ints, lines: Shorts, block: Shorts, sums: Ints,
    told: Ints,
) -> None:  # fmt: skip
    """What the given vectors leave, where they are asked for."""
    at = column
    while at < end:
        last = at
        while last < end and valid[row, last] and stood[last] > still:
            last += 1
        while at < last:
            vx, vy = int(dx[row, at]), int(dy[row, at])
            y, x = margin + 8 * row, margin + 8 * at
            until = _alike(dx, dy, row, at, last, x + (vx >> 2), 8, before.shape[1])
            if vx != 0 or vy != 0:
                _measure(now, before, y, x, vx, vy, lines, block, sums, at, until, told)
            at = until
        at += 1


@inlined
def _decide(
    now: Bytes, before: Bytes, row: int, column: int, end: int, margin: int, dx: Shorts,
    dy: Shorts, valid: Bools, still: int, stood: Ints, told: Ints, lines: Shorts, block: Shorts,
    sums: Ints, out_dx: Shorts, out_dy: Shorts, squares: Floats,
) -> None:  # fmt: skip
    """The choice for each cell of a run, from the left."""
    for at in range(column, end):
        best, best_dx, best_dy = stood[at], 0, 0
        # What was tried and was worse would be so again.
        tried_x, tried_y = 0, 0
        for candidate in range(3):
            vx, vy = 0, 0
            if candidate == 0 and valid[row, at]:
                vx, vy = int(dx[row, at]), int(dy[row, at])
            elif candidate == 1 and at > 0:
                vx, vy = int(out_dx[row, at - 1]), int(out_dy[row, at - 1])
            elif candidate == 2 and row > 0:
                vx, vy = int(out_dx[row - 1, at]), int(out_dy[row - 1, at])
            is_known = candidate > 0 and valid[row, at] and vx == dx[row, at] and vy == dy[row, at]
            if (
                stood[at] <= still or is_known or (vx == 0 and vy == 0)
                or (vx == best_dx and vy == best_dy) or (vx == tried_x and vy == tried_y)
            ):  # fmt: skip
                continue
            found = told[at]
            if candidate > 0:
                y, x = margin + 8 * row, margin + 8 * at
                _measure(now, before, y, x, vx, vy, lines, block, sums, at, at + 1, told)
                found, tried_x, tried_y = told[at], vx, vy
            # A vector must be worth it: standing still copies without filtering.
            if found + still < best:
                best, best_dx, best_dy = found, vx, vy
        out_dx[row, at] = best_dx
        out_dy[row, at] = best_dy
        squares[row, at] = best / 64.0


@inlined
def _leave(
    now: Bytes, before: Bytes, row: int, column: int, end: int, margin: int, dx: Shorts,
    dy: Shorts, lines: Shorts, block: Shorts, residual: Shorts,
) -> None:  # fmt: skip
    """What is left of a run of cells moved by the vectors."""
    at = column
    while at < end:
        vx, vy = int(dx[row, at]), int(dy[row, at])
        y, x = margin + 8 * row, margin + 8 * at
        until = _alike(dx, dy, row, at, end, x + (vx >> 2), 8, before.shape[1])
        wide = 8 * (until - at)
        _fetch(before, y, x, 8, wide, vx, vy, _BLACK, _WHITE, lines, block, 0, 0)
        top, left, y, x = (
            (8 * row + 1) & INDEX_MASK,
            (8 * at + 8) & INDEX_MASK,
            y & INDEX_MASK,
            x & INDEX_MASK,
        )
        for i in range(8):
            for j in range(wide):
                residual[top + i, left + j] = np.int16(np.int16(now[y + i, x + j]) - block[i, j])
        at = until


@inlined
def _close(residual: Shorts) -> None:
    """Repeats the edge outwards."""
    rows, columns = residual.shape
    for i in range(1, rows - 1):
        residual[i, 7] = residual[i, 8]
        residual[i, columns - 8] = residual[i, columns - 9]
    for j in range(columns):
        residual[0, j] = residual[1, j]
        residual[rows - 1, j] = residual[rows - 2, j]


@compiled
def predict(
    before: Shorts, residual: Shorts, plain: Bytes, dx: Shorts, dy: Shorts, error: Floats,
    worth: Floats, scale: int, margin: int, touched: Bytes, after: Shorts, out: Bytes,
) -> None:  # fmt: skip
    """Brings ``out`` [height, width], the enlarged picture, up to date, and fills ``after``, the
    state that goes with it, from ``before``, ``residual`` (of ``match``) and ``plain`` (bicubic).
    Where ``error`` is more than HOPELESS times ``worth`` it is plain, and the error is ``worth``.

    Of ``out`` only cells are written where ``touched`` is given as not 0, because ``plain`` changed
    or ``out`` is not what goes with ``before``, and those that something moved into; ``touched``
    has them all afterwards. ``margin`` is in decoded samples.
    """
    rows, columns = dx.shape
    side = 8 * scale
    _touch(dx, dy, error, worth, touched)
    lines = np.empty((side + 5, side * columns), np.int16)
    wider = np.empty((10, side * columns), np.int16)
    phases = np.empty((scale, 8 * columns), np.int16)
    for row in range(rows):
        y = scale * (margin + 8 * row)
        column = 0
        while column < columns:
            end = column + 1
            while end < columns and touched[row, end] == touched[row, column]:
                end += 1
            x, wide = scale * (margin + 8 * column), side * (end - column)
            if touched[row, column] == 0:
                _fetch(before, y, x, side, wide, 0, 0, _LEAST, _MOST, lines, after, y, x)
            elif touched[row, column] == RESIZED:
                _resize(plain, side * row, side * column, side, wide, y, x, after, out)
            else:
                _move(before, dx, dy, row, column, end, scale, margin, lines, after)
                _widen(residual, row, column, end, scale, phases, wider)
                _combine(wider, plain, row, column, end, scale, y, x, after, out)
            column = end


@inlined
def _touch(dx: Shorts, dy: Shorts, error: Floats, worth: Floats, touched: Bytes) -> None:
    rows, columns = dx.shape
    for row in range(rows):
        for column in range(columns):
            if dx[row, column] != 0 or dy[row, column] != 0:
                # What is left of a cell that moved is widened into its neighbours.
                for line in range(max(row - 1, 0), min(row + 2, rows)):
                    for place in range(max(column - 1, 0), min(column + 2, columns)):
                        touched[line, place] = 1
    for row in range(rows):
        for column in range(columns):
            if error[row, column] > HOPELESS * worth[row, column]:
                error[row, column] = worth[row, column]
                touched[row, column] = RESIZED
            else:
                # A picture that was not ended may have left RESIZED.
                touched[row, column] = min(touched[row, column], np.uint8(1))


@inlined
def _widen(
    residual: Shorts, row: int, column: int, end: int, scale: int, phases: Shorts, out: Shorts
) -> None:
    """The residual of a run of cells and of the rows above and below, widened by bilinear
    interpolation (differences must not ring), times 2 ``scale``, into the first rows and columns of
    ``out``.
    """
    wide = 8 * (end - column)
    x = (8 * column + 7) & INDEX_MASK
    whole = 2 * scale
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
        _interleave(phases, scale, wide, out[line])


@inlined
def _interleave(phases: Shorts, scale: int, wide: int, line: Shorts) -> None:
    """The cases say the same as the last one; constants let the compiler make vectors of them."""
    if scale == 2:
        for j in range(wide):
            line[2 * j] = phases[0, j]
            line[2 * j + 1] = phases[1, j]
    elif scale == 3:
        for j in range(wide):
            line[3 * j] = phases[0, j]
            line[3 * j + 1] = phases[1, j]
            line[3 * j + 2] = phases[2, j]
    elif scale == 4:
        for j in range(wide):
            line[4 * j] = phases[0, j]
            line[4 * j + 1] = phases[1, j]
            line[4 * j + 2] = phases[2, j]
            line[4 * j + 3] = phases[3, j]
    else:
        for phase in range(scale):
            for j in range(wide):
                line[scale * j + phase] = phases[phase, j]


@inlined
def _move(
    before: Shorts, dx: Shorts, dy: Shorts, row: int, column: int, end: int, scale: int,
    margin: int, lines: Shorts, after: Shorts,
) -> None:  # fmt: skip
    """M(S) of a run of cells into ``after``."""
    side = 8 * scale
    y = scale * (margin + 8 * row)
    at = column
    while at < end:
        vx, vy = scale * int(dx[row, at]), scale * int(dy[row, at])
        x = scale * (margin + 8 * at)
        until = _alike(dx, dy, row, at, end, x + (vx >> 2), side, before.shape[1])
        wide = side * (until - at)
        _fetch(before, y, x, side, wide, vx, vy, _LEAST, _MOST, lines, after, y, x)
        at = until


@inlined
def _resize(
    plain: Bytes, top: int, left: int, side: int, wide: int, y: int, x: int, after: Shorts,
    out: Bytes,
) -> None:  # fmt: skip
    """A run of cells as bicubic has it: S is 3 B."""
    height, width = out.shape
    top, left, y, x = top & INDEX_MASK, left & INDEX_MASK, y & INDEX_MASK, x & INDEX_MASK
    for i in range(min(side, height - top)):
        for j in range(min(wide, width - left)):
            value = np.int16(plain[top + i, left + j])
            after[y + i, x + j] = 3 * value
            out[top + i, left + j] = value


@inlined
def _combine(
    wider: Shorts, plain: Bytes, row: int, column: int, end: int, scale: int, y: int, x: int,
    after: Shorts, out: Bytes,
) -> None:  # fmt: skip
    """S and 4 E' of a run of cells, as far as the picture reaches, from M(S) in ``after``."""
    height, width = out.shape
    side, whole = 8 * scale, 2 * scale
    top, left = (side * row) & INDEX_MASK, (side * column) & INDEX_MASK
    tall, wide = min(side, height - top), min(side * (end - column), width - left)
    y, x = y & INDEX_MASK, x & INDEX_MASK
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
            state = min(max(state, _LEAST), _MOST)
            after[y + i, x + j] = state
            value = np.int16(np.int16(state + base + 2) >> 2)
            out[top + i, left + j] = min(max(value, _BLACK), _WHITE)


@compiled
def spread(state: Shorts, width: int, height: int, margin: int) -> None:
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
