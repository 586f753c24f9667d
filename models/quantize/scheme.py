"""Integer ranges of activations and weights, by the hardware that multiplies them."""

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
"""Scheme for CPUs. Weights have 7 bits: AVX2 without VNNI adds pairs of u8 x s8 products in 16
bits; 2 * 255 * 63 still fits, 2 * 255 * 127 would saturate (VPMADDUBSW).
"""

S8S8 = Scheme(np.int8, 127, 127)
"""Scheme for TensorRT, whose zero points must be 0. After a ReLU half of the signed range stays
unused, so activations have 7 bits.
"""

SCHEMES: dict[Precision, Scheme] = {"int8": U8S8, "int8-s8s8": S8S8}
"""Schemes by the name of the precision in manifests."""
