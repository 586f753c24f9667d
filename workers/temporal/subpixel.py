"""Blocks of a plane at places between its samples; compiled loops over pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from workers.kernels.jit import INDEX_MASK, compiled, inlined

__all__ = ["SAMPLES", "STATES", "Area", "Bounds", "Pair", "fetch", "run_end"]

Shorts = npt.NDArray[np.int16]
Area = tuple[int, int, int, int]
"""Top, left, height, width."""
Pair = tuple[Any, Any]
"""Two integers: a place is (row, column), a vector is (dx, dy) in quarters of a sample. Any, since
mypy takes int and numba's int64 for different types.
"""
Bounds = tuple[np.int16, np.int16]

# Sums of int16 are int64 to numba, unless they are made short again at once; so are bounds.
SAMPLES: Bounds = (np.int16(0), np.int16(255))
"""Least and greatest value of a sample."""
STATES: Bounds = (np.int16(-255), np.int16(4 * 255))
"""Least and greatest value of S = 4 E - B (``motion_compensation.py``)."""

# A windowed sinc at quarters of a sample, times 128. What moves is filtered again with each
# picture: four taps keep measurably less of the detail.
_TAPS = np.array(
    [[0, 0, 128, 0, 0, 0], [2, -11, 108, 36, -8, 1], [3, -17, 78, 78, -17, 3],
     [1, -8, 36, 108, -11, 2]], dtype=np.int32,
)  # fmt: skip


@compiled
def fetch(
    plane: Any, area: Area, vector: Pair, bounds: Bounds, lines: Shorts, out: Shorts, place: Pair
) -> None:
    """Writes the block at ``area`` of a bordered plane, displaced by the vector, to ``place`` in
    ``out``; ``lines`` [height + 5, width] is scratch.
    """
    y, x, tall, wide = area
    dx, dy = vector
    height, width = plane.shape
    # Far outside every sample is the edge's; so is what is just outside.
    # The two samples before and three behind that six taps need stay inside of the plane.
    y = (max(min(y + (dy >> 2), height - tall - 3), 2) - 2) & INDEX_MASK
    x = (max(min(x + (dx >> 2), width - wide - 3), 2) - 2) & INDEX_MASK
    fx, fy = dx & 3, dy & 3
    top, left = place[0] & INDEX_MASK, place[1] & INDEX_MASK
    if fx == 0 and fy == 0:
        for i in range(tall):
            for j in range(wide):
                out[top + i, left + j] = plane[y + i + 2, x + j + 2]
        return
    # With one of them 0 the same filter comes down to a shift.
    first, beyond = (2, tall + 2) if fy == 0 else (0, tall + 5)
    _filter_across(plane, y, x, fx, (first, beyond), wide, lines)
    _filter_down(lines, fy, tall, wide, bounds, out, (top, left))


@inlined
def _filter_across(
    plane: Any, y: int, x: int, fx: int, rows: Pair, wide: int, lines: Shorts
) -> None:
    """Interpolates ``wide`` samples of the rows (first, beyond) from ``y`` on, times 16."""
    a, b, c = _TAPS[fx, 0], _TAPS[fx, 1], _TAPS[fx, 2]
    d, e, f = _TAPS[fx, 3], _TAPS[fx, 4], _TAPS[fx, 5]
    # 128 / 8: results are times 16. They fit int16, since the filter overshoots by 27 % at most and
    # S is at most 1020.
    for i in range(rows[0], rows[1]):
        if fx == 0:
            for j in range(wide):
                lines[i, j] = np.int16(plane[y + i, x + j + 2]) << 4
            continue
        for j in range(wide):
            total = np.int32(
                a * np.int32(plane[y + i, x + j])
                + b * np.int32(plane[y + i, x + j + 1])
                + c * np.int32(plane[y + i, x + j + 2])
                + d * np.int32(plane[y + i, x + j + 3])
                + e * np.int32(plane[y + i, x + j + 4])
                + f * np.int32(plane[y + i, x + j + 5])
                + 4
            )
            lines[i, j] = total >> 3


@inlined
def _filter_down(
    lines: Shorts, fy: int, tall: int, wide: int, bounds: Bounds, out: Shorts, place: Pair
) -> None:
    """Interpolates down the columns of ``lines`` and writes the block to ``place`` in ``out``."""
    low, high = bounds
    top, left = place
    a, b, c = _TAPS[fy, 0], _TAPS[fy, 1], _TAPS[fy, 2]
    d, e, f = _TAPS[fy, 3], _TAPS[fy, 4], _TAPS[fy, 5]
    for i in range(tall):
        if fy == 0:
            for j in range(wide):
                # Takes the factor 16 of the first pass back, rounded.
                near = np.int16(np.int16(lines[i + 2, j] + 8) >> 4)
                out[top + i, left + j] = min(max(near, low), high)
            continue
        for j in range(wide):
            total = np.int32(
                a * np.int32(lines[i, j])
                + b * np.int32(lines[i + 1, j])
                + c * np.int32(lines[i + 2, j])
                + d * np.int32(lines[i + 3, j])
                + e * np.int32(lines[i + 4, j])
                + f * np.int32(lines[i + 5, j])
                + 1024
            )
            # 16 * 128 = 2^11.
            out[top + i, left + j] = min(max(np.int16(total >> 11), low), high)


@inlined
def run_end(dx: Shorts, dy: Shorts, row: int, columns: Pair, x: int, side: int, width: int) -> int:
    """Returns where the cells end that have the vector of the first of ``columns`` (first, end) and
    can be fetched with it: none of their samples, from ``x`` on in a plane ``width`` wide, is so
    far outside that ``fetch`` looks for it elsewhere.
    """
    at, end = columns
    last: int = at + 1
    while (
        last < end
        and x >= 2
        and x + side * (last + 1 - at) + 3 <= width
        and dx[row, last] == dx[row, at]
        and dy[row, last] == dy[row, at]
    ):
        last += 1
    return last
