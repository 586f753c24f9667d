"""Where the tensors of a call lie in one piece of memory."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

import numpy as np

from workers.engines.engine import Array

ALIGNMENT = 256
"""Bytes; what cudaMalloc guarantees and TensorRT asks of device memory."""


@dataclasses.dataclass(frozen=True, slots=True)
class Slot:
    """One tensor's place."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    offset: int
    "In bytes, a multiple of ALIGNMENT."

    @property
    def nbytes(self) -> int:
        """Without what is left over up to the next slot."""
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize


@dataclasses.dataclass(frozen=True, slots=True)
class BufferPlan:
    """All inputs, one after the other, then the output: one copy to the GPU and one back. The same
    offsets hold on both sides.
    """

    inputs: tuple[Slot, ...]
    output: Slot

    @classmethod
    def of(
        cls,
        inputs: Mapping[str, tuple[str, tuple[int, ...]]],
        output: tuple[str, str, tuple[int, ...]],
    ) -> BufferPlan:
        """From (dtype, shape) by name for the inputs, and name, dtype and shape of the output."""
        slots, offset = [], 0
        for name, (dtype, shape) in inputs.items():
            slots.append(Slot(name, dtype, shape, offset))
            offset = _aligned(offset + slots[-1].nbytes)
        return cls(tuple(slots), Slot(*output, offset))

    @property
    def input_bytes(self) -> int:
        """From the start, that go to the GPU: to the end of the last input."""
        last = self.inputs[-1]
        return last.offset + last.nbytes

    @property
    def size(self) -> int:
        """Of the whole, in bytes."""
        return _aligned(self.output.offset + self.output.nbytes)

    def view(self, memory: Array, slot: Slot) -> Array:
        """A tensor's elements in uint8 memory of this size. Raises ValueError if it is smaller."""
        if memory.dtype != np.uint8 or memory.nbytes < self.size:
            raise ValueError(f"{memory.nbytes} bytes of {memory.dtype} cannot hold {self.size}")
        part = memory[slot.offset : slot.offset + slot.nbytes]
        array: Array = part.view(slot.dtype).reshape(slot.shape)
        return array


def _aligned(offset: int) -> int:
    return -(-offset // ALIGNMENT) * ALIGNMENT
