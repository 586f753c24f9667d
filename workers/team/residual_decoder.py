"""Coefficients of a residual from bytes, added to the predicted picture, in loops."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from workers.kernels.jit import INDEX_MASK, compiled, inlined
from workers.team.range_coder import MAX_EVEN_BITS, decode_bit, decode_even, open_decoder
from workers.team.residual_contexts import (
    MAX_UNARY,
    Block,
    CodedLevels,
    Tables,
    coded_model,
    expected_bucket,
    is_one_model,
    locate,
    more_model,
    note,
    restored,
    unary_model,
    zero_model,
)
from workers.team.residual_transform import add_block

__all__ = ["Coded", "decode_blocks"]

Bytes = npt.NDArray[np.uint8]
Shorts = npt.NDArray[np.int16]
Ints = npt.NDArray[np.int32]
State = tuple[int, int, int]

_MAX_COEFFICIENT = (1 << 15) - 1


class Coded(NamedTuple):
    """Coded blocks and what their decoder knows besides, as loops take them."""

    data: Bytes
    """Bytes of the range coder."""
    plain: Ints
    """The plain picture's coefficients: [blocks, 64]."""
    step: int
    """Step of the levels."""


@compiled
def decode_blocks(
    coded: Coded, tables: Tables, models: Ints, seen: CodedLevels, base: Shorts
) -> int:
    """Adds all blocks to the predicted picture, in eighths; returns the number of bytes read. Zeros
    follow the end of the data. The models adapt.
    """
    values = np.zeros(64, np.int32)
    half = np.zeros((8, 8), np.int32)
    across = base.shape[1] // 8
    state = open_decoder(coded.data)
    for number in range(coded.plain.shape[0]):
        block = locate(number, across, coded.plain, tables, seen)
        bit, state = decode_bit(coded.data, models, coded_model(block[4]), state)
        if bit == 1:
            values[:] = 0
            state = _decode_block(coded, block, tables, models, seen, values, state)
            add_block(values, half, base, 8 * (number // across), 8 * (number % across))
    return state[2]


@inlined
def _decode_block(
    coded: Coded,
    block: Block,
    tables: Tables,
    models: Ints,
    seen: CodedLevels,
    values: Ints,
    state: State,
) -> State:
    """Reads the coefficients of a block that has some."""
    seen.around[:] = 0
    data = coded.data
    for place in range(64):
        k = tables.order[place] & INDEX_MASK
        bucket = expected_bucket(tables, k, coded.plain, block, seen)
        bit, state = decode_bit(data, models, zero_model(tables, k, bucket), state)
        if bit == 1:
            sign, state = decode_even(data, 1, state)
            model = is_one_model(tables, k, bucket)
            level, state = _decode_level(data, models, model, bucket, state)
            note(seen, block[0], k, level)
            value = min(restored(level, coded.step), _MAX_COEFFICIENT)
            values[k] = -value if sign == 1 else value
            if place < 63:
                bit, state = decode_bit(data, models, more_model(place, block[4]), state)
                if bit == 0:
                    break
    return state


@inlined
def _decode_level(
    data: Bytes, models: Ints, model: int, bucket: int, state: State
) -> tuple[int, State]:
    """Reads a level above 0."""
    bit, state = decode_bit(data, models, model, state)
    if bit == 0:
        return 1, state
    level = 2
    for number in range(MAX_UNARY):
        bit, state = decode_bit(data, models, unary_model(bucket, number), state)
        if bit == 0:
            return level, state
        level += 1
    rest, state = decode_even(data, MAX_EVEN_BITS, state)
    return level + rest, state
