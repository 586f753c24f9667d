"""Moving test pattern: stripes, a ball and a frame counter."""

from __future__ import annotations

import math
from collections.abc import Iterator

import av
import cv2
import numpy as np
import numpy.typing as npt

_PIXELS_PER_FRAME = 3
"""Speed of the background to the left: slow enough to follow, fast enough to show judder."""


def pattern(width: int, height: int) -> Iterator[tuple[int, av.VideoFrame]]:
    """Yields (tick, frame) without end. Width and height must be even."""
    background = _background(width, height)
    tick = 0
    while True:
        # Even, since chroma has half as many columns and would move by half a sample.
        shift = tick * _PIXELS_PER_FRAME % width & ~1
        planes = np.empty((height * 3 // 2, width), np.uint8)
        planes[:height] = background[0][:, shift : shift + width]
        for index, plane in enumerate(background[1:]):
            chroma = plane[:, shift // 2 : shift // 2 + width // 2]
            # The array is as wide as luma, so a line of it holds two lines of chroma; U ends in the
            # middle of a line where the height is no multiple of four.
            quarter = height // 4 * width + (height % 4 // 2) * width // 2
            planes.reshape(-1)[height * width + index * quarter :][: chroma.size] = chroma.ravel()
        _draw(planes[:height], tick)
        yield tick, av.VideoFrame.from_ndarray(planes, format="yuv420p")
        tick += 1


def _background(width: int, height: int) -> list[npt.NDArray[np.uint8]]:
    """Returns Y, U and V of twice the width, periodic in ``width``."""
    x = np.arange(2 * width)[None, :] * (2 * math.pi / width)
    y = np.linspace(0.0, 1.0, height)[:, None]
    luma = 120 + 50 * np.sin(5 * x + 4 * y) + 40 * np.sign(np.sin(40 * x)) * (y > 0.75)
    half_x, half_y = x[:, ::2], y[::2]
    u = 128 + 50 * np.sin(half_x + 3 * half_y)
    v = 128 + 50 * np.cos(2 * half_x - 2 * half_y)
    return [plane.astype(np.uint8) for plane in (luma, u, v)]


def _draw(luma: npt.NDArray[np.uint8], tick: int) -> None:
    height, width = luma.shape
    angle = tick / 20
    centre = (
        int(width * (0.5 + 0.35 * math.cos(angle))),
        int(height * (0.5 + 0.2 * math.sin(2 * angle))),
    )
    cv2.circle(luma, centre, height // 10, 235, -1, cv2.LINE_AA)
    scale = height / 270
    cv2.putText(
        luma,
        f"{tick:06d}",
        (int(12 * scale), int(height * 0.7)),
        cv2.FONT_HERSHEY_SIMPLEX,
        1.4 * scale,
        16,
        max(1, round(3 * scale)),
        cv2.LINE_AA,
    )
