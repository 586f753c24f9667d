"""Integer 8x8 cosine transform of planes, the one of HEVC (H.265, section 8.6.4.2), in loops.

Values are 32-bit integers, so that every machine gives the same. A block's 64 coefficients stand in
a row, ``8 * u + v`` for the frequencies ``u`` across and ``v`` down.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from workers.kernels.jit import INDEX_MASK, compiled, inlined

__all__ = ["SIDE", "STEPS", "add_block", "forward"]

SIDE = 8
"""Samples along a block's side. Of 4, 8 and 16 it needs the fewest bits for residuals at equal
error, by one to twelve percent."""

STEPS = 16
"""Coefficients are in sixteenths of what an orthonormal transform gives."""

Ints = npt.NDArray[np.int32]
Shorts = npt.NDArray[np.int16]

Eight = tuple[Any, Any, Any, Any, Any, Any, Any, Any]

_MAX_SAMPLE = 1 << 14
"""Sums in eighths are kept below this, far beyond 8 * 255, so that damaged data fits as well."""


@inlined
def _eight(values: Eight) -> Eight:
    """The transform of eight values: 181 times an orthonormal one."""
    a, b, c, d, e, f, g, h = values
    p, q, r, s = a + h, b + g, c + f, d + e
    i, j, k, m = a - h, b - g, c - f, d - e
    t, u, v, w = p + s, q + r, p - s, q - r
    return (
        np.int32(64 * (t + u)),
        np.int32(89 * i + 75 * j + 50 * k + 18 * m),
        np.int32(83 * v + 36 * w),
        np.int32(75 * i - 18 * j - 89 * k - 50 * m),
        np.int32(64 * (t - u)),
        np.int32(50 * i - 89 * j + 18 * k + 75 * m),
        np.int32(36 * v - 83 * w),
        np.int32(18 * i - 50 * j + 75 * k - 89 * m),
    )


@inlined
def _back(values: Eight) -> Eight:
    """The inverse of ``_eight`` but for its factor: its transpose."""
    a, b, c, d, e, f, g, h = values
    p, q = 64 * (a + e), 64 * (a - e)
    r, s = 83 * c + 36 * g, 36 * c - 83 * g
    t, u, v, w = p + r, q + s, q - s, p - r
    i = 89 * b + 75 * d + 50 * f + 18 * h
    j = 75 * b - 18 * d - 89 * f - 50 * h
    k = 50 * b - 89 * d + 18 * f + 75 * h
    m = 18 * b - 50 * d + 75 * f - 89 * h
    return (
        np.int32(t + i),
        np.int32(u + j),
        np.int32(v + k),
        np.int32(w + m),
        np.int32(w - m),
        np.int32(v - k),
        np.int32(u - j),
        np.int32(t - i),
    )


@compiled
def forward(plane: Shorts, margin: int, shift: int, turned: Ints, coefficients: Ints) -> None:
    """Transforms the blocks of a plane within its margin, whose sides are multiples of 8, into rows
    of ``coefficients``; samples are in units of 2^(11 - shift). ``turned`` is scratch for a row of
    blocks: [8, width].
    """
    height, width = plane.shape[0] - 2 * margin, plane.shape[1] - 2 * margin
    across = width // 8
    for row in range(height // 8):
        y = (8 * row + margin) & INDEX_MASK
        # Down all columns at once, then across each block: both loops become vectors.
        for x in range(width):
            _put_column(turned, x, _eight(_column(plane, y, (x + margin) & INDEX_MASK)))
        for block in range(across):
            x = (8 * block) & INDEX_MASK
            number = (row * across + block) & INDEX_MASK
            for v in range(8):
                # The matrix of 64ths makes 2^15 of the orthonormal transform; STEPS is 2^4 of it.
                _put_eighths(coefficients[number], v, _eight(_line(turned, v, x)), shift)


@inlined
def add_block(block: Ints, half: Ints, plane: Shorts, top: int, left: int) -> None:
    """Adds a block of coefficients, at most 2^15 each, to the samples of int16 at that place, which
    are in eighths. ``half``, scratch of [8, 8], is overwritten.
    """
    for v in range(8):
        _put_eighths(half.reshape(64), v, _back(_eighths(block, v)), 7)
    for u in range(8):
        found = _back(_line(half, u, 0))
        x = (left + u) & INDEX_MASK
        for v in range(8):
            y = (top + v) & INDEX_MASK
            value = np.int32(plane[y, x]) + ((found[v] + 256) >> 9)
            plane[y, x] = min(max(value, -_MAX_SAMPLE), _MAX_SAMPLE)


@inlined
def _column(plane: Shorts, y: int, x: int) -> Eight:
    """Eight samples, one below the other."""
    return (
        np.int32(plane[y, x]),
        np.int32(plane[y + 1, x]),
        np.int32(plane[y + 2, x]),
        np.int32(plane[y + 3, x]),
        np.int32(plane[y + 4, x]),
        np.int32(plane[y + 5, x]),
        np.int32(plane[y + 6, x]),
        np.int32(plane[y + 7, x]),
    )


@inlined
def _put_column(plane: Ints, x: int, values: Eight) -> None:
    plane[0, x] = values[0]
    plane[1, x] = values[1]
    plane[2, x] = values[2]
    plane[3, x] = values[3]
    plane[4, x] = values[4]
    plane[5, x] = values[5]
    plane[6, x] = values[6]
    plane[7, x] = values[7]


@inlined
def _line(plane: Ints, y: int, x: int) -> Eight:
    """Eight values, one after the other."""
    return (
        plane[y, x],
        plane[y, x + 1],
        plane[y, x + 2],
        plane[y, x + 3],
        plane[y, x + 4],
        plane[y, x + 5],
        plane[y, x + 6],
        plane[y, x + 7],
    )


@inlined
def _eighths(values: Ints, first: int) -> Eight:
    """Every eighth of 64 values."""
    return (
        values[first],
        values[8 + first],
        values[16 + first],
        values[24 + first],
        values[32 + first],
        values[40 + first],
        values[48 + first],
        values[56 + first],
    )


@inlined
def _put_eighths(out: Ints, first: int, values: Eight, shift: int) -> None:
    """Writes every eighth of 64 values, shifted right and rounded."""
    half = np.int32(1 << (shift - 1))
    out[first] = (values[0] + half) >> shift
    out[8 + first] = (values[1] + half) >> shift
    out[16 + first] = (values[2] + half) >> shift
    out[24 + first] = (values[3] + half) >> shift
    out[32 + first] = (values[4] + half) >> shift
    out[40 + first] = (values[5] + half) >> shift
    out[48 + first] = (values[6] + half) >> shift
    out[56 + first] = (values[7] + half) >> shift
