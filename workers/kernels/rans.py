"""Entropy coder with static tables (rANS), in integers alone: bytes are the same on every machine.

Duda, Asymmetric numeral systems (arXiv 1311.2540, 2013), in its range form with a renormalization
by bytes. The coder works backwards, so that the decoder reads forwards.
"""

from __future__ import annotations

from typing import Any

from workers.kernels.jit import compiled, inlined

__all__ = ["CODE", "KEEP", "PROBABILITY_BITS", "TOTAL", "ZERO", "decode_plane", "rans_encode"]

PROBABILITY_BITS = 12
"""Counts of a table sum to 2**12: a symbol costs at most 12 bits, and a count fits in 16 bits."""

TOTAL = 1 << PROBABILITY_BITS

KEEP, ZERO, CODE = 0, 1, 2
"""Classes of a symbol in a plane; only the last one is followed by an index."""

_LOW = 1 << 23
"""Least state after renormalization: with bytes shifted in, a state stays below 2**31."""

_STATE_BYTES = 4


@compiled
def rans_encode(starts: Any, counts: Any, out: Any) -> int:
    """Codes symbols by the starts and counts of each in its table, both int64.

    Fills ``out`` from its end and returns where the bytes begin; -1 if it is too small.
    """
    state = _LOW
    at = len(out)
    for i in range(len(starts) - 1, -1, -1):
        count = counts[i]
        # Bytes leave until the next step keeps the state below 2**31.
        limit = ((_LOW >> PROBABILITY_BITS) << 8) * count
        while state >= limit:
            if at <= _STATE_BYTES:
                return -1
            at -= 1
            out[at] = state & 255
            state >>= 8
        state = ((state // count) << PROBABILITY_BITS) + state % count + starts[i]
    if at < _STATE_BYTES:
        return -1
    for _ in range(_STATE_BYTES):
        at -= 1
        out[at] = state & 255
        state >>= 8
    return at


@inlined
def _next(data: Any, table: Any, state: int, at: int) -> tuple[int, int, int]:
    """Reads one symbol; returns it, the new state and place. A place of -1: the bytes ended."""
    slot = state & (TOTAL - 1)
    low, high = 0, len(table) - 1
    # The symbol whose range holds the slot, by halving.
    while high - low > 1:
        middle = (low + high) // 2
        if slot >= table[middle]:
            low = middle
        else:
            high = middle
    start = table[low]
    state = (table[low + 1] - start) * (state >> PROBABILITY_BITS) + slot - start
    while state < _LOW:
        if at >= len(data):
            return low, state, -1
        state = state << 8 | int(data[at])
        at += 1
    return low, state, at


@compiled
def decode_plane(data: Any, classes: Any, codes: Any, out: Any) -> bool:
    """Decodes a plane of classes and indices into ``out``, int16: -1 keep, 0 zero, from 1 on codes.

    ``classes`` int64 [3, 4]: starts of the classes and the end, by the class of the symbol before
    (that of the first is KEEP); ``codes`` int64: starts of the indices and the end. True if the
    bytes ended where the symbols did. The work is bounded by the length of ``out``.
    """
    if len(data) < _STATE_BYTES:
        return False
    state = 0
    for place in range(_STATE_BYTES):
        state = state << 8 | int(data[place])
    if state < _LOW or state >= _LOW << 8:
        return False
    at, kind = _STATE_BYTES, KEEP
    for i in range(len(out)):
        kind, state, at = _next(data, classes[kind], state, at)
        if at < 0:
            return False
        out[i] = kind - 1
        if kind == CODE:
            index, state, at = _next(data, codes, state, at)
            if at < 0:
                return False
            out[i] = 1 + index
    # The coder began from this state, so anything else is damage.
    return state == _LOW and at == len(data)
