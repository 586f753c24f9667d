"""Adaptive binary range coder (Martin, 1979), for compiled loops.

A coder's state is three integers, which loops keep in local variables. A model is a row of two
estimates of the probability of a 0, of which one adapts fast and one slowly; their mean is used.
All arithmetic is on integers, so that every machine makes the same bytes.
"""

from __future__ import annotations

from typing import Any

from workers.kernels.jit import INDEX_MASK, compiled, inlined

__all__ = [
    "FRESH",
    "MAX_EVEN_BITS",
    "ONE",
    "decode_bit",
    "decode_even",
    "encode_bit",
    "encode_even",
    "finish",
    "open_decoder",
]

ONE = 1 << 15
"""Probability 1. Estimates stay between 15 and ONE - 15, where the steps by FAST become 0, so that
no bit is impossible.
"""

FAST, SLOW = 4, 7
"""Shifts of the steps by which estimates move: windows of 16 and 128 bits."""

FRESH = (0, (1 << 32) - 1, 0)
"""State of an encoder before its first bit: low end of the interval, its span, bytes written."""

MAX_EVEN_BITS = 12
"""Equally probable bits in one call: the span stays large enough for every value."""

_FULL = (1 << 32) - 1
_MIN_SPAN = 1 << 24
_HEAD = 4
"""Bytes that a decoder reads before its first bit."""

State = tuple[int, int, int]


@inlined
def encode_bit(data: Any, models: Any, model: int, bit: int, state: State) -> State:
    """Codes a bit by a model, which adapts; returns the coder's state."""
    low, span, place = state
    model = model & INDEX_MASK
    fast, slow = int(models[model, 0]), int(models[model, 1])
    split = (span >> 15) * ((fast + slow) >> 1)
    if bit == 0:
        models[model, 0] = fast + ((ONE - fast) >> FAST)
        models[model, 1] = slow + ((ONE - slow) >> SLOW)
        span = split
    else:
        models[model, 0] = fast - (fast >> FAST)
        models[model, 1] = slow - (slow >> SLOW)
        low += split
        span -= split
    while span < _MIN_SPAN:
        low, place = _write(data, low, place)
        span <<= 8
    return low, span, place


@inlined
def encode_even(data: Any, value: int, count: int, state: State) -> State:
    """Codes a number of ``count`` equally probable bits; returns the coder's state."""
    low, span, place = state
    span >>= count
    low += span * value
    while span < _MIN_SPAN:
        low, place = _write(data, low, place)
        span <<= 8
    return low, span, place


# Not a part of its callers: it runs once for a byte, and they would take twice as long to compile.
@compiled
def _write(data: Any, low: int, place: int) -> tuple[int, int]:
    """Writes the highest byte of the low end, after a carry into the bytes before it."""
    if low > _FULL:
        # All bytes together stay below 1, so the carry ends at a byte that is there.
        back = (place - 1) & INDEX_MASK
        while back > 0 and data[back] == 255:
            data[back] = 0
            back -= 1
        data[back] += 1
    data[place & INDEX_MASK] = (low >> 24) & 255
    return (low & (_MIN_SPAN - 1)) << 8, place + 1


@inlined
def finish(data: Any, state: State) -> int:
    """Writes what is left; returns the number of bytes. A decoder reads zeros after the last byte,
    so zeros at the end are left out.
    """
    low, span, place = state
    # The number in the last interval that ends with most zeros.
    for zeros in (24, 16, 8):
        rounded = ((low + (1 << zeros) - 1) >> zeros) << zeros
        if rounded < low + span:
            low = rounded
            break
    for _ in range(_HEAD):
        low, place = _write(data, low, place)
    while place > 0 and data[place - 1] == 0:
        place -= 1
    return place


@inlined
def open_decoder(data: Any) -> State:
    """Returns the state of a decoder: what it holds of the data, its span, and bytes read."""
    value = 0
    for place in range(_HEAD):
        value = (value << 8) | _read(data, place)
    return value, _FULL, _HEAD


@inlined
def decode_bit(data: Any, models: Any, model: int, state: State) -> tuple[int, State]:
    """Returns the next bit by a model, which adapts, and the decoder's state."""
    value, span, place = state
    model = model & INDEX_MASK
    fast, slow = int(models[model, 0]), int(models[model, 1])
    split = (span >> 15) * ((fast + slow) >> 1)
    bit = 0
    if value < split:
        models[model, 0] = fast + ((ONE - fast) >> FAST)
        models[model, 1] = slow + ((ONE - slow) >> SLOW)
        span = split
    else:
        models[model, 0] = fast - (fast >> FAST)
        models[model, 1] = slow - (slow >> SLOW)
        value -= split
        span -= split
        bit = 1
    while span < _MIN_SPAN:
        value = (value << 8) | _read(data, place)
        place += 1
        span <<= 8
    return bit, (value, span, place)


@inlined
def decode_even(data: Any, count: int, state: State) -> tuple[int, State]:
    """Returns a number of ``count`` equally probable bits, and the decoder's state."""
    value, span, place = state
    span >>= count
    # Damaged data can hold more than the last interval, which no encoder makes.
    found = min(value // span, (1 << count) - 1)
    value = min(value - found * span, span - 1)
    while span < _MIN_SPAN:
        value = (value << 8) | _read(data, place)
        place += 1
        span <<= 8
    return found, (value, span, place)


@inlined
def _read(data: Any, place: int) -> int:
    """Returns a byte of the data, or 0 after its end."""
    if place < data.size:
        return int(data[place & INDEX_MASK])
    return 0
