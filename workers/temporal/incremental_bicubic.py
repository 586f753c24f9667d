"""Bicubic enlargement that is kept from picture to picture: only what changed is made anew.

The filter is that of ``cubic.py``: weights in 2048ths, sums rounded once. It differs from
OpenCV's by at most one level, in few samples.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from workers.kernels.jit import INDEX_MASK, compiled, inlined
from workers.media.cubic import place_of, weights_at
from workers.media.frame_info import CELL, cells
from workers.temporal.padding import MARGIN

__all__ = ["IncrementalBicubic"]

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int32]
Taps = tuple[Ints, npt.NDArray[np.int64]]
"""The weights of each phase, and where the first of them is."""

_LEFT, _RIGHT = np.array([0xFFFF, 0xFFFF << 48], np.uint64)
"""Of a cell's row as a little-endian word: the two samples at either end, which are as far as the
filter reaches into the next cell.
"""


class IncrementalBicubic:
    """One plane of a stream, ``scale`` times as large; used by one thread.

    ``offset`` is where a sample lies across the square that it stands for: 0.5 in its middle, as
    luma does; chroma may lie further left.
    """

    def __init__(self, width: int, height: int, scale: int, *, offset: float = 0.5) -> None:
        self._scale = scale
        self._seen: Bytes | None = None
        self._large = np.zeros((scale * height, scale * width), np.uint8)
        self._changed = np.zeros(cells(width, height), np.uint8)
        self._down = _taps(scale, 0.5)
        self._across = _taps(scale, offset)
        room = self._changed.shape[1] * CELL + 4
        self._sums = np.zeros(room, np.int32)
        self._phases = np.zeros((scale, room), np.uint8)

    @property
    def large(self) -> Bytes:
        """The last plane shown; a view."""
        return self._large

    def show(self, plane: Bytes) -> Bytes:
        """Takes the next plane, ``bordered``, which must not be written to afterwards. Returns for
        each cell 1 where the enlarged plane may differ from what it was, else 0; a view.
        """
        seen, self._seen = self._seen, plane
        if seen is None:
            self._changed[:] = 1
        else:
            _compare(plane.view(np.uint64), seen.view(np.uint64), MARGIN, self._changed)
        _renew(
            plane,
            MARGIN,
            self._changed,
            self._scale,
            self._down,
            self._across,
            self._sums,
            self._phases,
            self._large,
        )
        return self._changed


def _taps(scale: int, offset: float) -> Taps:
    """Weights of four samples for each of ``scale`` phases, in 2048ths, and where the first one is,
    counted from two samples before that which the phase belongs to.
    """
    weights = np.zeros((scale, 4))
    first = np.zeros(scale, np.int64)
    for phase in range(scale):
        start, weights[phase] = weights_at(place_of(phase, scale, offset))
        first[phase] = start + 2
    taps = np.rint(2048 * weights).astype(np.int32)
    taps[:, 3] = 2048 - taps[:, :3].sum(axis=1)
    return taps, first


@compiled
def _compare(now: Any, before: Any, margin: int, changed: Bytes) -> None:
    """Cells that differ, or that the filter reaches from one that does. Both planes as words of
    eight samples.
    """
    rows, columns = changed.shape
    changed[:] = 0
    for row in range(rows):
        y = (margin + 8 * row) & INDEX_MASK
        for column in range(columns):
            x = (margin // 8 + column) & INDEX_MASK
            top = (now[y, x] ^ before[y, x]) | (now[y + 1, x] ^ before[y + 1, x])
            low = (now[y + 6, x] ^ before[y + 6, x]) | (now[y + 7, x] ^ before[y + 7, x])
            both = top | low
            for i in range(2, 6):
                both |= now[y + i, x] ^ before[y + i, x]
            if both == 0:
                continue
            for line in range(max(row - 1, 0), min(row + 2, rows)):
                word = top if line < row else (low if line > row else both)
                if word != 0:
                    changed[line, column] = 1
                if word & _LEFT != 0 and column > 0:
                    changed[line, column - 1] = 1
                if word & _RIGHT != 0 and column + 1 < columns:
                    changed[line, column + 1] = 1
    for row in range(rows):
        _bridge(changed, row)


@inlined
def _bridge(changed: Bytes, row: int) -> None:
    """Closes short gaps: a longer run costs less than one more."""
    last = -100
    for column in range(changed.shape[1]):
        if changed[row, column] != 0:
            if column - last <= 4:
                for between in range(last + 1, column):
                    changed[row, between] = 1
            last = column


@compiled
def _renew(
    plane: Bytes,
    margin: int,
    changed: Bytes,
    scale: int,
    down: Taps,
    across: Taps,
    sums: Ints,
    phases: Bytes,
    large: Bytes,
) -> None:
    rows, columns = changed.shape
    for row in range(rows):
        column = 0
        while column < columns:
            end = column
            while end < columns and changed[row, end] != 0:
                end += 1
            if end > column:
                wide = 8 * (end - column)
                _enlarge(
                    plane,
                    margin,
                    8 * row,
                    8 * column,
                    wide,
                    scale,
                    down,
                    across,
                    sums,
                    phases,
                    large,
                )
            column = end + 1


@compiled
def _enlarge(
    plane: Bytes,
    margin: int,
    top: int,
    left: int,
    wide: int,
    scale: int,
    down: Taps,
    across: Taps,
    sums: Ints,
    phases: Bytes,
    large: Bytes,
) -> None:
    """Eight rows of ``wide`` samples: down into ``sums``, then across, phase by phase."""
    height, width = large.shape
    x = (left + margin - 2) & INDEX_MASK
    taps, first = down
    for line in range(scale * top, min(scale * (top + 8), height)):
        phase = line % scale
        y = (line // scale + margin - 2 + first[phase]) & INDEX_MASK
        a, b, c, d = taps[phase, 0], taps[phase, 1], taps[phase, 2], taps[phase, 3]
        for j in range(wide + 4):
            sums[j] = (
                a * np.int32(plane[y, x + j])
                + b * np.int32(plane[y + 1, x + j])
                + c * np.int32(plane[y + 2, x + j])
                + d * np.int32(plane[y + 3, x + j])
            )
        for phase in range(scale):
            weights = across[0][phase]
            a, b, c, d = weights[0], weights[1], weights[2], weights[3]
            at = across[1][phase] & INDEX_MASK
            for j in range(wide):
                total = np.int32(
                    a * sums[at + j]
                    + b * sums[at + j + 1]
                    + c * sums[at + j + 2]
                    + d * sums[at + j + 3]
                    + (1 << 21)
                )
                total = np.int32(total >> 22)
                phases[phase, j] = min(max(total, np.int32(0)), np.int32(255))
        _interleave(phases, scale, min(wide, width // scale - left), line, scale * left, large)


@inlined
def _interleave(phases: Bytes, scale: int, wide: int, line: int, left: int, large: Bytes) -> None:
    """The cases say the same as the last one; constants let the compiler make vectors of them."""
    line, left = line & INDEX_MASK, left & INDEX_MASK
    if scale == 2:
        for j in range(wide):
            large[line, left + 2 * j] = phases[0, j]
            large[line, left + 2 * j + 1] = phases[1, j]
    elif scale == 3:
        for j in range(wide):
            large[line, left + 3 * j] = phases[0, j]
            large[line, left + 3 * j + 1] = phases[1, j]
            large[line, left + 3 * j + 2] = phases[2, j]
    elif scale == 4:
        for j in range(wide):
            large[line, left + 4 * j] = phases[0, j]
            large[line, left + 4 * j + 1] = phases[1, j]
            large[line, left + 4 * j + 2] = phases[2, j]
            large[line, left + 4 * j + 3] = phases[3, j]
    else:
        for phase in range(scale):
            for j in range(wide):
                large[line, left + scale * j + phase] = phases[phase, j]
