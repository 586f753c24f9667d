"""Coefficients of a residual as bytes, decided by rate and error, in loops."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from workers.kernels.jit import INDEX_MASK, compiled, inlined
from workers.team.range_coder import FRESH, MAX_EVEN_BITS, encode_bit, encode_even, finish
from workers.team.residual_contexts import (
    MAX_LEVEL,
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
    place_in_block,
    restored,
    unary_model,
    zero_model,
)

__all__ = ["MAX_BLOCK_BYTES", "Residual", "encode_blocks"]

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int32]
State = tuple[int, int, int]

MAX_BLOCK_BYTES = 64 * 22
"""Most bytes of a block: 64 coefficients of 16 bits by models, at most 9 bits of data each, and of
13 even ones.
"""

COSTS = np.rint(-256 * np.log2(np.maximum(np.arange(129), 0.5) / 128)).astype(np.int32)
"""Bits, in 256ths, of what has the probability n / 128. Encoders alone need them, so they may
differ between machines.
"""

_HIGHER = 400
"""Bits, in 256ths, that a level costs more than the next lower one, about."""

_PRESENT = 256 + 200
"""Bits, in 256ths, that level 1 costs beside not being 0: for its sign and for not being more."""


class Residual(NamedTuple):
    """Blocks to code and how, as loops take them."""

    coefficients: Ints
    """Rows of 64, one a block."""
    plain: Ints
    """Coefficients of the plain picture."""
    across: int
    """Blocks in a row."""
    step: int
    """Step of the levels."""
    lagrangian: int
    """Squared error that is worth a bit."""


@compiled
def encode_blocks(
    residual: Residual, tables: Tables, models: Ints, seen: CodedLevels, data: Bytes
) -> int:
    """Codes all blocks; returns the number of bytes, or -1 where ``data`` has no room. The models
    adapt.
    """
    levels = np.zeros(64, np.int32)
    state = FRESH
    for number in range(residual.coefficients.shape[0]):
        if state[2] + MAX_BLOCK_BYTES > data.size:
            return -1
        block = locate(number, residual.across, residual.plain, tables, seen)
        last = _decide(residual, block, tables, models, seen, levels)
        state = encode_bit(data, models, coded_model(block[4]), 1 if last >= 0 else 0, state)
        if last >= 0:
            seen.around[:] = 0
            for place in range(last + 1):
                k = tables.order[place] & INDEX_MASK
                bucket = expected_bucket(tables, k, residual.plain, block, seen)
                level = levels[place]
                model = zero_model(tables, k, bucket)
                state = encode_bit(data, models, model, 1 if level > 0 else 0, state)
                if level > 0:
                    sign = 1 if residual.coefficients[number, k] < 0 else 0
                    state = encode_even(data, sign, 1, state)
                    model = is_one_model(tables, k, bucket)
                    state = _encode_level(data, models, model, bucket, level, state)
                    note(seen, number, k, level)
                    if place < 63:
                        model = more_model(place, block[4])
                        state = encode_bit(data, models, model, 1 if place < last else 0, state)
    return finish(data, state)


@inlined
def _encode_level(
    data: Bytes, models: Ints, model: int, bucket: int, level: int, state: State
) -> State:
    """Codes by how much a level is above 1."""
    state = encode_bit(data, models, model, 1 if level > 1 else 0, state)
    if level > 1:
        rest = level - 2
        for number in range(min(rest, MAX_UNARY)):
            state = encode_bit(data, models, unary_model(bucket, number), 1, state)
        if rest < MAX_UNARY:
            state = encode_bit(data, models, unary_model(bucket, rest), 0, state)
        else:
            state = encode_even(data, rest - MAX_UNARY, MAX_EVEN_BITS, state)
    return state


@inlined
def _decide(
    residual: Residual, block: Block, tables: Tables, models: Ints, seen: CodedLevels, levels: Ints
) -> int:
    """Chooses the levels of a block, by magnitude and in order, and then where to end; returns the
    place of the last level, or -1.
    """
    number, step, lagrangian = block[0], residual.step, residual.lagrangian
    end = _last_candidate(residual, number, tables)
    last, won, spent, waiting = -1, 0, 0, 0
    none, some = _costs(models, coded_model(block[4]))
    best = ((some - none) * lagrangian) >> 8
    if end >= 0:
        seen.around[:] = 0
    for place in range(end + 1):
        k = tables.order[place] & INDEX_MASK
        bucket = expected_bucket(tables, k, residual.plain, block, seen)
        zero, other = _costs(models, zero_model(tables, k, bucket))
        magnitude = abs(residual.coefficients[number, k])
        level, gain = _best_level(magnitude, step, lagrangian, other - zero)
        levels[place] = level
        if level > 0:
            won += gain
            spent += waiting + other + _PRESENT + _HIGHER * (level - 1)
            waiting = 0
            seen.around[place_in_block(k)] = level
            end_cost, more_cost = 0, 0
            if place < 63:
                end_cost, more_cost = _costs(models, more_model(place, block[4]))
            value = won - (((spent + end_cost) * lagrangian) >> 8)
            if value > best:
                best, last = value, place
            spent += more_cost
        else:
            waiting += zero
    return last


@inlined
def _last_candidate(residual: Residual, number: int, tables: Tables) -> int:
    """Returns the last place of the order whose coefficient may be worth a level, or -1."""
    least = (5 * residual.step) >> 3
    end = 63
    while end >= 0 and abs(residual.coefficients[number, tables.order[end]]) < least:
        end -= 1
    return end


@inlined
def _costs(models: Ints, model: int) -> tuple[int, int]:
    """Returns the bits, in 256ths, of a 0 and of a 1."""
    zero = (models[model, 0] + models[model, 1]) >> 9
    return int(COSTS[zero]), int(COSTS[128 - zero])


@inlined
def _best_level(magnitude: int, step: int, lagrangian: int, dearer: int) -> tuple[int, int]:
    """Returns the level with the least error and cost, and by how much its squared error is below
    that of 0. ``dearer`` is what it costs more than 0 not to be 0.
    """
    nearest = min((magnitude + (step >> 1)) // step, MAX_LEVEL)
    best, level, gain = 0, 0, 0
    for tried in range(max(nearest - 1, 1), nearest + 1):
        error = magnitude - restored(tried, step)
        less = magnitude * magnitude - error * error
        value = less - (((dearer + _PRESENT + _HIGHER * (tried - 1)) * lagrangian) >> 8)
        if value > best:
            best, level, gain = value, tried, less
    return level, gain
