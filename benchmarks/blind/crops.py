"""Rules by which the shown part of a picture is found; they know no score, nobody chose it."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["CROP", "RULES", "busiest", "cut", "middle"]

CROP = (200, 152)
"""Width and height in pixels; three times as large, two fit beside each other on a screen."""

_STEP = 8
"""Places are tried every so many pixels: enough to find the busiest."""

Picture = NDArray[np.uint8]


def busiest(luma: Picture) -> tuple[int, int]:
    """Returns left and top of the part with the most detail."""
    width, height = _size(luma)
    detail = np.abs(cv2.Laplacian(luma, cv2.CV_32F))
    # The sum of detail in every part at once.
    total = cv2.boxFilter(detail, -1, (width, height), anchor=(0, 0))[::_STEP, ::_STEP]
    rows, columns = (
        (whole - part) // _STEP + 1
        for whole, part in zip(luma.shape[:2], (height, width), strict=True)
    )
    row, column = np.unravel_index(int(total[:rows, :columns].argmax()), (rows, columns))
    return int(column) * _STEP, int(row) * _STEP


def middle(luma: Picture) -> tuple[int, int]:
    """Returns left and top of the middle, where a person or whatever is filmed mostly is."""
    width, height = _size(luma)
    return (luma.shape[1] - width) // 2, (luma.shape[0] - height) // 2


RULES: dict[str, Callable[[Picture], tuple[int, int]]] = {
    "busiest part": busiest,
    "middle": middle,
}
"""The rules, by what they find."""


def cut(picture: Picture, place: tuple[int, int]) -> Picture:
    """Returns the part at (left, top), or the whole of a smaller picture."""
    (left, top), (width, height) = place, _size(picture)
    part: Picture = picture[top : top + height, left : left + width]
    return part


def _size(picture: Picture) -> tuple[int, int]:
    return min(CROP[0], picture.shape[1]), min(CROP[1], picture.shape[0])
