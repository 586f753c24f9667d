"""Comparison of two nets on pictures that none of them was tuned on."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["Enlarge", "gain_db"]

Bytes = npt.NDArray[np.uint8]
Enlarge = Callable[[Bytes], Bytes]


def gain_db(
    before: Enlarge, after: Enlarge, pictures: Sequence[Bytes], wanted: Sequence[Bytes]
) -> float:
    """Returns the squared error of ``before`` over that of ``after``, in dB.

    Both are sums over all pictures, against what is wanted. Equal errors give 0.
    """
    errors = [
        sum(_error(enlarge(each), goal) for each, goal in zip(pictures, wanted, strict=True))
        for enlarge in (before, after)
    ]
    # A net that gives the teacher's picture to the last level has no error: 1e-6 is the end.
    first, second = (max(error, 1e-6) for error in errors)
    return 10.0 * math.log10(first / second)


def _error(made: Bytes, wanted: Bytes) -> float:
    return float(np.mean((made.astype(np.float32) - wanted.astype(np.float32)) ** 2))
