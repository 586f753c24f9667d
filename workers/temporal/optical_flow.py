"""Motion from pixels, where the codec tells none."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from workers.media.frame_info import CELL, MotionGrid, Source, cells

__all__ = ["FlowMotion", "has_flow"]

Bytes = npt.NDArray[np.uint8]

MAX_VECTOR = 64.0
"""Luma samples; a longer vector of a cell is a mistake of the search."""

MIN_SIDE = 32
"""Luma samples along each side, below which no motion is looked for. The search compares patches of
8 samples in pictures a quarter as large. For smaller ones it chooses other scales by the width
alone, and reads outside of what is too flat for them.
"""


def has_flow(width: int, height: int) -> bool:
    """True for pictures in which motion can be looked for."""
    return min(width, height) >= MIN_SIDE


class FlowMotion:
    """Dense inverse search (Kroeger et al., ECCV 2016), averaged over cells."""

    def __init__(self) -> None:
        self._search: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)

    def between(self, before: Bytes, now: Bytes) -> MotionGrid:
        """Returns where each cell of ``now`` was in ``before``; both [height, width]."""
        height, width = now.shape
        rows, columns = cells(width, height)
        if not has_flow(width, height):
            return _nothing(rows, columns)
        # From now to before: the result says for each sample of ``now`` where it was.
        flow = self._search.calc(np.ascontiguousarray(now), np.ascontiguousarray(before), None)
        bottom, right = rows * CELL - height, columns * CELL - width
        whole = cv2.copyMakeBorder(flow, 0, bottom, 0, right, cv2.BORDER_REPLICATE)
        mean: Any = cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA)
        valid = np.asarray((np.abs(mean) < MAX_VECTOR).all(axis=2))
        quarters = np.rint(np.clip(mean, -MAX_VECTOR, MAX_VECTOR) * 4).astype(np.int16)
        return MotionGrid(
            dx=np.ascontiguousarray(quarters[:, :, 0]),
            dy=np.ascontiguousarray(quarters[:, :, 1]),
            valid=valid,
            source=Source.FLOW,
        )


def _nothing(rows: int, columns: int) -> MotionGrid:
    """Returns vectors of which none is known."""
    return MotionGrid(
        dx=np.zeros((rows, columns), np.int16),
        dy=np.zeros((rows, columns), np.int16),
        valid=np.zeros((rows, columns), np.bool_),
        source=Source.FLOW,
    )
