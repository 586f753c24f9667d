"""Pictures for tests of the residual codec: something with edges, and a net's like correction."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]


def scene(height: int, width: int, seed: int = 0) -> tuple[Bytes, Bytes]:
    """Returns a made and a plain picture: circles and stripes, and the same blurred."""
    y, x = np.mgrid[:height, :width].astype(float)
    rng = np.random.default_rng(seed)
    sharp = 90 + 30 * np.sin(x / 9 + y / 23)
    for _ in range(6):
        top, left = rng.uniform(0, height), rng.uniform(0, width)
        inside = np.hypot(y - top, x - left) < rng.uniform(4, 40)
        sharp[inside] += rng.uniform(-60, 60)
    padded = np.pad(sharp, 1, "edge")
    blurred = sum(
        padded[1 + down : 1 + down + height, 1 + across : 1 + across + width]
        for down in (-1, 0, 1)
        for across in (-1, 0, 1)
    )
    return _bytes(sharp), _bytes(np.asarray(blurred) / 9)


def _bytes(values: npt.NDArray[np.float64]) -> Bytes:
    return np.rint(values).clip(0, 255).astype(np.uint8)


def energy(a: Bytes, b: Bytes) -> float:
    """Returns the mean squared difference."""
    return float(np.mean((a.astype(float) - b) ** 2))
