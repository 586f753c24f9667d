"""Pictures and a small deterministic net for tests of temporal propagation."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Shorts = npt.NDArray[np.int16]

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


def vectors(grid: tuple[int, int], seed: int) -> tuple[Shorts, Shorts]:
    """Vectors in runs, as codecs' are; some whole, some none, some far outside."""
    rng = np.random.default_rng(seed)
    made = rng.integers(-9, 10, (2, *grid))
    made[:, rng.random(grid) < 0.3] = 0
    made[:, rng.random(grid) < 0.3] &= ~3
    made[:, rng.random(grid) < 0.1] *= 300
    made[:, :, 1::2] = made[:, :, : grid[1] // 2 * 2 : 2]
    return made[0].astype(np.int16), made[1].astype(np.int16)
