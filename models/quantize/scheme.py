"""Which integers stand for activations and weights, by the hardware that multiplies them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.manifest import Precision

__all__ = ["S8S8", "SCHEMES", "U8S8", "Scheme"]


@dataclass(frozen=True, slots=True)
class Scheme:
    """Symmetric weights, one scale for each output channel; activations follow a ReLU, so zero is
    zero and one scale serves the tensor.
    """

    activation: type[np.uint8] | type[np.int8]
    activation_limit: int
    weight_limit: int


U8S8 = Scheme(np.uint8, 255, 63)
"""For CPUs. 7-bit weights: AVX2 without VNNI adds pairs of u8 x s8 products in 16 bits; 2 * 255 *
63 still fits, 2 * 255 * 127 would saturate (VPMADDUBSW).
"""

S8S8 = Scheme(np.int8, 127, 127)
"""For TensorRT, whose zero points must be 0: half of the signed range stays unused after a ReLU, so
activations have 7 bits.
"""

SCHEMES: dict[Precision, Scheme] = {"int8": U8S8, "int8-s8s8": S8S8}
"""By the precision's name in manifests."""
