"""Blending of what the net made into the picture and its state; compiled loops."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from workers.kernels.jit import INDEX_MASK, compiled, inlined
from workers.temporal.padding import MARGIN
from workers.temporal.subpixel import SAMPLES, Area, Pair

__all__ = ["BlendTarget", "blend"]

Bytes = npt.NDArray[np.uint8]
Shorts = npt.NDArray[np.int16]
Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]

_BLACK, _WHITE = SAMPLES


class BlendTarget(NamedTuple):
    """The arrays that a region is written into, and the weights of what is there."""

    plain: Bytes
    "The picture by bicubic, enlarged; only read."
    keep: Bytes
    "[rows, columns]: sixteenths of each cell's prediction that stay; only read."
    out: Bytes
    "The enlarged picture."
    state: Shorts
    "S of it, with a margin (``motion_compensation.py``)."


@compiled
def blend(
    made: Bytes,
    source: Pair,
    area: Area,
    scale: int,
    target: BlendTarget,
    actual: Floats,
    gain: Floats,
) -> None:
    """Takes over a rectangle of what the net made: ``area`` of the picture, which begins at
    ``source`` (row, column) of ``made``. Both count decoded samples; the area lies on cells.

    ``actual`` gets each cell's mean squared error as it was, ``gain`` the energy of the net's
    correction to bicubic.
    """
    plain, keep, out, state = target
    top, left, tall, wide = area
    side = 8 * scale
    height, width = out.shape
    x, span = left * scale, min((left + wide) * scale, width) - left * scale
    sums = np.empty((2, span), np.int32)
    kept = np.empty(span, np.int16)
    # Row of cells by row of cells, so that the sums of a cell are complete before the next one
    # begins.
    for y in range(top * scale, min((top + tall) * scale, height), side):
        lines = min(side, (top + tall) * scale - y, height - y)
        for j in range(span):
            kept[j] = keep[y // side, (x + j) // side]
        sums[:] = 0
        for line in range(y, y + lines):
            begin = (line + (source[0] - top) * scale, source[1] * scale)
            _blend_line(made, begin, (line, x), scale * MARGIN, target, kept, sums)
        for first in range(0, span, side):
            last = min(first + side, span)
            place = y // side, (x + first) // side
            count = lines * (last - first)
            actual[place] = sums[0, first:last].sum() / count
            gain[place] = sums[1, first:last].sum() / count


@inlined
def _blend_line(
    made: Bytes,
    source: Pair,
    place: Pair,
    margin: int,
    target: BlendTarget,
    kept: Shorts,
    sums: Ints,
) -> None:
    """Blends one row of samples; the rows of ``sums`` grow by the squared error and gain."""
    plain, _, out, after = target
    row, column = source[0] & INDEX_MASK, source[1] & INDEX_MASK
    line, x = place[0] & INDEX_MASK, place[1] & INDEX_MASK
    y, left = (line + margin) & INDEX_MASK, (x + margin) & INDEX_MASK
    for j in range(kept.shape[0]):
        value = np.int16(made[row, column + j])
        base = np.int16(plain[line, x + j])
        was = np.int32(value) - np.int32(out[line, x + j])
        gain = np.int32(value) - np.int32(base)
        sums[0, j] += np.int32(was * was)
        sums[1, j] += np.int32(gain * gain)
        # S of the net's own picture (``motion_compensation.py``).
        fresh = np.int16(4 * value - base)
        state = np.int16(after[y, left + j] - fresh)
        # Rounded shift: in sixteenths, with half of one added.
        state = np.int16(fresh + (np.int16(kept[j] * state + 8) >> 4))
        after[y, left + j] = state
        now = np.int16(np.int16(state + base + 2) >> 2)
        out[line, x + j] = min(max(now, _BLACK), _WHITE)
