"""Bicubic enlargement that is kept from picture to picture: only what changed is made anew.

The filter is that of ``cubic.py``: weights in 2048ths, sums rounded once. It differs from
OpenCV's by at most one level, in few samples.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from workers.kernels.interleave import interleave
from workers.kernels.jit import INDEX_MASK, compiled, inlined
from workers.media.cubic import place_of, weights_at
from workers.media.frame_info import CELL, cells
from workers.temporal.padding import MARGIN
from workers.temporal.region_selection import Region

__all__ = ["IncrementalBicubic", "enlarge_region"]

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int32]
Pair = tuple[int, int]
Taps = tuple[Ints, npt.NDArray[np.int64]]
"""The weights of each phase, and where the first of them is."""
Filter = tuple[Taps, Taps]
"""Down and across."""
Scratch = tuple[Ints, Bytes]
"""Sums of a row, and its samples phase by phase."""

_LEFT, _RIGHT = np.array([0xFFFF, 0xFFFF << 48], np.uint64)
"""Masks of a cell's row as a little-endian word: the two samples at either end, as far as the
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
        self._filter = _taps(scale, 0.5), _taps(scale, offset)
        widest = self._changed.shape[1] * CELL + 4
        self._scratch = np.zeros(widest, np.int32), np.zeros((scale, widest), np.uint8)

    @property
    def large(self) -> Bytes:
        """The last plane shown; a view."""
        return self._large

    def update(self, plane: Bytes) -> Bytes:
        """Takes the next plane, ``bordered``, which must not be written to afterwards. Returns for
        each cell 1 where the enlarged plane may differ from what it was, else 0; a view.
        """
        seen, self._seen = self._seen, plane
        if seen is None:
            self._changed[:] = 1
        else:
            _compare(plane.view(np.uint64), seen.view(np.uint64), self._changed)
        _enlarge_changed(
            plane, self._changed, self._scale, self._filter, self._scratch, self._large
        )
        return self._changed


def enlarge_region(plane: Bytes, region: Region, scale: int) -> Bytes:
    """Returns a region of a plane, ``bordered``, enlarged as ``IncrementalBicubic`` enlarges all of
    it. The region lies on cells, and within the plane up to whole cells.
    """
    bottom = region.top + region.height + 2 * MARGIN
    right = region.left + region.width + 2 * MARGIN
    # The filter reaches two samples beyond the region, which the margin holds.
    around = np.ascontiguousarray(plane[region.top : bottom, region.left : right])
    enlarger = IncrementalBicubic(region.width, region.height, scale)
    enlarger.update(around)
    return enlarger.large


@functools.lru_cache(maxsize=16)
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
    # The last weight takes the rounding errors of the others: a flat plane must stay flat.
    taps[:, 3] = 2048 - taps[:, :3].sum(axis=1)
    return taps, first


@compiled
def _compare(now: Any, before: Any, changed: Bytes) -> None:
    """Marks the cells that differ, or that the filter reaches from one that does. Both planes are
    words of eight samples.
    """
    rows, columns = changed.shape
    changed[:] = 0
    for row in range(rows):
        y = (MARGIN + 8 * row) & INDEX_MASK
        for column in range(columns):
            x = (MARGIN // 8 + column) & INDEX_MASK
            # The filter reaches two samples beyond a cell. So rows 0 and 1 matter to the cells
            # above, and rows 6 and 7 to those below; the masks say the same of columns.
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
    # Far enough from column 0 that no gap is closed before the first cell.
    last = -100
    for column in range(changed.shape[1]):
        if changed[row, column] != 0:
            if column - last <= 4:
                for between in range(last + 1, column):
                    changed[row, between] = 1
            last = column


@compiled
def _enlarge_changed(
    plane: Bytes, changed: Bytes, scale: int, taps: Filter, scratch: Scratch, large: Bytes
) -> None:
    """Enlarges the cells that changed, run by run."""
    rows, columns = changed.shape
    for row in range(rows):
        column = 0
        while column < columns:
            end = column
            while end < columns and changed[row, end] != 0:
                end += 1
            if end > column:
                wide = 8 * (end - column)
                _enlarge(plane, (8 * row, 8 * column), wide, scale, taps, scratch, large)
            column = end + 1


@compiled
def _enlarge(
    plane: Bytes, place: Pair, wide: int, scale: int, taps: Filter, scratch: Scratch, large: Bytes
) -> None:
    """Enlarges eight rows of ``wide`` samples at that place: first down, then across, phase by
    phase.
    """
    height, width = large.shape
    sums, phases = scratch
    top, left = place
    x = (left + MARGIN - 2) & INDEX_MASK
    down, first = taps[0]
    across, begins = taps[1]
    for line in range(scale * top, min(scale * (top + 8), height)):
        phase = line % scale
        y = (line // scale + MARGIN - 2 + first[phase]) & INDEX_MASK
        a, b, c, d = down[phase, 0], down[phase, 1], down[phase, 2], down[phase, 3]
        for j in range(wide + 4):
            sums[j] = (
                a * np.int32(plane[y, x + j])
                + b * np.int32(plane[y + 1, x + j])
                + c * np.int32(plane[y + 2, x + j])
                + d * np.int32(plane[y + 3, x + j])
            )
        for phase in range(scale):
            weights = across[phase]
            a, b, c, d = weights[0], weights[1], weights[2], weights[3]
            at = begins[phase] & INDEX_MASK
            for j in range(wide):
                # int32 suffices: the weights of both passes make 2^22, together they overshoot by
                # at most 45 %, and 255 * 1.45 * 2^22 is below 2^31.
                total = np.int32(
                    a * sums[at + j]
                    + b * sums[at + j + 1]
                    + c * sums[at + j + 2]
                    + d * sums[at + j + 3]
                    + (1 << 21)
                )
                total = np.int32(total >> 22)
                phases[phase, j] = min(max(total, np.int32(0)), np.int32(255))
        interleave(phases, scale, min(wide, width // scale - left), large, line, scale * left)
