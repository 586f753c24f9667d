"""Contexts of coefficients: the models that code them, by what both ends know, in loops.

The magnitude of a coefficient is expected from the plain picture (the same coefficient there, and
the block's activity) and from levels that are coded already (in the block, and in the blocks above
and to the left). The weights, and the models to begin with, are trained (``residual_tables.py``).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from workers.kernels.jit import INDEX_MASK, inlined
from workers.team.range_coder import MAX_EVEN_BITS

__all__ = [
    "BORDERED",
    "BUCKETS",
    "CLASSES",
    "FEATURES",
    "MAX_KEPT",
    "MAX_SUM",
    "MAX_UNARY",
    "MAX_LEVEL",
    "MODELS",
    "Block",
    "CodedLevels",
    "Tables",
    "activity_root",
    "coded_model",
    "expected_bucket",
    "first_bucket",
    "is_one_model",
    "locate",
    "more_model",
    "note",
    "place_in_block",
    "restored",
    "no_levels",
    "unary_model",
    "zero_model",
]

Ints = npt.NDArray[np.int32]

BUCKETS = 24
"""Buckets of expected magnitude, three to an octave from 1/32 of a level on."""

CLASSES = 8
"""Classes of coefficients: eight each, in the order in which they are coded."""

FEATURES = 7
"""Weights of a coefficient: see ``expected_bucket``."""

MAX_UNARY = 13
"""A level above 1 is coded by so many models at most; what is left is a number of 12 bits."""

BORDERED = 144
"""Places of a block's levels: 12 rows of 12, with a border of 2 of zeros."""

MAX_LEVEL = 2 + MAX_UNARY + (1 << MAX_EVEN_BITS) - 1
"""Largest level that can be coded."""

MAX_KEPT = 15
"""Later blocks see levels up to this."""

MAX_SUM = 255
"""Later blocks see sums of levels up to this."""

_COARSE = BUCKETS // 2
_TALL = BUCKETS // 6

# The first model of each kind of bit.
_ZERO = 0
_MORE = _ZERO + CLASSES * BUCKETS
_CODED = _MORE + CLASSES * _COARSE
_IS_ONE = _CODED + BUCKETS
_UNARY = _IS_ONE + CLASSES * _COARSE
MODELS = _UNARY + _TALL * MAX_UNARY
"""Number of models."""


class Tables(NamedTuple):
    """Trained numbers of a quality, as loops take them."""

    weights: Ints
    """[64, FEATURES], see ``expected_bucket``."""
    block_weights: Ints
    """[3], see ``first_bucket``."""
    order: Ints
    """Coefficients in the order in which they are coded."""
    classes: Ints
    """Class of each coefficient."""
    buckets: Ints
    """Bucket of each expected magnitude, in 64ths of a level."""
    roots: Ints
    """Square roots of the plain picture's magnitudes in levels, in sixteenths: a residual goes
    about with the root. For a quarter of each magnitude in sixteenths.
    """


class CodedLevels(NamedTuple):
    """Levels that were coded so far, as loops take them. The last row stands for all blocks that
    lie outside of the picture.
    """

    kept: npt.NDArray[np.uint8]
    """Levels of each block, up to MAX_KEPT."""
    totals: Ints
    """Sum of each block's levels, up to MAX_SUM."""
    around: Ints
    """Levels of the block at hand, in BORDERED places."""


Block = tuple[int, int, int, int, int]
"""Number of a block, of the one above and of the one to the left, the sum of levels in both, and
the bucket of its own expected sum.
"""


def no_levels(blocks: int) -> CodedLevels:
    """Returns the state before the first of so many blocks."""
    kept = np.zeros((blocks + 1, 64), np.uint8)
    return CodedLevels(kept, np.zeros(blocks + 1, np.int32), np.zeros(BORDERED, np.int32))


@inlined
def locate(number: int, across: int, plain: Ints, tables: Tables, seen: CodedLevels) -> Block:
    """Returns the block of that number in rows of ``across``."""
    outside = seen.totals.size - 1
    up = number - across if number >= across else outside
    left = number - 1 if number % across > 0 else outside
    beside = int(seen.totals[up]) + int(seen.totals[left])
    first = first_bucket(tables, activity_root(tables, plain, number), beside)
    return number, up, left, beside, first


@inlined
def note(seen: CodedLevels, number: int, k: int, level: int) -> None:
    """Notes a level above 0 for what follows."""
    seen.kept[number, k] = min(level, MAX_KEPT)
    seen.totals[number] = min(seen.totals[number] + level, MAX_SUM)
    seen.around[place_in_block(k)] = level


@inlined
def _root(tables: Tables, magnitude: int) -> int:
    return int(tables.roots[min(magnitude >> 2, tables.roots.size - 1) & INDEX_MASK])


@inlined
def activity_root(tables: Tables, plain: Ints, block: int) -> int:
    """Returns the root of a block's activity, an eighth of the sum of its magnitudes."""
    total = 0
    for k in range(1, 64):
        total += abs(plain[block, k])
    return _root(tables, total >> 3)


@inlined
def first_bucket(tables: Tables, activity: int, beside: int) -> int:
    """Returns the bucket of a block's expected sum of levels, from its activity and the sums
    ``beside`` it.
    """
    weights = tables.block_weights
    expected = weights[0] + ((weights[1] * activity + 16 * weights[2] * beside) >> 8)
    return int(tables.buckets[min(max(expected >> 3, 0), tables.buckets.size - 1)])


@inlined
def place_in_block(k: int) -> int:
    """Returns where a coefficient lies among BORDERED places."""
    return ((k >> 3) * 12 + (k & 7) + 26) & INDEX_MASK


@inlined
def expected_bucket(tables: Tables, k: int, plain: Ints, block: Block, seen: CodedLevels) -> int:
    """Returns the bucket of a coefficient's expected magnitude, from the plain picture's, and from
    levels in this block and in those beside it.
    """
    number, up, left, total_beside, _ = block
    beside = int(seen.kept[up, k]) + int(seen.kept[left, k])
    around = seen.around
    weights = tables.weights
    at = place_in_block(k)
    near = around[at - 12] + around[at + 12] + around[at - 1] + around[at + 1]
    aslant = around[at - 13] + around[at + 13] + around[at - 11] + around[at + 11]
    far = around[at - 24] + around[at + 24] + around[at - 2] + around[at + 2]
    coded = (
        weights[k, 2] * beside
        + weights[k, 3] * near
        + weights[k, 4] * aslant
        + weights[k, 5] * far
        + weights[k, 6] * total_beside
    )
    seen = weights[k, 1] * _root(tables, abs(plain[number, k]))
    expected = weights[k, 0] + ((seen + 16 * coded) >> 8)
    return int(tables.buckets[min(max(expected, 0), tables.buckets.size - 1) & INDEX_MASK])


@inlined
def coded_model(first: int) -> int:
    """Returns the model of: the block has a level that is not 0."""
    return _CODED + first


@inlined
def zero_model(tables: Tables, k: int, bucket: int) -> int:
    """Returns the model of: the level is not 0."""
    return _ZERO + int(tables.classes[k]) * BUCKETS + bucket


@inlined
def is_one_model(tables: Tables, k: int, bucket: int) -> int:
    """Returns the model of: the level is above 1."""
    return _IS_ONE + int(tables.classes[k]) * _COARSE + (bucket >> 1)


@inlined
def unary_model(bucket: int, number: int) -> int:
    """Returns the model of: the level is above ``number`` + 2."""
    return _UNARY + (bucket // 6) * MAX_UNARY + number


@inlined
def more_model(place: int, first: int) -> int:
    """Returns the model of: a level that is not 0 follows the one at that place of the order."""
    return _MORE + (place >> 3) * _COARSE + (first >> 1)


@inlined
def restored(level: int, step: int) -> int:
    """Returns the magnitude that a level above 0 stands for: nearer to 0 than the middle. For the
    original's sake, since nets correct too much rather than too little: for their own sake nothing
    should be taken off, and the rate for 95 % of the gain on training clips would be 4 % higher.
    """
    return level * step - (step >> 3)
