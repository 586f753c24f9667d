"""Reduction by 2, 3 or 4 with the anti-aliasing filters that cameras, browsers and ffmpeg use."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.clip import Bytes

__all__ = ["KERNELS", "halve", "reduce"]


def _bicubic(t: NDArray[np.float64]) -> NDArray[np.float64]:
    t = np.abs(t)
    # Keys' cubic with a = -0.5; the base of the live nets enlarges with a = -0.75.
    near = 1.5 * t**3 - 2.5 * t**2 + 1
    far = -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2
    return np.asarray(np.where(t <= 1, near, np.where(t < 2, far, 0.0)), np.float64)


def _lanczos3(t: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.where(np.abs(t) < 3, np.sinc(t) * np.sinc(t / 3), 0.0), np.float64)


def _taps(name: str, scale: int) -> NDArray[np.float64]:
    if name == "area":
        return np.full(scale, 1 / scale)
    function, reach = (_bicubic, 2) if name == "bicubic" else (_lanczos3, 3)
    # The centre of an output pixel lies between two input pixels where `scale` is even, on one
    # where it is odd.
    count = 2 * reach * scale - scale % 2
    # Stretched by the scale, the kernel is a low-pass filter and prevents aliasing.
    taps = function((np.arange(count) - (count - 1) / 2) / scale)
    return np.asarray(taps / taps.sum(), np.float64)


KERNELS = ("area", "bicubic", "lanczos")
_TAPS = {(name, scale): _taps(name, scale) for name in KERNELS for scale in (2, 3, 4)}


def halve(frame: Bytes, kernel: str) -> Bytes:
    """Halves both sides: [2H, 2W] to [H, W], rounded."""
    return reduce(frame, 2, kernel)


def reduce(frame: Bytes, scale: int, kernel: str) -> Bytes:
    """Makes a frame smaller: [scale*H, scale*W] to [H, W], rounded."""
    taps = _TAPS[kernel, scale]
    centre = (len(taps) - 1) // 2
    full = cv2.sepFilter2D(
        frame, cv2.CV_32F, taps, taps, anchor=(centre, centre), borderType=cv2.BORDER_REFLECT
    )
    # Every pixel was filtered; those stay whose window lies in the middle of a cell.
    first = (scale - 1) // 2
    return np.clip(np.rint(full[first::scale, first::scale]), 0, 255).astype(np.uint8)
