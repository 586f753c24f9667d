"""Halving with the anti-aliasing filters that cameras, browsers and ffmpeg use."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.clip import Bytes

__all__ = ["KERNELS", "halve"]


def _bicubic(t: NDArray[np.float64]) -> NDArray[np.float64]:
    t = np.abs(t)
    near = 1.5 * t**3 - 2.5 * t**2 + 1
    far = -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2
    return np.asarray(np.where(t <= 1, near, np.where(t < 2, far, 0.0)), np.float64)


def _lanczos3(t: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.where(np.abs(t) < 3, np.sinc(t) * np.sinc(t / 3), 0.0), np.float64)


def _taps(name: str) -> NDArray[np.float64]:
    if name == "area":
        return np.array([0.5, 0.5])
    function, count = (_bicubic, 8) if name == "bicubic" else (_lanczos3, 12)
    # An output pixel lies between two input pixels: the taps are at odd multiples of a quarter of
    # the output pitch.
    taps = function((np.arange(count) - (count - 1) / 2) / 2)
    return np.asarray(taps / taps.sum(), np.float64)


KERNELS = {name: _taps(name) for name in ("area", "bicubic", "lanczos")}


def halve(frame: Bytes, kernel: str) -> Bytes:
    """[2H, 2W] to [H, W], rounded."""
    taps = KERNELS[kernel]
    anchor = (len(taps) // 2 - 1, len(taps) // 2 - 1)
    full = cv2.sepFilter2D(
        frame, cv2.CV_32F, taps, taps, anchor=anchor, borderType=cv2.BORDER_REFLECT
    )
    return np.clip(np.rint(full[::2, ::2]), 0, 255).astype(np.uint8)
