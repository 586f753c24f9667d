"""Codec of a net's luma, as a residual over the bicubic enlargement that both ends have.

A region is coded by itself: what was lost before does not matter. Luma is predicted by filters of
the plain picture, and what is left goes through an 8x8 transform, levels and a range coder
(``wire/PROTOCOL.md``, "Results of helpers"). All of it is integers, so every machine decodes the
same samples.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import numpy.typing as npt

from wire.errors import BadMessage
from workers.team import residual_tables as trained
from workers.team.residual_contexts import Tables, no_levels
from workers.team.residual_decoder import Coded, decode_blocks
from workers.team.residual_encoder import MAX_BLOCK_BYTES, Residual, encode_blocks
from workers.team.residual_prediction import (
    MARGIN,
    SPREAD,
    correlate,
    pad,
    predict,
    rebase,
    round_samples,
    subtract,
)
from workers.team.residual_transform import SIDE, forward

__all__ = [
    "LAGRANGIAN",
    "MAX_QUALITY",
    "STEPS",
    "decode_region",
    "encode_region",
    "make_tables",
    "transformed",
    "warm_up",
]

STEPS = tuple(round(16 * 40 * 2 ** (-quality / 4)) for quality in range(21))
"""Step of the levels by quality, in sixteenths of a luma level (of an orthonormal transform): from
40 levels at quality 0, with four qualities to a half of it, to 1.25 levels at quality 20.
"""

MAX_QUALITY = len(STEPS) - 1
"""The finest quality."""

VERSION = 1
"""Version of the format, tables included."""

Bytes = npt.NDArray[np.uint8]
Shorts = npt.NDArray[np.int16]
Ints = npt.NDArray[np.int32]

_HEAD_BYTES = 2
_MAX_GAIN = 15
"""Gain of the prediction in eighths, in four bits. Crisp styles correct up to twice as much."""

LAGRANGIAN = 0.13
"""Squared error that is worth a bit, in squared steps: for the gain 0.14 is best on training clips,
for the correction's energy 0.11.
"""


# fmt: off
_BUCKET_EDGES = (
    2, 3, 4, 5, 6, 7, 8, 10, 13, 17, 21, 27, 34, 43, 55, 69, 88, 111, 141, 178, 226, 286, 362,
)
# fmt: on
"""First magnitude of each bucket but the lowest, in 64ths of a level: three to an octave."""


def encode_region(made: Bytes, plain: Bytes, quality: int) -> bytes:
    """Returns what turns ``plain`` into ``made``, both luma of equal shape, at a quality from 0,
    the coarsest, to MAX_QUALITY.
    """
    if made.shape != plain.shape or made.ndim != 2 or not made.size:
        raise ValueError(f"a picture of {made.shape} cannot be coded over one of {plain.shape}")
    if not 0 <= quality <= MAX_QUALITY:
        raise ValueError(f"there is no quality {quality}")
    made = _plain_array(made)
    padded, base = _predicted(plain)
    both, own = correlate(made, padded, base)
    gain = min(max(round(8 * both / own), 0), _MAX_GAIN) if own else 0
    rebase(padded, base, gain)
    beyond = np.empty_like(base)
    subtract(made, base, beyond)
    step = STEPS[quality]
    residual = Residual(
        transformed(beyond, 0, 14),
        transformed(padded, MARGIN, 11),
        base.shape[1] // SIDE,
        step,
        round(LAGRANGIAN * step * step),
    )
    blocks = len(residual.coefficients)
    # Pages that are never written take no memory.
    data = np.empty(blocks * MAX_BLOCK_BYTES + 64, np.uint8)
    size = encode_blocks(residual, _tables(quality), _models(), no_levels(blocks), data)
    return bytes((VERSION << 4 | gain, quality)) + data[:size].tobytes()


def decode_region(data: bytes, plain: Bytes) -> Bytes:
    """Returns a new picture: what ``encode_region`` was given, about. Of damaged data it makes some
    picture, or raises BadMessage.
    """
    if len(data) < _HEAD_BYTES:
        raise BadMessage("A coded region has less than its head.")
    if data[0] >> 4 != VERSION:
        raise BadMessage(f"A coded region has version {data[0] >> 4}, not {VERSION}.")
    if data[1] > MAX_QUALITY:
        raise BadMessage(f"A coded region has quality {data[1]}, above {MAX_QUALITY}.")
    if plain.ndim != 2 or not plain.size:
        raise ValueError(f"nothing can be decoded over a picture of {plain.shape}")
    padded, base = _predicted(plain)
    rebase(padded, base, data[0] & 15)
    coefficients = transformed(padded, MARGIN, 11)
    coded = Coded(np.frombuffer(data, np.uint8)[_HEAD_BYTES:], coefficients, STEPS[data[1]])
    read = decode_blocks(coded, _tables(data[1]), _models(), no_levels(len(coefficients)), base)
    if read < coded.data.size:
        raise BadMessage("A coded region has bytes after its end.")
    made = np.empty(plain.shape, np.uint8)
    round_samples(base, made)
    return made


def warm_up() -> None:
    """Compiles the loops."""
    plain = (np.indices((24, 40)).sum(axis=0) * 7 % 251).astype(np.uint8)
    decode_region(encode_region(plain[::-1], plain, MAX_QUALITY), plain)


def _plain_array(samples: Bytes) -> Bytes:
    """Returns samples in one piece that may be written to, as the loops were compiled for: a view,
    or an array that is read-only, would compile them again.
    """
    return np.require(samples, np.uint8, ("C", "W"))


def _predicted(plain: Bytes) -> tuple[Shorts, Shorts]:
    """Returns a picture with its margin, and the correction that is predicted of it; both are
    padded to whole blocks.
    """
    height, width = (-(-side // SIDE) * SIDE for side in plain.shape)
    padded = np.empty((height + 2 * MARGIN, width + 2 * MARGIN), np.int16)
    pad(_plain_array(plain), padded)
    predicted = np.empty((height, width), np.int16)
    predict(padded, _filters(), np.empty(SPREAD, np.int16), predicted)
    return padded, predicted


def transformed(plane: Shorts, margin: int, shift: int) -> Ints:
    """Returns the coefficients of a plane's blocks."""
    height, width = plane.shape[0] - 2 * margin, plane.shape[1] - 2 * margin
    found = np.empty((height * width // SIDE**2, SIDE**2), np.int32)
    forward(plane, margin, shift, np.empty((SIDE, width), np.int32), found)
    return found


def _models() -> Ints:
    """Returns the models before the first bit: both estimates are the trained one."""
    return np.repeat(_start()[:, None], 2, axis=1)


@functools.cache
def _start() -> Ints:
    return np.array(trained.STARTS, np.int32)


@functools.cache
def _filters() -> Shorts:
    return np.array(trained.FILTERS, np.int16)


@functools.cache
def _tables(quality: int) -> Tables:
    """Returns the tables for a quality, which must not be written to."""
    return make_tables(quality)


def make_tables(
    quality: int,
    order: npt.ArrayLike = trained.ORDER,
    weights: npt.ArrayLike = trained.WEIGHTS,
    block_weights: npt.ArrayLike = trained.BLOCK_WEIGHTS,
) -> Tables:
    """Returns tables for a quality from trained numbers."""
    step = STEPS[quality]
    classes = np.empty(64, np.int32)
    classes[np.array(order)] = np.arange(64) // 8
    return Tables(
        weights=np.array(weights, np.int32),
        block_weights=np.array(block_weights, np.int32),
        order=np.array(order, np.int32),
        classes=classes,
        buckets=np.searchsorted(_BUCKET_EDGES, np.arange(1024), side="right").astype(np.int32),
        # 4 * 16^2 is 1024: the index is a quarter of a magnitude, and roots are in sixteenths.
        roots=np.array([math.isqrt(1024 * i // step) for i in range(4096)], np.int32),
    )
