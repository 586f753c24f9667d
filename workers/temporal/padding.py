"""Planes with a margin around them, so that loops need not ask where the edge is."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from workers.media.frame_info import CELL

__all__ = ["MARGIN", "bordered"]

Bytes = npt.NDArray[np.uint8]

MARGIN = 2 * CELL
"""Samples around a bordered picture: a cell and the filter's reach, so that a vector into the
outside finds what repeating the edge for ever would give. Whole cells, so that a cell's row is one
aligned word of 64 bits.
"""


def bordered(plane: Bytes) -> Bytes:
    """Returns a packed copy with its edge repeated by MARGIN samples, and up to whole cells."""
    height, width = plane.shape
    # Up to whole cells, so that the loops over cells need no case for the last one.
    bottom, right = MARGIN + -height % CELL, MARGIN + -width % CELL
    return np.asarray(
        cv2.copyMakeBorder(plane, MARGIN, bottom, MARGIN, right, cv2.BORDER_REPLICATE), np.uint8
    )
