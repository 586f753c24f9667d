"""Frame numbers burnt into the picture as 2 x 16 cells: each bit, and its inverse below it."""

from __future__ import annotations

from typing import Any

import av
import numpy as np
import numpy.typing as npt

BITS = 16
# Inside the range of video levels (16 to 235) and far apart, so that coding at a low rate does not
# turn a bit around.
_DARK, _LIGHT = 30, 225


def burn(luma: npt.NDArray[np.uint8], number: int) -> None:
    """Writes ``number`` modulo 2**16 over the top sixth of a luma plane, in place."""
    height, width = luma.shape
    row = height // 12
    for index in range(BITS):
        bit = number >> (BITS - 1 - index) & 1
        cells = slice(width * index // BITS, width * (index + 1) // BITS)
        luma[:row, cells] = _LIGHT if bit else _DARK
        luma[row : 2 * row, cells] = _DARK if bit else _LIGHT


def stamped(frame: av.VideoFrame, number: int) -> av.VideoFrame:
    """Returns a stamped copy of a yuv420p frame; the decoder may still need the original."""
    planes: Any = frame.to_ndarray()
    burn(planes[: frame.height], number)
    return av.VideoFrame.from_ndarray(planes, format="yuv420p")
