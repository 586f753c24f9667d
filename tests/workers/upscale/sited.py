"""Chroma made larger by the definition: each sample read where it lies, in floats."""

from __future__ import annotations

import numpy as np

OFFSET = {"left": 0.25, "center": 0.5}
"""Of a sample across the two luma samples that it stands for, in their width."""


def keys(t: np.ndarray) -> np.ndarray:
    """Keys' cubic kernel (IEEE TASSP 1981, eq. 15) with a = -3/4."""
    a, t = -0.75, np.abs(t)
    near = (a + 2) * t**3 - (a + 3) * t**2 + 1
    far = a * t**3 - 5 * a * t**2 + 8 * a * t - 4 * a
    return np.where(t <= 1, near, np.where(t < 2, far, 0.0))


def weights(count: int, scale: int, offset: float) -> np.ndarray:
    """[scale * count, count]: what each sample gives; the first and last one go on for ever."""
    places = (np.arange(scale * count) + offset) / scale - offset
    found = np.zeros((scale * count, count))
    for sample in range(-4, count + 4):
        found[:, min(max(sample, 0), count - 1)] += keys(places - sample)
    return found


def enlarged(plane: np.ndarray, scale: int, siting: str = "left") -> np.ndarray:
    """The plane ``scale`` times as large, not rounded."""
    down = weights(plane.shape[0], scale, 0.5)
    across = weights(plane.shape[1], scale, OFFSET[siting])
    found: np.ndarray = np.clip(down @ plane.astype(float) @ across.T, 0, 255)
    return found
