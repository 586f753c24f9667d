"""Finds cuts between scenes by a few hundred samples of each picture."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.uint8]

COLUMNS, ROWS = 32, 18
"""Places that are compared; a picture takes 10 us."""

MIN_CHANGE = 24.0
"""Mean change of a sample, in levels, from which two pictures belong to different scenes: moving
cameras stay below 15 from one picture to the next at 24 frames a second and more."""

MIN_RATIO = 4.0
"""The change is also so many times that of the pictures before: rain of confetti is no cut."""

USUAL_WEIGHT = 0.1
"""Weight of the newest change in the usual one (EWMA)."""


class CutDetector:
    """Tells for each decoded picture of a stream whether it begins a new scene."""

    def __init__(self) -> None:
        self._last: npt.NDArray[np.int16] | None = None
        self._size = (0, 0)
        self._usual: float | None = None
        "Mean change of a sample within the scene; None until two pictures of it were seen."

    def is_cut(self, luma: Plane) -> bool:
        """Takes the next picture; True if it shows another scene than the one before.

        A picture of another size is one. The first two pictures of a scene are none: they tell how
        much it moves.
        """
        height, width = size = luma.shape
        rows, columns = max(1, height // ROWS), max(1, width // COLUMNS)
        samples = luma[rows // 2 :: rows, columns // 2 :: columns].astype(np.int16)
        last, self._last = self._last, samples
        before, self._size = self._size, size
        if last is None:
            return False
        if before != size:
            self._usual = None
            return True
        change = float(np.mean(np.abs(samples - last)))
        if self._usual is None:
            self._usual = change
            return False
        if change >= MIN_CHANGE and change >= MIN_RATIO * self._usual:
            # A cut is no example of what is usual within a scene.
            self._usual = None
            return True
        self._usual += USUAL_WEIGHT * (change - self._usual)
        return False
