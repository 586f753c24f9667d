"""Which rectangles of a picture the net is worth running on.

Cells are gathered into few rectangles, each worked on with a halo of the net's receptive field, so
that what the net makes of the inside does not depend on where the rectangle ends. Anchors and
patches that are worth the net are from NEMO (MobiCom 2020), NeuroScaler (SIGCOMM 2022) and Palantir
(2024), gathering sparse regions into dense tensors from RegenHance (NSDI 2025); the choice here is
made for each frame as it comes, from the estimated error and the cost of the halo alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from workers.reuse.codec_info import CELL
from workers.reuse.compiled import compiled

__all__ = ["MOST", "Region", "choose", "pixels"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]

MOST = 48
"""Rectangles for a frame; one more costs more to handle than it could save."""


@dataclasses.dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of the decoded picture, in luma samples; top and left lie on cells."""

    top: int
    left: int
    height: int
    width: int

    def cells(self) -> tuple[slice, slice]:
        """The cells it covers, also in part."""
        bottom, right = self.top + self.height, self.left + self.width
        return (
            slice(self.top // CELL, -(-bottom // CELL)),
            slice(self.left // CELL, -(-right // CELL)),
        )


def pixels(regions: Sequence[Region], halo: int) -> int:
    """Samples that the net works on for them."""
    return sum((each.height + 2 * halo) * (each.width + 2 * halo) for each in regions)


def choose(
    error: Floats, price: float, *, size: tuple[int, int], halo: int, most_pixels: int
) -> list[Region]:
    """Rectangles of a picture of ``size`` (width, height), the one with the largest error first;
    they may overlap a little.

    ``error`` [rows, columns] is the mean squared error of each cell as it stands; a rectangle is
    worth it where the error it removes, summed over its samples, is at least ``price`` for each
    sample that the net must work on, halo included. ``most_pixels`` bounds the sum of the latter.
    """
    found = np.empty((MOST, 4), np.int32)
    count = _choose(error.astype(np.float64), price, halo, most_pixels, found)
    width, height = size
    regions = []
    for row, column, rows, columns in (found[:count] * CELL).tolist():
        regions.append(Region(row, column, min(rows, height - row), min(columns, width - column)))
    return regions


@compiled
def _sum(table: Any, row: int, column: int, rows: int, columns: int) -> Any:
    """Over a rectangle, by the table of sums of all that lies above and to the left."""
    return (
        table[row + rows, column + columns]
        - table[row, column + columns]
        - table[row + rows, column]
        + table[row, column]
    )


@compiled
def _tabulate(error: Any, table: Any) -> None:
    rows, columns = error.shape
    for row in range(rows):
        line = 0.0
        for column in range(columns):
            line += error[row, column]
            table[row + 1, column + 1] = table[row, column + 1] + line


@compiled
def _cost(rows: int, columns: int, halo: int) -> int:
    return (rows * 8 + 2 * halo) * (columns * 8 + 2 * halo)


@compiled
def _grow(
    error: Any, table: Any, seed_row: int, seed_column: int, halo: int, most: int, rect: Ints
) -> Any:
    """The rectangle around a seed in which the error for a sample of work is greatest; widened as
    long as some step makes it greater, two steps ahead, so that a gap of a cell is crossed.
    """
    total_rows, total_columns = error.shape
    row, column, rows, columns = seed_row, seed_column, 1, 1
    best = 64.0 * error[row, column] / _cost(1, 1, halo)
    while True:
        better = best
        choice, step = -1, 0
        for ahead in (1, 2, 4):
            for side in range(4):
                r, c, h, w = row, column, rows, columns
                if side == 0:
                    r, h = row - ahead, rows + ahead
                elif side == 1:
                    h = rows + ahead
                elif side == 2:
                    c, w = column - ahead, columns + ahead
                else:
                    w = columns + ahead
                if r < 0 or c < 0 or r + h > total_rows or c + w > total_columns:
                    continue
                cost = _cost(h, w, halo)
                worth = 64.0 * _sum(table, r, c, h, w) / cost
                if worth > better and cost <= most:
                    better, choice, step = worth, side, ahead
        if choice < 0:
            break
        best = better
        if choice == 0:
            row, rows = row - step, rows + step
        elif choice == 1:
            rows += step
        elif choice == 2:
            column, columns = column - step, columns + step
        else:
            columns += step
    rect[0], rect[1], rect[2], rect[3] = row, column, rows, columns
    return best


@compiled
def _extend(error: Any, table: Any, price: float, halo: int, most: int, rect: Ints) -> None:
    """Takes in what is worth its own price at the edge of a rectangle that is worked on anyway."""
    total_rows, total_columns = error.shape
    moved = True
    while moved:
        moved = False
        for side in range(4):
            row, column, rows, columns = rect[0], rect[1], rect[2], rect[3]
            r, c, h, w = row, column, rows, columns
            if side == 0:
                r, h = row - 1, rows + 1
            elif side == 1:
                h = rows + 1
            elif side == 2:
                c, w = column - 1, columns + 1
            else:
                w = columns + 1
            if r < 0 or c < 0 or r + h > total_rows or c + w > total_columns:
                continue
            more = _sum(table, r, c, h, w) - _sum(table, row, column, rows, columns)
            cost = _cost(h, w, halo)
            if 64.0 * more >= price * (cost - _cost(rows, columns, halo)) and cost <= most:
                rect[0], rect[1], rect[2], rect[3] = r, c, h, w
                moved = True


@compiled
def _choose(error: Any, price: float, halo: int, most: int, found: Ints) -> int:
    rows, columns = error.shape
    table = np.zeros((rows + 1, columns + 1), np.float64)
    rect = np.empty(4, np.int32)
    count, spent = 0, 0
    while count < found.shape[0] and spent + _cost(1, 1, halo) <= most:
        seed = int(np.argmax(error))
        if error[seed // columns, seed % columns] <= 0.0:
            break
        _tabulate(error, table)
        left = most - spent
        worth = _grow(error, table, seed // columns, seed % columns, halo, left, rect)
        if worth < price:
            # Alone it is not worth the net, whatever lies around it.
            error[rect[0] : rect[0] + rect[2], rect[1] : rect[1] + rect[3]] = 0.0
            continue
        _extend(error, table, price, halo, left, rect)
        found[count] = rect
        count += 1
        spent += _cost(rect[2], rect[3], halo)
        error[rect[0] : rect[0] + rect[2], rect[1] : rect[1] + rect[3]] = 0.0
    return count
