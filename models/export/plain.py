"""A net in its run-time form: plain convolutions, as numpy arrays, and the arithmetic that follows
from them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Conv", "PlainNet"]

Float = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Conv:
    """One convolution at folded resolution."""

    weight: Float
    """[out, in, side, side], side odd."""
    bias: Float
    """[out]."""

    @property
    def macs(self) -> int:
        """Multiply-adds per output pixel."""
        return int(self.weight.size)


@dataclass(frozen=True, slots=True)
class PlainNet:
    """Luma in 0..255 -> fold (space to depth) -> convs with ReLU between -> + base -> unfold (depth
    to space).

    The input is first padded by 2 pixels of edge replication; the first conv and the base are of
    one size and have no padding of their own, the others pad with zeros.
    """

    fold: int
    """Space-to-depth factor: height and width must be multiples of it."""
    scale: int
    body: tuple[Conv, ...]
    """Input `fold**2` channels in 0..255, last output `(fold*scale)**2` channels in levels of luma.
    """
    base: Conv
    """The fixed interpolation, folded like the rest; its output is added to the body's."""

    @property
    def macs_per_pixel(self) -> int:
        """Multiply-adds per input pixel, base included."""
        return round((sum(conv.macs for conv in self.body) + self.base.macs) / self.fold**2)

    def pad(self, index: int) -> int:
        """Zero padding of body conv `index`, folded pixels."""
        return 0 if index == 0 else self.body[index].weight.shape[-1] // 2

    @property
    def parameters(self) -> int:
        return sum(conv.weight.size + conv.bias.size for conv in self.body)

    @property
    def receptive_radius(self) -> int:
        """Input pixels on each side that an output pixel can depend on."""
        reach = sum(int(conv.weight.shape[-1]) // 2 for conv in self.body)
        # The outermost folded pixel is seen whole.
        return reach * self.fold + self.fold - 1
