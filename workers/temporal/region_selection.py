"""Selection of the rectangles of a picture that the net runs on.

Cells are gathered into few rectangles, each worked on with a halo of the net's receptive field, so
that what the net makes of the inside does not depend on where the rectangle ends. Anchors and
patches that are worth the net are from NEMO (MobiCom 2020), NeuroScaler (SIGCOMM 2022) and Palantir
(2024), gathering sparse regions into dense tensors from RegenHance (NSDI 2025); the choice here is
made for each frame as it comes, from the estimated error and the cost of the halo alone.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from workers.kernels.jit import compiled
from workers.media.frame_info import CELL, cells

__all__ = ["MAX_REGIONS", "Region", "call_overhead", "choose", "pixels", "prepared_sizes"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]
Sides = tuple[Ints, Ints]
"""Down and across: the samples that the net is given for so many cells, halo included."""

MAX_REGIONS = 48
"""Rectangles for a frame; one more costs more to handle than it could save."""

STEPS = (2, 4, 8, 16, 24, 32, 48)
COARSE_STEP = 16
"""Cells along a region's sides, beyond the last step by ``COARSE_STEP``. A runtime needs a graph
for each size to be fast, so there must be few: with these, about sixteen sizes make 0.9 to 1 of all
regions, and the net does as much work and removes as much error as with steps of a third, of which
sixteen sizes make 0.6 to 0.8 (seven natural clips). Without the first, strips that a pan uncovers
wait: 0.35 instead of 0.2 of the gain is missing in a small picture.
"""

MAX_PREPARED_STEP = 32
MAX_PREPARED_ASPECT = 4
"""Longest side in cells, and longer side over shorter one, of the regions for which graphs are
compiled ahead. In 480x270 that is 22 sizes, which make 0.9 of all regions.
"""

MIN_STEP_RATIO = 8 / 7
"""The picture's own side over a step, below which that step is left out."""


CALL_OVERHEAD = 0.03
"""Cost of one more run of the net besides its samples, as a fraction of the picture's samples:
measured, 0.1 ms to run a prepared size and 0.5 ms for another one, and 0.1 ms to take it over,
where the whole net takes ten to twenty.
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of the decoded picture, in luma samples; all sides lie on cells, so that it may
    reach beyond the picture by part of one.
    """

    top: int
    left: int
    height: int
    width: int

    def cells(self) -> tuple[slice, slice]:
        """Returns the rows and columns of the cells it covers, also in part."""
        bottom, right = self.top + self.height, self.left + self.width
        return (
            slice(self.top // CELL, -(-bottom // CELL)),
            slice(self.left // CELL, -(-right // CELL)),
        )


def prepared_sizes(width: int, height: int, halo: int) -> list[tuple[int, int]]:
    """Returns the heights and widths in samples, halos included, of the regions that occur most in
    a picture of that size, small ones first; the picture's own sides are not among them.
    """
    tall, wide = (
        [step for step in _steps(count)[:-1] if step <= MAX_PREPARED_STEP]
        for count in cells(width, height)
    )
    pairs = [
        (rows, columns)
        for rows, columns in itertools.product(tall, wide)
        if max(rows, columns) <= MAX_PREPARED_ASPECT * min(rows, columns)
    ]
    return [
        (CELL * rows + 2 * halo, CELL * columns + 2 * halo)
        for rows, columns in sorted(pairs, key=math.prod)
    ]


def pixels(regions: Sequence[Region], halo: int) -> int:
    """Returns the samples that the net works on for the regions, halos included."""
    return sum((each.height + 2 * halo) * (each.width + 2 * halo) for each in regions)


def choose(error: Floats, price: float, *, halo: int, max_pixels: int) -> list[Region]:
    """Returns rectangles, the one with the largest error first; they may overlap a little.

    ``error`` [rows, columns] is the mean squared error of each cell as it stands; a rectangle is
    worth it where the error it removes, summed over its samples, is at least ``price`` for each
    sample that the net must work on, halo included. ``max_pixels`` bounds the sum of the latter.
    """
    found = np.empty((MAX_REGIONS, 4), np.int32)
    rows, columns = error.shape
    sides = _sides(rows, halo), _sides(columns, halo)
    overhead = call_overhead(error.size)
    count = _choose(error.astype(np.float64), price, halo, overhead, sides, max_pixels, found)
    return [Region(*(CELL * part for part in rect)) for rect in found[:count].tolist()]


def call_overhead(count: int) -> int:
    """Returns the samples that a run is charged besides its own in a picture of ``count`` cells."""
    return int(CALL_OVERHEAD * count * CELL**2)


def _steps(count: int) -> list[int]:
    """Returns the sides of regions in a picture of ``count`` cells along a side."""
    # The side of the picture itself is always a size, so that all of it can be one region.
    every = (*STEPS, *range(STEPS[-1] + COARSE_STEP, count, COARSE_STEP))
    return [step for step in every if MIN_STEP_RATIO * step < count] + [count]


@functools.lru_cache(maxsize=64)
def _sides(count: int, halo: int) -> Ints:
    """Returns the samples that the net is given for 0 to ``count`` cells along a side."""
    steps = _steps(count)
    whole = np.array(steps)[np.searchsorted(steps, np.arange(count + 1))]
    return (whole * CELL + 2 * halo).astype(np.int32)


@compiled
def _sum(table: Any, row: int, column: int, rows: int, columns: int) -> Any:
    """Returns the sum over a rectangle, by the table of sums of all that lies above and left."""
    return (
        table[row + rows, column + columns]
        - table[row, column + columns]
        - table[row + rows, column]
        + table[row, column]
    )


@compiled
def _tabulate(error: Any, first: int, table: Any) -> None:
    """Fills the table of sums from that row on, the rows above being right."""
    rows, columns = error.shape
    for row in range(first, rows):
        line = 0.0
        for column in range(columns):
            line += error[row, column]
            table[row + 1, column + 1] = table[row, column + 1] + line


@compiled
def _peak(error: Any, first: int, end: int, peaks: Any) -> None:
    """Writes the greatest error of each of the rows from ``first`` on."""
    for row in range(first, end):
        peak = 0.0
        for column in range(error.shape[1]):
            peak = max(peak, error[row, column])
        peaks[row] = peak


@compiled
def _stepped(rect: Ints, side: int, by: int) -> tuple[int, int, int, int]:
    """Returns the rectangle with one side (0 top, 1 bottom, 2 left, 3 right) moved outwards by that
    many cells; inwards where negative.
    """
    row, column, rows, columns = int(rect[0]), int(rect[1]), int(rect[2]), int(rect[3])
    if side == 0:
        return row - by, column, rows + by, columns
    if side == 1:
        return row, column, rows + by, columns
    if side == 2:
        return row, column - by, rows, columns + by
    return row, column, rows, columns + by


@compiled
def _trim(table: Any, overhead: int, sides: Sides, rect: Ints, best: float) -> Any:
    """Gives back at the edges what long steps took in for nothing."""
    tall, wide = sides
    while True:
        choice, step = -1, 0
        for side in range(4):
            # A step inwards that improves nothing may be followed by a longer one that does: empty
            # edges are several cells wide.
            for less in (1, 2, 3, 4):
                r, c, h, w = _stepped(rect, side, -less)
                if h < 1 or w < 1:
                    continue
                # The best of all: the first that improves may cut off what another one keeps.
                worth = 64.0 * _sum(table, r, c, h, w) / (tall[h] * wide[w] + overhead)
                if worth > best:
                    best, choice, step = worth, side, less
        if choice < 0:
            return best
        rect[:] = np.array(_stepped(rect, choice, -step), np.int32)


@compiled
def _grow(
    error: Any,
    table: Any,
    seed: tuple[int, int],
    overhead: int,
    sides: Sides,
    most: int,
    rect: Ints,
) -> Any:
    """Writes the rectangle around a seed in which the error for a sample of work is greatest. It is
    widened as long as some step makes it greater, also a longer one, so that gaps are crossed.
    """
    tall, wide = sides
    total_rows, total_columns = error.shape
    rect[:] = np.array((seed[0], seed[1], 1, 1), np.int32)
    # 64 samples in a cell: the error that a rectangle removes is summed over its samples.
    best = 64.0 * error[seed[0], seed[1]] / (tall[1] * wide[1] + overhead)
    while True:
        better = best
        choice, step = -1, 0
        # Longer steps cross gaps between parts that are worth one rectangle together.
        for ahead in (1, 2, 4, 8):
            for side in range(4):
                r, c, h, w = _stepped(rect, side, ahead)
                if r < 0 or c < 0 or r + h > total_rows or c + w > total_columns:
                    continue
                cost = tall[h] * wide[w]
                worth = 64.0 * _sum(table, r, c, h, w) / (cost + overhead)
                # Samples count against the budget, the overhead of a call does not: it is time, not
                # work of the net.
                if worth > better and cost <= most:
                    better, choice, step = worth, side, ahead
        if choice < 0:
            return _trim(table, overhead, sides, rect, best)
        best = better
        rect[:] = np.array(_stepped(rect, choice, step), np.int32)


@compiled
def _extend(error: Any, table: Any, price: float, sides: Sides, most: int, rect: Ints) -> None:
    """Takes in what is worth its own price at the edge of a rectangle that is worked on anyway."""
    tall, wide = sides
    total_rows, total_columns = error.shape
    moved = True
    while moved:
        moved = False
        for side in range(4):
            for ahead in (1, 2, 4, 8):
                r, c, h, w = _stepped(rect, side, ahead)
                if r < 0 or c < 0 or r + h > total_rows or c + w > total_columns:
                    continue
                more = _sum(table, r, c, h, w) - _sum(table, rect[0], rect[1], rect[2], rect[3])
                cost = tall[h] * wide[w]
                extra = cost - tall[rect[2]] * wide[rect[3]]
                if more > 0.0 and 64.0 * more >= price * extra and cost <= most:
                    rect[:] = np.array((r, c, h, w), np.int32)
                    moved = True


@compiled
def _fill(rect: Ints, halo: int, sides: Sides, rows: int, columns: int) -> None:
    """Widens the rectangle to the size that the net is given: it costs nothing more."""
    tall, wide = sides
    rect[2] = (tall[rect[2]] - 2 * halo) // 8
    rect[3] = (wide[rect[3]] - 2 * halo) // 8
    rect[0] = min(rect[0], rows - rect[2])
    rect[1] = min(rect[1], columns - rect[3])


@compiled
def _choose(
    error: Any, price: float, halo: int, overhead: int, sides: Sides, most: int, found: Ints
) -> int:
    """Fills ``found`` [count, 4] with rectangles in cells and returns how many there are; sets the
    error of what they cover to 0.
    """
    tall, wide = sides
    rows, columns = error.shape
    table = np.zeros((rows + 1, columns + 1), np.float64)
    rect = np.empty(4, np.int32)
    count, spent = 0, 0
    peaks = np.empty(rows, np.float64)
    _tabulate(error, 0, table)
    _peak(error, 0, rows, peaks)
    while count < found.shape[0] and spent + tall[1] * wide[1] <= most:
        row = int(np.argmax(peaks))
        # No rectangle has more error for a sample of work than its worst cell for one of its own.
        if peaks[row] <= 0.0 or peaks[row] < price:
            break
        # Cells that are not worth the net are set to 0 below, so that the search ends.
        left = most - spent
        seed = (row, int(np.argmax(error[row])))
        worth = _grow(error, table, seed, overhead, sides, left, rect)
        # Otherwise: alone it is not worth the net, whatever lies around it.
        if worth >= price:
            _extend(error, table, price, sides, left, rect)
            _fill(rect, halo, sides, rows, columns)
            found[count] = rect
            count += 1
            spent += tall[rect[2]] * wide[rect[3]]
        error[rect[0] : rect[0] + rect[2], rect[1] : rect[1] + rect[3]] = 0.0
        # Sums and peaks above the rectangle are still right.
        _tabulate(error, int(rect[0]), table)
        _peak(error, int(rect[0]), int(rect[0] + rect[2]), peaks)
    return count
