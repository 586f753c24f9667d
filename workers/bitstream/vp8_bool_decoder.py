"""VP8's bool decoder (RFC 6386 section 7), compiled."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from workers.kernels.jit import compiled

__all__ = [
    "SLACK",
    "bytes_unread",
    "is_past_end",
    "new_reader",
    "read_bool",
    "read_literal",
    "read_tree",
]

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]

SLACK = 2
"""Bytes of zeros that may be read after the partition, since an encoder need not write the last
bits that its decoder shifts in.
"""

_POSITION, _VALUE, _BITS, _RANGE, _BYTES = range(5)
# How often a range has to be doubled to be at least 128.
_SHIFTS = np.array([0] + [8 - n.bit_length() for n in range(1, 256)], dtype=np.int64)


def new_reader(partition: Bytes) -> Numbers:
    """A bool decoder at the begin of a partition: its state, then all bytes. One array, since the
    compiler keeps what it knows of one in registers and of two in memory, which is eight times as
    slow.
    """
    reader = np.empty(_BYTES + partition.size, np.int64)
    reader[:_BYTES] = _BYTES, 0, -8, 255
    reader[_BYTES:] = partition
    return reader


def bytes_unread(reader: Numbers) -> int:
    """Returns how many bytes are left; negative if zeros were read in their place."""
    return int(reader.size - reader[_POSITION])


@compiled
def read_bool(reader: Numbers, probability: int) -> int:
    """A bit that is zero with probability / 256 (section 7.3). Past the end all bytes are zero.

    ``value`` has ``bits`` more bits than the range it is compared with; bytes are fetched when
    that would become negative, so never before they are needed.
    """
    value, bits, span = reader[_VALUE], reader[_BITS], reader[_RANGE]
    if bits < 0:
        position = reader[_POSITION]
        value <<= 8
        if position < reader.size:
            value |= reader[position]
        bits += 8
        reader[_POSITION] = position + 1
    # Section 7.3: the split is at least 1 and less than the range, so neither value has an empty
    # interval.
    split = 1 + (((span - 1) * probability) >> 8)
    bit = 0
    if value >= split << bits:
        value -= split << bits
        split = span - split
        bit = 1
    # One shift by a table instead of a loop that doubles the range until it is at least 128.
    shift = _SHIFTS[split]
    reader[_VALUE], reader[_BITS], reader[_RANGE] = value, bits - shift, split << shift
    return bit


@compiled
def read_literal(reader: Numbers, count: int) -> int:
    """``count`` even bits, the highest first (section 8)."""
    value = 0
    for _ in range(count):
        value = 2 * value + read_bool(reader, 128)
    return value


@compiled
def read_tree(reader: Numbers, tree: npt.NDArray[np.int8], probabilities: Bytes, first: int) -> int:
    """Returns a leaf's value (section 8.1); the nodes' probabilities are those from ``first`` on.
    No function here gets a part of a table: making one costs more than reading a bit.
    """
    node = 0
    while True:
        # An entry above 0 is the next node, any other is a leaf: node 0 is the root, to which
        # nothing leads back.
        node = int(tree[node + read_bool(reader, probabilities[first + (node >> 1)])])
        if node <= 0:
            return -node


@compiled
def is_past_end(reader: Numbers) -> bool:
    """True once more was read than the partition and SLACK."""
    return bool(reader[_POSITION] > reader.size + SLACK)
