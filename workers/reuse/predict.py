"""A picture predicted from the one before it, cell by cell; compiled loops over pixels.

Each cell takes the previous picture's content by one vector (block motion compensation, ITU-T
H.264 section 8.4.2.2 in kind) and corrects it by the enlarged difference between the decoded
pictures, as FAST does (Zhang and Sze, "FAST: A Framework to Accelerate Super-Resolution
Processing on Compressed Videos", 2016). A quarter of every picture is taken from plain bicubic
instead, so that what is wrong dies away: with E the enhanced and B the bicubic picture, D the
decoded one and M moving by the vectors,

    E' = 3/4 (M(E) + up(D' - M(D))) + 1/4 (B' + M(E - B)).

What is carried from picture to picture is therefore S = 4 E - B, and 4 E' = M(S) + 3 up(...) + B'.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from workers.reuse.codec_info import CELL
from workers.reuse.compiled import compiled

__all__ = [
    "MARGIN",
    "blank_state",
    "bordered",
    "carry",
    "difference",
    "match",
    "paste",
    "predict",
    "spread",
    "widen",
]

Bytes = npt.NDArray[np.uint8]
Shorts = npt.NDArray[np.int16]
Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

MARGIN = CELL + 4
"""Samples around a bordered picture: a cell and the filter's reach, so that a vector into the
outside finds what repeating the edge for ever would give.
"""

# Keys' cubic convolution (a = -1/2, IEEE TASSP 1981) at quarters of a sample, times 128.
_TAPS = np.array(
    [[0, 128, 0, 0], [-9, 111, 29, -3], [-8, 72, 72, -8], [-3, 29, 111, -9]], dtype=np.int32
)


def bordered(plane: Bytes) -> Bytes:
    """With its edge repeated MARGIN samples outwards, and up to whole cells."""
    height, width = plane.shape
    bottom, right = MARGIN + -height % CELL, MARGIN + -width % CELL
    return np.asarray(
        cv2.copyMakeBorder(plane, MARGIN, bottom, MARGIN, right, cv2.BORDER_REPLICATE), np.uint8
    )


def blank_state(width: int, height: int, scale: int) -> Shorts:
    """For a decoded picture of that size: S with room for its margin."""
    rows = scale * (height + -height % CELL + 2 * MARGIN)
    columns = scale * (width + -width % CELL + 2 * MARGIN)
    return np.zeros((rows, columns), np.int16)


@compiled
def _fetch(
    plane: Any, top: int, left: int, side: int, dx: int, dy: int, margin: int, low: int, high: int,
    rows: Shorts, out: Shorts,
) -> None:  # fmt: skip
    """The block of ``side`` samples at (top, left) of the bordered plane's inside, displaced by
    quarters of a sample; ``rows`` [side + 3, side] is scratch.
    """
    height, width = plane.shape
    y, fy = top + margin + (dy >> 2), dy & 3
    x, fx = left + margin + (dx >> 2), dx & 3
    # Far outside every sample is the edge's; so is what is just outside.
    y = min(max(y, 1), height - side - 2)
    x = min(max(x, 1), width - side - 2)
    if fx == 0 and fy == 0:
        for i in range(side):
            for j in range(side):
                out[i, j] = plane[y + i, x + j]
        return
    a, b, c, d = _TAPS[fx, 0], _TAPS[fx, 1], _TAPS[fx, 2], _TAPS[fx, 3]
    for i in range(side + 3):
        for j in range(side):
            row = plane[y + i - 1]
            rows[i, j] = (
                a * row[x + j - 1] + b * row[x + j] + c * row[x + j + 1] + d * row[x + j + 2] + 4
            ) >> 3
    a, b, c, d = _TAPS[fy, 0], _TAPS[fy, 1], _TAPS[fy, 2], _TAPS[fy, 3]
    for i in range(side):
        for j in range(side):
            total = (
                a * rows[i, j] + b * rows[i + 1, j] + c * rows[i + 2, j] + d * rows[i + 3, j]
                + 1024
            ) >> 11  # fmt: skip
            out[i, j] = min(max(total, low), high)


@compiled
def _squares(now: Bytes, top: int, left: int, block: Shorts) -> int:
    total = 0
    for i in range(8):
        for j in range(8):
            apart = np.int32(now[top + i, left + j]) - block[i, j]
            total += apart * apart
    return total


@compiled
def match(
    now: Bytes, before: Bytes, dx: Shorts, dy: Shorts, valid: Bools, still: int,
    out_dx: Shorts, out_dy: Shorts, squares: Floats,
) -> None:  # fmt: skip
    """For each cell the better of standing still, the given vector and the chosen ones of the cells
    to the left and above; ``squares`` [rows, columns] gets the mean squared difference that is
    left. Both planes are ``bordered`` ones of decoded luma. ``still`` is the sum of squares below
    which nothing else is tried, and by which a vector must be better.
    """
    rows, columns = dx.shape
    block = np.empty((8, 8), np.int16)
    scratch = np.empty((11, 8), np.int16)
    for row in range(rows):
        for column in range(columns):
            top, left = row * 8, column * 8
            _fetch(before, top, left, 8, 0, 0, 12, 0, 255, scratch, block)
            best = _squares(now, top + 12, left + 12, block)
            best_dx, best_dy = 0, 0
            if best > still:
                for candidate in range(3):
                    x, y = 0, 0
                    if candidate == 0 and valid[row, column]:
                        x, y = int(dx[row, column]), int(dy[row, column])
                    elif candidate == 1 and column > 0:
                        x, y = int(out_dx[row, column - 1]), int(out_dy[row, column - 1])
                    elif candidate == 2 and row > 0:
                        x, y = int(out_dx[row - 1, column]), int(out_dy[row - 1, column])
                    if (x == 0 and y == 0) or (x == best_dx and y == best_dy):
                        continue
                    _fetch(before, top, left, 8, x, y, 12, 0, 255, scratch, block)
                    found = _squares(now, top + 12, left + 12, block)
                    # A vector must be worth it: standing still copies without filtering.
                    if found + still < best:
                        best, best_dx, best_dy = found, x, y
            out_dx[row, column] = best_dx
            out_dy[row, column] = best_dy
            squares[row, column] = best / 64.0


@compiled
def difference(now: Bytes, before: Bytes, dx: Shorts, dy: Shorts, out: Shorts) -> None:
    """``out`` [8 rows, 8 columns]: now less what the vectors fetch from before."""
    block = np.empty((8, 8), np.int16)
    scratch = np.empty((11, 8), np.int16)
    for row in range(dx.shape[0]):
        for column in range(dx.shape[1]):
            top, left = row * 8, column * 8
            x, y = int(dx[row, column]), int(dy[row, column])
            _fetch(before, top, left, 8, x, y, 12, 0, 255, scratch, block)
            for i in range(8):
                for j in range(8):
                    out[top + i, left + j] = (
                        np.int16(now[top + i + 12, left + j + 12]) - block[i, j]
                    )


def widen(small: Shorts, scale: int) -> Shorts:
    """By bilinear interpolation: differences must not ring."""
    height, width = small.shape
    size = (scale * width, scale * height)
    return np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_LINEAR), np.int16)


@compiled
def carry(
    dx: Shorts, dy: Shorts, squares: Floats, factor: float, usual: float, error: Floats,
    worth: Floats, age: Shorts, new_error: Floats, new_worth: Floats, new_age: Shorts,
) -> None:  # fmt: skip
    """Takes each cell's estimated error along its vector and adds what this step adds.

    Errors are mean squared differences to the net's picture in squared levels. ``worth`` is the
    energy of the net's correction to bicubic and bounds the error: where prediction would be no
    better the cell is resized instead. ``usual`` is its mean, for content that was not there
    before. ``factor`` is what refreshed cells said of earlier estimates. The shares: a quarter of
    the squared residual, and a fifth of the net's correction where it is interpolated.
    """
    rows, columns = dx.shape
    for row in range(rows):
        for column in range(columns):
            x, y = int(dx[row, column]), int(dy[row, column])
            r = min(max(row + ((y + 16) >> 5), 0), rows - 1)
            c = min(max(column + ((x + 16) >> 5), 0), columns - 1)
            value = worth[r, c]
            left = squares[row, column]
            if left > 4.0 * value + 1.0:
                value = max(value, np.float32(usual))
            step = 0.25 * left
            if (x & 3) | (y & 3):
                step += 0.2 * value
            new_worth[row, column] = value
            new_error[row, column] = error[r, c] + factor * step
            new_age[row, column] = min(age[r, c] + 1, 30000)


@compiled
def predict(
    before: Shorts, correction: Shorts, plain: Bytes, dx: Shorts, dy: Shorts, error: Floats,
    worth: Floats, scale: int, after: Shorts, out: Bytes,
) -> None:  # fmt: skip
    """Fills ``out`` [height, width], the enlarged picture, and ``after``, the state that goes with
    it, from ``before``, ``correction`` (of ``widen``) and ``plain`` (bicubic). Where ``error``
    is more than ``worth`` it is plain, and the error is that.
    """
    side = 8 * scale
    margin = 12 * scale
    block = np.empty((side, side), np.int16)
    scratch = np.empty((side + 3, side), np.int16)
    height, width = out.shape
    for row in range(dx.shape[0]):
        for column in range(dx.shape[1]):
            top, left = row * side, column * side
            tall, wide = min(side, height - top), min(side, width - left)
            if error[row, column] > worth[row, column]:
                error[row, column] = worth[row, column]
                for i in range(tall):
                    for j in range(wide):
                        value = np.int16(plain[top + i, left + j])
                        out[top + i, left + j] = value
                        after[margin + top + i, margin + left + j] = 3 * value
                continue
            x, y = scale * int(dx[row, column]), scale * int(dy[row, column])
            _fetch(before, top, left, side, x, y, margin, -255, 1020, scratch, block)
            for i in range(tall):
                for j in range(wide):
                    state = block[i, j] + 3 * correction[top + i, left + j]
                    state = min(max(state, -255), 1020)
                    after[margin + top + i, margin + left + j] = state
                    value = (state + np.int16(plain[top + i, left + j]) + 2) >> 2
                    out[top + i, left + j] = min(max(value, 0), 255)


@compiled
def paste(
    made: Bytes, row: int, column: int, top: int, left: int, tall: int, wide: int,
    plain: Bytes, scale: int, keep: Bytes, out: Bytes, after: Shorts, actual: Floats,
    worth: Floats,
) -> None:  # fmt: skip
    """Takes over a rectangle of what the net made, at (row, column) of ``made``, at (top, left) of
    the picture; places in decoded samples, top and left of whole cells. ``keep`` says for each
    cell how many sixteenths of the prediction stay. ``actual`` gets each cell's error as it was,
    ``worth`` what the net's correction is worth now.
    """
    side = 8 * scale
    margin = 12 * scale
    height, width = out.shape
    for y in range(top * scale, (top + tall) * scale, side):
        for x in range(left * scale, (left + wide) * scale, side):
            missed: Any = 0
            gained: Any = 0
            count = 0
            kept = np.int32(keep[y // side, x // side])
            for i in range(y, min(y + side, (top + tall) * scale, height)):
                for j in range(x, min(x + side, (left + wide) * scale, width)):
                    value = np.int32(made[i + (row - top) * scale, j + (column - left) * scale])
                    base = np.int32(plain[i, j])
                    was = value - np.int32(out[i, j])
                    missed += was * was
                    gained += (value - base) * (value - base)
                    count += 1
                    fresh = 4 * value - base
                    state: Any = np.int32(after[margin + i, margin + j])
                    state = fresh + ((kept * (state - fresh) + 8) >> 4)
                    after[margin + i, margin + j] = state
                    out[i, j] = min(max((state + base + 2) >> 2, 0), 255)
            actual[y // side, x // side] = missed / max(count, 1)
            worth[y // side, x // side] = gained / max(count, 1)


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
