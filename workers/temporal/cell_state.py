"""What is known of each cell, from picture to picture; compiled loops over cells."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from workers.kernels.jit import compiled

__all__ = ["carry", "lost", "trust", "wish"]

Bytes = npt.NDArray[np.uint8]
Shorts = npt.NDArray[np.int16]
Floats = npt.NDArray[np.float32]

CHANGE = 0.3
"""Of the energy of the net's correction: an error that grows by that much in a picture says that
the content is another.
"""

LEAST_WORTH = 0.05
"""Squared levels: where the net corrects next to nothing, less than that is no change."""


@compiled
def carry(
    dx: Shorts,
    dy: Shorts,
    squares: Floats,
    factor: float,
    usual: float,
    error: Floats,
    worth: Floats,
    age: Shorts,
    calm: Floats,
    new_error: Floats,
    new_worth: Floats,
    new_age: Shorts,
    new_calm: Floats,
) -> None:
    """Takes each cell's estimated error along its vector and adds what this step adds.

    Errors are mean squared differences to the net's picture in squared levels. ``worth`` is the
    energy of the net's correction to bicubic and bounds the error: where prediction would be no
    better the cell is resized instead. ``usual`` is its mean, for content that was not there
    before. ``factor`` is what refreshed cells said of earlier estimates. The shares: a quarter of
    the squared residual, and a fifth of the net's correction where it is interpolated.

    ``calm`` counts pictures since a cell changed; a step of less than CHANGE of its worth takes
    only part of the count away.
    """
    rows, columns = dx.shape
    for row in range(rows):
        for column in range(columns):
            x, y = int(dx[row, column]), int(dy[row, column])
            r = min(max(row + ((y + 16) >> 5), 0), rows - 1)
            c = min(max(column + ((x + 16) >> 5), 0), columns - 1)
            value = worth[r, c]
            left = squares[row, column]
            if left > 4.0 * value + 1.0:
                value = max(value, np.float32(usual))
            step = 0.25 * left
            if (x & 3) | (y & 3):
                step += 0.2 * value
            new_worth[row, column] = value
            step *= factor
            new_error[row, column] = error[r, c] + step
            stays = 1.0 - step / (CHANGE * max(value, np.float32(LEAST_WORTH)))
            new_calm[row, column] = (calm[r, c] + 1.0) * max(stays, 0.0)
            new_age[row, column] = min(age[r, c] + 1, 30000)


@compiled
def lost(error: Floats, worth: Floats) -> float:
    """The mean of what predictions lose: no cell loses more than the net's correction."""
    total = 0.0
    for row in range(error.shape[0]):
        for column in range(error.shape[1]):
            total += min(error[row, column], worth[row, column])
    return total / error.size


@compiled
def trust(error: Floats, worth: Floats, most: int, least_worth: float, keep: Bytes) -> None:
    """How many sixteenths of each cell's prediction stay where the net looks anew: nothing where
    the cell may as well be resized, elsewhere between half of ``most`` and all of it.
    """
    for row in range(error.shape[0]):
        for column in range(error.shape[1]):
            here, value = error[row, column], worth[row, column]
            if here < value:
                keep[row, column] = int(
                    most * (1.0 - here / (2.0 * max(value, np.float32(least_worth)))) + 0.5
                )
            else:
                keep[row, column] = 0


@compiled
def wish(
    error: Floats,
    worth: Floats,
    calm: Floats,
    age: Shorts,
    turn: Shorts,
    most: float,
    urgent: float,
    wanted: Floats,
) -> None:
    """What mending each cell is worth: what it loses, as often as that will be seen (as many
    pictures, up to ``most``, as the content stayed already); ``urgent`` from its ``turn`` on.
    """
    for row in range(error.shape[0]):
        for column in range(error.shape[1]):
            if age[row, column] > turn[row, column]:
                wanted[row, column] = urgent
            else:
                often = min(1.0 + calm[row, column], most)
                wanted[row, column] = min(error[row, column], worth[row, column]) * often
