"""Motion, quantizers and the like of a coded frame, the same for every codec."""

from __future__ import annotations

import dataclasses
import enum

import numpy as np
import numpy.typing as npt

__all__ = ["CELL", "CodecInfo", "MotionGrid", "Source", "cells"]

# 8 divides the macroblocks of H.264 and VP8 evenly, and a row of a cell in 8-bit samples is one
# word of 64 bits, which the compiled loops compare at once.
CELL = 8
"""Luma samples along a side of a cell of the grids."""

Int16Grid = npt.NDArray[np.int16]
BoolGrid = npt.NDArray[np.bool_]
FloatGrid = npt.NDArray[np.float32]
ByteGrid = npt.NDArray[np.uint8]


class Source(enum.Enum):
    """The origin of a motion vector."""

    BITSTREAM = "bitstream"
    "The codec's own vectors."
    FLOW = "flow"
    "Optical flow, measured on the pixels."


@dataclasses.dataclass(frozen=True, slots=True)
class MotionGrid:
    """Motion of each cell since the picture before, in quarter luma samples: what is at
    (x, y) was at (x + dx / 4, y + dy / 4).
    """

    dx: Int16Grid
    dy: Int16Grid
    valid: BoolGrid
    """False for cells coded without the previous picture."""
    source: Source


@dataclasses.dataclass(frozen=True, slots=True)
class CodecInfo:
    """One decoded frame's; all grids have ``cells`` rows and columns."""

    is_key: bool
    coded_bytes: int
    motion: MotionGrid | None = None
    """None where the codec tells nothing, or on a key frame."""
    qp: ByteGrid | None = None
    """Quantizer of each cell: as the codec counts: H.264's QP (0 to 51), the q_index of VP8
    (0 to 127) or of VP9 (0 to 255). None where unknown.
    """
    skipped: BoolGrid | None = None
    """True for cells of which nothing but the prediction was coded. None where unknown."""
    residual: FloatGrid | None = None
    """Mean squared difference of each cell to the decoded picture before it, moved by the vectors
    that fit best, in squared luma levels: what no motion explains. Measured on pixels whatever the
    codec, so None until the picture was compared with the one before it.
    """


def cells(width: int, height: int) -> tuple[int, int]:
    """Rows and columns of a grid over a picture of that size; the last ones may reach beyond it."""
    return -(-height // CELL), -(-width // CELL)
