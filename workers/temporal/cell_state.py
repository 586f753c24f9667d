"""State of each cell, carried from picture to picture; compiled loops over cells."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from workers.kernels.jit import compiled
from workers.temporal.motion_search import Motion

__all__ = ["CellState", "blend_weights", "expected_loss", "propagate", "refresh_priority"]

Bytes = npt.NDArray[np.uint8]
Shorts = npt.NDArray[np.int16]
Floats = npt.NDArray[np.float32]

MAX_STABLE_CHANGE = 0.3
"""Fraction of the gain: a cell whose error grows by that much in one picture shows other
content, and its stable age starts at 0 again. Chosen on the benchmark's clips.
"""

MIN_GAIN = 0.05
"""Squared levels, the least that a gain counts as beside ``MAX_STABLE_CHANGE``: where the net
corrects next to nothing, a small error is no change of content.
"""

_MAX_AGE = 30000  # Pictures; one more still fits int16.


class CellState(NamedTuple):
    """The state of all cells, [rows, columns] each."""

    error: Floats
    "Estimated mean squared difference to the net's picture, in squared levels."
    gain: Floats
    "Energy of the net's correction to bicubic, in squared levels: what there is to lose."
    age: Shorts
    "Pictures since the net ran on the content."
    stable_age: Floats
    "Pictures since the content changed; a small change takes part of the count away."

    @classmethod
    def blank(cls, grid: tuple[int, int]) -> CellState:
        """Returns that of so many rows and columns, all zero."""
        error, gain, stable_age = np.zeros((3, *grid), np.float32)
        return cls(error, gain, np.zeros(grid, np.int16), stable_age)


@compiled
def propagate(motion: Motion, factor: float, usual: float, was: CellState, now: CellState) -> None:
    """Moves each cell's state along its vector, from ``was`` into ``now``, and adds the error that
    this step adds, times ``factor``: a quarter of the squared residual, and a fifth of the gain
    where the vector leads between samples.

    The gain bounds the error: where prediction would be no better the cell is resized instead.
    Content that was not there before, which a large residual shows, has at least the ``usual``
    gain. ``factor`` is what cells that the net saw said of earlier estimates.
    """
    dx, dy, squares, _ = motion
    error, gain, age, stable_age = was
    new_error, new_gain, new_age, new_stable_age = now
    rows, columns = dx.shape
    for row in range(rows):
        for column in range(columns):
            # A cell is 32 quarters of a sample wide: adding 16 rounds to the cell that holds most
            # of the content.
            x, y = int(dx[row, column]), int(dy[row, column])
            r = min(max(row + ((y + 16) >> 5), 0), rows - 1)
            c = min(max(column + ((x + 16) >> 5), 0), columns - 1)
            value = gain[r, c]
            left = squares[row, column]
            # A quarter of the squared residual is the error of this step, so this residual alone
            # would use the gain up.
            if left > 4.0 * value + 1.0:
                value = max(value, np.float32(usual))
            step = 0.25 * left
            # Content between samples is filtered again, and loses detail each time.
            if (x & 3) | (y & 3):
                step += 0.2 * value
            new_gain[row, column] = value
            step *= factor
            new_error[row, column] = error[r, c] + step
            stays = 1.0 - step / (MAX_STABLE_CHANGE * max(value, np.float32(MIN_GAIN)))
            new_stable_age[row, column] = (stable_age[r, c] + 1.0) * max(stays, 0.0)
            new_age[row, column] = min(age[r, c] + 1, _MAX_AGE)


@compiled
def expected_loss(error: Floats, gain: Floats) -> float:
    """Returns the mean error of the predictions; no cell loses more than its gain."""
    total = 0.0
    for row in range(error.shape[0]):
        for column in range(error.shape[1]):
            # Where the error is above the gain the picture falls back to bicubic, which loses just
            # the gain.
            total += min(error[row, column], gain[row, column])
    return total / error.size


@compiled
def blend_weights(cells: CellState, limit: int, least_gain: float, keep: Bytes) -> None:
    """Writes how many sixteenths of each cell's prediction stay where the net runs: nothing where
    the cell may as well be resized, elsewhere between half of ``limit`` and all of it.
    """
    error, gain, _, _ = cells
    for row in range(error.shape[0]):
        for column in range(error.shape[1]):
            here, value = error[row, column], gain[row, column]
            # An error equal to the gain leaves half of ``limit``; there the prediction is as bad as
            # bicubic.
            if here < value:
                keep[row, column] = int(
                    limit * (1.0 - here / (2.0 * max(value, np.float32(least_gain)))) + 0.5
                )
            else:
                keep[row, column] = 0


@compiled
def refresh_priority(
    cells: CellState, due_age: Shorts, max_lifetime: float, urgent: float, priority: Floats
) -> None:
    """Writes what refreshing each cell removes: its loss, times the pictures that will show it (as
    many, up to ``max_lifetime``, as the content stayed already); ``urgent`` above its ``due_age``.
    """
    error, gain, age, stable_age = cells
    for row in range(error.shape[0]):
        for column in range(error.shape[1]):
            if age[row, column] > due_age[row, column]:
                priority[row, column] = urgent
            else:
                lifetime = min(1.0 + stable_age[row, column], max_lifetime)
                priority[row, column] = min(error[row, column], gain[row, column]) * lifetime
