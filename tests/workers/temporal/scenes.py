"""Pictures and a small deterministic net for tests of reuse."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]

HALO = 7


def texture(height: int, width: int, seed: int = 0) -> Bytes:
    """Smooth random content of all frequencies that video has."""
    noise = np.random.default_rng(seed).integers(0, 256, (height, width)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 1.5)
    low, high = soft.min(), soft.max()
    return np.asarray(16 + 219 * (soft - low) / (high - low), np.uint8)


def net(luma: Bytes, scale: int = 2) -> Bytes:
    """Bicubic and an unsharp mask: reaches less than HALO far, and differs from bicubic."""
    height, width = luma.shape
    size = (scale * width, scale * height)
    large = cv2.resize(luma, size, interpolation=cv2.INTER_CUBIC).astype(np.float32)
    soft = cv2.blur(large, (5, 5))
    return np.asarray(np.clip(large + 0.8 * (large - soft) + 0.5, 0, 255), np.uint8)


def padded(luma: Bytes, halo: int = HALO) -> Bytes:
    """As the worker shows it to the net."""
    framed = cv2.copyMakeBorder(luma, halo, halo, halo, halo, cv2.BORDER_REPLICATE)
    return np.asarray(framed, np.uint8)
