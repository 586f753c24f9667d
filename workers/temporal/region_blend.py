"""What the net made takes its place in the picture and in what is carried on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from workers.kernels.jit import INDEX_MASK, compiled, inlined

__all__ = ["paste"]

Bytes = npt.NDArray[np.uint8]
Shorts = npt.NDArray[np.int16]
Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]

_BLACK, _WHITE = np.int16(0), np.int16(255)


@compiled
def paste(
    made: Bytes,
    row: int,
    column: int,
    top: int,
    left: int,
    tall: int,
    wide: int,
    plain: Bytes,
    scale: int,
    margin: int,
    keep: Bytes,
    out: Bytes,
    after: Shorts,
    actual: Floats,
    worth: Floats,
) -> None:
    """Takes over a rectangle of what the net made, at (row, column) of ``made``, at (top, left) of
    the picture; places in decoded samples, top and left of whole cells. ``keep`` says for each
    cell how many sixteenths of the prediction stay. ``actual`` gets each cell's error as it was,
    ``worth`` what the net's correction is worth now.
    """
    side = 8 * scale
    height, width = out.shape
    x, room = left * scale, min((left + wide) * scale, width) - left * scale
    sums = np.empty((2, room), np.int32)
    kept = np.empty(room, np.int16)
    for y in range(top * scale, min((top + tall) * scale, height), side):
        lines = min(side, (top + tall) * scale - y, height - y)
        for j in range(room):
            kept[j] = keep[y // side, (x + j) // side]
        sums[:] = 0
        for line in range(y, y + lines):
            _paste_line(
                made,
                line + (row - top) * scale,
                column * scale,
                plain,
                line,
                x,
                kept,
                out,
                after,
                scale * margin,
                sums[0],
                sums[1],
            )
        for first in range(0, room, side):
            last = min(first + side, room)
            place = y // side, (x + first) // side
            count = lines * (last - first)
            actual[place] = sums[0, first:last].sum() / count
            worth[place] = sums[1, first:last].sum() / count


@inlined
def _paste_line(
    made: Bytes,
    row: int,
    column: int,
    plain: Bytes,
    line: int,
    x: int,
    kept: Shorts,
    out: Bytes,
    after: Shorts,
    margin: int,
    missed: Ints,
    gained: Ints,
) -> None:
    """One row of samples; the last two grow by squared differences."""
    row, column, line, x = row & INDEX_MASK, column & INDEX_MASK, line & INDEX_MASK, x & INDEX_MASK
    y, left = (line + margin) & INDEX_MASK, (x + margin) & INDEX_MASK
    for j in range(kept.shape[0]):
        value = np.int16(made[row, column + j])
        base = np.int16(plain[line, x + j])
        was = np.int32(value) - np.int32(out[line, x + j])
        gain = np.int32(value) - np.int32(base)
        missed[j] += np.int32(was * was)
        gained[j] += np.int32(gain * gain)
        fresh = np.int16(4 * value - base)
        state = np.int16(after[y, left + j] - fresh)
        state = np.int16(fresh + (np.int16(kept[j] * state + 8) >> 4))
        after[y, left + j] = state
        now = np.int16(np.int16(state + base + 2) >> 2)
        out[line, x + j] = min(max(now, _BLACK), _WHITE)
