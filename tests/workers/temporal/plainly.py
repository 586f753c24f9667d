"""What the loops of temporal propagation compute, written for all of a picture at once."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from workers.media.frame_info import CELL

Bytes = npt.NDArray[np.uint8]
Shorts = npt.NDArray[np.int16]
Array = npt.NDArray[Any]

BICUBIC = {
    2: [(-1, [-72, 536, 1800, -216]), (0, [-216, 1800, 536, -72])],
    3: [(-1, [-114, 759, 1631, -228]), (0, [0, 2048, 0, 0]), (0, [-228, 1631, 759, -114])],
    4: [
        (-1, [-135, 873, 1535, -225]), (-1, [-21, 235, 1981, -147]),
        (0, [-147, 1981, 235, -21]), (0, [-225, 1535, 873, -135]),
    ],
}  # fmt: skip
"""For each phase where its second sample is, and the weights of four."""

QUARTERS = [
    [0, 0, 128, 0, 0, 0], [2, -11, 108, 36, -8, 1],
    [3, -17, 78, 78, -17, 3], [1, -8, 36, 108, -11, 2],
]  # fmt: skip


def enlarged(plane: Bytes, scale: int) -> Bytes:
    """By bicubic, sums rounded once."""
    once = _along(_along(plane.astype(np.int64), scale).T, scale).T
    rounded: Bytes = np.clip((once + (1 << 21)) >> 22, 0, 255).astype(np.uint8)
    return rounded


def _sum(parts: Iterable[Array]) -> Array:
    return functools.reduce(np.add, parts)


def _along(samples: Array, scale: int) -> Array:
    """Down the columns."""
    height = len(samples)
    made = np.zeros((scale * height, samples.shape[1]), np.int64)
    for phase, (second, weights) in enumerate(BICUBIC[scale]):
        for tap, weight in enumerate(weights):
            places = np.clip(np.arange(height) + second + tap - 1, 0, height - 1)
            made[phase::scale] += weight * samples[places]
    return made


def fetched(plane: Array, dx: Shorts, dy: Shorts, side: int, low: int, high: int) -> Array:
    """Each cell of ``side`` samples displaced by quarters of one; edges go on for ever."""
    height, width = plane.shape
    made = np.zeros((side * dx.shape[0], side * dx.shape[1]), np.int64)
    for row, column in np.ndindex(dx.shape):
        x, y = int(dx[row, column]), int(dy[row, column])
        rows = np.clip(side * row + (y >> 2) + np.arange(-2, side + 3), 0, height - 1)
        columns = np.clip(side * column + (x >> 2) + np.arange(-2, side + 3), 0, width - 1)
        block = plane[np.ix_(rows, columns)].astype(np.int64)
        taps = QUARTERS[x & 3]
        across = (_sum(taps[k] * block[:, k : k + side] for k in range(6)) + 4) >> 3
        taps = QUARTERS[y & 3]
        both = (_sum(taps[k] * across[k : k + side] for k in range(6)) + 1024) >> 11
        place = slice(side * row, side * (row + 1)), slice(side * column, side * (column + 1))
        made[place] = np.clip(both, low, high)
    return made


def tripled(residual: Array, scale: int) -> Array:
    """Enlarged by bilinear interpolation, times three."""

    def along(samples: Array) -> Array:
        inside = np.pad(samples, ((1, 1), (0, 0)), mode="edge")
        lines = np.arange(scale * len(samples))
        place = 2 * (lines % scale) + 1 - scale
        above = lines // scale + 1 + place // (2 * scale)
        below = (place % (2 * scale))[:, None]
        between: Array = (2 * scale - below) * inside[above] + below * inside[above + 1]
        return between

    total = along(along(residual.astype(np.int64)).T).T
    rounded: Array = np.rint(3 * total / (4 * scale * scale) + 1e-9).astype(np.int64)
    return rounded


def predicted(
    state: Array, residual: Array, plain: Bytes, dx: Shorts, dy: Shorts, resized: Array, scale: int
) -> tuple[Array, Bytes]:
    """The new state and picture, both as large as ``plain``, from ``state`` as large."""
    height, width = plain.shape
    side = CELL * scale
    moved = fetched(state, scale * dx, scale * dy, side, -255, 1020) + tripled(residual, scale)
    moved = np.clip(moved, -255, 1020)[:height, :width]
    is_plain = np.kron(resized, np.ones((side, side), np.int64))[:height, :width] != 0
    after = np.where(is_plain, 3 * plain.astype(np.int64), moved)
    picture: Bytes = np.clip((after + plain + 2) >> 2, 0, 255).astype(np.uint8)
    return after, picture
