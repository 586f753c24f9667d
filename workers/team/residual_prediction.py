"""Prediction of a net's correction from the plain picture alone, by filters of classes, in loops.

Each block of 8x8 samples gets a class by its activity and direction, and each class a filter with
the shape of a diamond, trained for the nets' corrections (``residual_tables.py``). Classes by
gradients and diamonds are the idea of H.266's adaptive loop filter (section 8.8.5).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from workers.kernels.jit import INDEX_MASK, compiled, inlined

__all__ = [
    "CLASSES",
    "MARGIN",
    "PAIRS",
    "SPREAD",
    "class_of",
    "correlate",
    "pad",
    "predict",
    "rebase",
    "round_samples",
    "subtract",
]

CLASSES = 63
"""Seven activities times nine directions: none, and four directions of two strengths."""

MARGIN = 4
"""Samples around the padded picture; filters reach three."""

PAIRS = ((3, 0), (2, 1), (2, 0), (2, -1), (1, 2), (1, 1), (1, 0), (1, -1), (1, -2)) + (
    (0, 3),
    (0, 2),
    (0, 1),
)
"""Places (down, across) of a filter's taps; a twin on the other side has the same weight."""

_CHUNK = 512
SPREAD = 12 * _CHUNK
"""Weights of a row of blocks, so many columns at a time. One row of numbers of a fixed size, since
LLVM makes vectors only where it has few arrays to tell apart."""

Bytes = npt.NDArray[np.uint8]
Shorts = npt.NDArray[np.int16]
Ints = npt.NDArray[np.int32]


@compiled
def pad(samples: Bytes, out: Shorts) -> None:
    """Copies a picture into ``out`` and repeats its edges around it: MARGIN samples, and as many
    more to the right and below as ``out`` has.
    """
    height, width = samples.shape
    for line in range(out.shape[0]):
        y = min(max(line - MARGIN, 0), height - 1)
        for x in range(MARGIN):
            out[line, x] = samples[y, 0]
        for x in range(width):
            out[line, (x + MARGIN) & INDEX_MASK] = samples[y, x]
        for x in range(width + MARGIN, out.shape[1]):
            out[line, x] = samples[y, width - 1]


@inlined
def _second(plane: Shorts, y: int, x: int, down: int, across: int) -> Any:
    """The magnitude of a second difference over two samples in a direction."""
    return abs(
        np.int32(
            2 * np.int32(plane[y, x])
            - np.int32(plane[y - down, x - across])
            - np.int32(plane[y + down, x + across])
        )
    )


@inlined
def class_of(plane: Shorts, top: int, left: int) -> int:
    """Returns the class of the block at that place of the padded picture."""
    upright, level, falling, rising = np.int32(0), np.int32(0), np.int32(0), np.int32(0)
    # Every second row tells as much as all.
    for line in range(4):
        y = (top + 2 * line) & INDEX_MASK
        for column in range(8):
            x = (left + column) & INDEX_MASK
            upright += _second(plane, y, x, 2, 0)
            level += _second(plane, y, x, 0, 2)
            falling += _second(plane, y, x, 2, 2)
            rising += _second(plane, y, x, 2, -2)
    total = (upright + level) >> 5
    activity = 0
    # One class for each octave of the mean: 1, 2, 4 ... 32 levels.
    while activity < 6 and total >= (1 << activity):
        activity += 1
    return 9 * activity + _direction(upright, level, falling, rising)


@inlined
def _direction(upright: Any, level: Any, falling: Any, rising: Any) -> int:
    """Returns 0 for none, or which of four directions leads, and by how much."""
    # Half a level for each of 32 samples keeps flat blocks without a direction.
    straight = max(upright, level), min(upright, level) + 16
    slanted = max(falling, rising), min(falling, rising) + 16
    if straight[0] * slanted[1] >= slanted[0] * straight[1]:
        most, least = straight
        leading = 1 if level > upright else 2
    else:
        most, least = slanted
        leading = 3 if falling > rising else 4
    if 2 * most < 3 * least:
        return 0
    return leading if most < 3 * least else leading + 4


@compiled
def predict(plane: Shorts, filters: Shorts, spread: Shorts, out: Shorts) -> None:
    """Writes the predicted correction, in eighths, of the padded picture within its margin.
    ``spread`` is scratch of SPREAD.
    """
    height, width = out.shape
    for row in range(height // 8):
        for left in range(0, width, _CHUNK):
            wide = min(_CHUNK, width - left)
            # The weights of each block spread out over its columns: a loop over many columns
            # becomes vectors, one over the eight of a block does not.
            for block in range(wide // 8):
                kind = class_of(plane, 8 * row + MARGIN, left + 8 * block + MARGIN) & INDEX_MASK
                for tap in range(12):
                    for x in range(8):
                        spread[tap * _CHUNK + 8 * block + x] = filters[kind, tap]
            for line in range(8):
                _filter_line(plane, spread, 8 * row + line, left, wide, out)


@inlined
def _filter_line(
    plane: Shorts, spread: Shorts, line: int, left: int, wide: int, out: Shorts
) -> None:
    """Filters a part of a line; weights are in 256ths of a sample."""
    line, left = line & INDEX_MASK, left & INDEX_MASK
    y = line + MARGIN
    for c in range(wide):
        x = left + c + MARGIN
        twice = np.int32(2 * np.int32(plane[y, x]))
        total = np.int32(
            np.int32(spread[c]) * _pair(plane, y, x, 3, 0, twice)
            + np.int32(spread[c + 1 * _CHUNK]) * _pair(plane, y, x, 2, 1, twice)
            + np.int32(spread[c + 2 * _CHUNK]) * _pair(plane, y, x, 2, 0, twice)
            + np.int32(spread[c + 3 * _CHUNK]) * _pair(plane, y, x, 2, -1, twice)
            + np.int32(spread[c + 4 * _CHUNK]) * _pair(plane, y, x, 1, 2, twice)
            + np.int32(spread[c + 5 * _CHUNK]) * _pair(plane, y, x, 1, 1, twice)
            + np.int32(spread[c + 6 * _CHUNK]) * _pair(plane, y, x, 1, 0, twice)
            + np.int32(spread[c + 7 * _CHUNK]) * _pair(plane, y, x, 1, -1, twice)
            + np.int32(spread[c + 8 * _CHUNK]) * _pair(plane, y, x, 1, -2, twice)
            + np.int32(spread[c + 9 * _CHUNK]) * _pair(plane, y, x, 0, 3, twice)
            + np.int32(spread[c + 10 * _CHUNK]) * _pair(plane, y, x, 0, 2, twice)
            + np.int32(spread[c + 11 * _CHUNK]) * _pair(plane, y, x, 0, 1, twice)
        )
        rounded: Any = np.int32(total + 16) >> 5
        out[line, left + c] = min(max(rounded, -2047), 2047)


@inlined
def _pair(plane: Shorts, y: int, x: int, down: int, across: int, twice: Any) -> Any:
    """The sum of two samples on either side, less twice the middle."""
    return np.int32(
        np.int32(plane[y - down, x - across]) + np.int32(plane[y + down, x + across]) - twice
    )


@compiled
def correlate(made: Bytes, plane: Shorts, predicted: Shorts) -> tuple[int, int]:
    """Returns the sums of products of the prediction with the true correction, both in eighths, and
    with itself.
    """
    height, width = made.shape
    both, own = 0, 0
    for y in range(height):
        for x in range(width):
            guess = np.int32(predicted[y, x])
            true = np.int32(made[y, x]) - np.int32(plane[y + MARGIN, x + MARGIN])
            both += int(8 * true * guess)
            own += int(guess * guess)
    return both, own


@compiled
def rebase(plane: Shorts, predicted: Shorts, gain: int) -> None:
    """Turns the prediction into the predicted picture in eighths, by ``gain`` eighths of it."""
    height, width = predicted.shape
    for y in range(height):
        for x in range(width):
            part = np.int32(gain * np.int32(predicted[y, x]) + 4) >> 3
            predicted[y, x] = np.int32(8 * np.int32(plane[y + MARGIN, x + MARGIN]) + part)


@compiled
def subtract(made: Bytes, base: Shorts, out: Shorts) -> None:
    """Writes what a made picture has beyond the predicted one, in eighths; nothing outside of it,
    where the last row and column go on.
    """
    height, width = made.shape
    for y in range(out.shape[0]):
        line = min(y, height - 1)
        for x in range(width):
            out[y, x] = np.int32(8 * np.int32(made[line, x]) - np.int32(base[line, x]))
        for x in range(width, out.shape[1]):
            out[y, x] = out[y, width - 1]


@compiled
def round_samples(base: Shorts, out: Bytes) -> None:
    """Writes a picture in eighths as samples of 8 bits."""
    height, width = out.shape
    for y in range(height):
        for x in range(width):
            value: Any = (np.int32(base[y, x]) + 4) >> 3
            out[y, x] = min(max(value, 0), 255)
