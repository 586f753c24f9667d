"""Layout of a call's tensors in one block of memory."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

import numpy as np

from workers.engines.engine import Array

ALIGNMENT = 256
"""Bytes: the alignment that cudaMalloc guarantees and TensorRT asks of device memory."""


@dataclasses.dataclass(frozen=True, slots=True)
class Slot:
    """Position of one tensor in the block."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    offset: int
    "Offset in bytes, a multiple of ALIGNMENT."

    @property
    def nbytes(self) -> int:
        """Size in bytes, without the padding before the next slot."""
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize


@dataclasses.dataclass(frozen=True, slots=True)
class BufferPlan:
    """Layout of all inputs, then the output: one copy to the GPU and one back.

    The offsets are the same on both sides.
    """

    inputs: tuple[Slot, ...]
    output: Slot

    @classmethod
    def of(
        cls,
        inputs: Mapping[str, tuple[str, tuple[int, ...]]],
        output: tuple[str, str, tuple[int, ...]],
    ) -> BufferPlan:
        """Lays out inputs, given as (dtype, shape) by name, and the output (name, dtype, shape)."""
        slots, offset = [], 0
        for name, (dtype, shape) in inputs.items():
            # The output comes last, so that the inputs are one range to copy and the output
            # another.
            slots.append(Slot(name, dtype, shape, offset))
            offset = _aligned(offset + slots[-1].nbytes)
        return cls(tuple(slots), Slot(*output, offset))

    @property
    def input_bytes(self) -> int:
        """Bytes to copy to the GPU: from the start to the end of the last input."""
        last = self.inputs[-1]
        return last.offset + last.nbytes

    @property
    def size(self) -> int:
        """Size of the block in bytes."""
        return _aligned(self.output.offset + self.output.nbytes)

    def view(self, memory: Array, slot: Slot) -> Array:
        """Returns a slot's tensor as a view of uint8 memory. Raises ValueError if too small."""
        if memory.dtype != np.uint8 or memory.nbytes < self.size:
            raise ValueError(f"{memory.nbytes} bytes of {memory.dtype} cannot hold {self.size}")
        part = memory[slot.offset : slot.offset + slot.nbytes]
        array: Array = part.view(slot.dtype).reshape(slot.shape)
        return array


def _aligned(offset: int) -> int:
    return -(-offset // ALIGNMENT) * ALIGNMENT
