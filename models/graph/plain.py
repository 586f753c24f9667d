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
    """One convolution at input resolution."""

    weight: Float
    """The kernels, [out, in, side, side]; side is odd."""
    bias: Float
    """A number for each output channel, [out]."""

    @property
    def macs(self) -> int:
        """Multiply-adds per output pixel."""
        # Every conv runs at input size with stride 1: each weight multiplies once for each pixel.
        return int(self.weight.size)

    @property
    def pad(self) -> int:
        """Zero padding that keeps the size."""
        return int(self.weight.shape[-1]) // 2


@dataclass(frozen=True, slots=True)
class PlainNet:
    """Luma in 0..255 -> first -> body with ReLU between -> head -> + base -> depth to space.

    The luma is first padded by 2 pixels of edge replication, which `first` and `base` (both 5x5)
    use up; all other convs pad with zeros.
    """

    scale: int
    first: Conv
    """1 input channel in 0..255."""
    past: Conv | None
    """Added to `first`'s output where the net sees the previous picture: its input is that picture
    in space-to-depth less the base, scale**2 channels in levels.
    """
    body: tuple[Conv, ...]
    head: Conv
    """scale**2 channels in levels for the faithful picture; then as many to add for the crisp one,
    if `has_styles`; then as many gates in 0..1, if `past`.
    """
    has_styles: bool
    gate_limit: float
    base: Conv
    """The fixed interpolation to scale**2 channels; its output is added to the head's."""

    @property
    def convs(self) -> tuple[Conv, ...]:
        """The convolutions that run one after the other: body and head."""
        return (*self.body, self.head)

    @property
    def macs_per_pixel(self) -> int:
        """Multiply-adds per input pixel, base included."""
        past = self.past.macs if self.past else 0
        return self.first.macs + past + sum(conv.macs for conv in self.convs) + self.base.macs

    @property
    def parameters(self) -> int:
        # The base is fixed arithmetic and not learned, so it is not counted.
        convs = (self.first, *self.convs, *((self.past,) if self.past else ()))
        return sum(conv.weight.size + conv.bias.size for conv in convs)

    @property
    def receptive_radius(self) -> int:
        """Input pixels on each side that an output pixel can depend on."""
        # `first` and `base` reach over the 2 pixels of edge padding, each other conv as far as it
        # pads. `past` reaches one pixel, which is less than `first`.
        return 2 + sum(conv.pad for conv in self.convs)
