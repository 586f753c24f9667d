"""Motion of each pixel from the previous frame, as a worker finds it."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.clip import Bytes

__all__ = ["CELL", "backward_flow", "move"]

CELL = 4
"""Side in decoded pixels of the square that has one vector."""


def backward_flow(decoded: Bytes) -> NDArray[np.float16]:
    """Returns the flow to the frame before, [T, 2, H/4, W/4] in decoded pixels, x then y.

    Each frame's content lies in the frame before at its own place plus this. Zeros for the first
    frame. DIS (Kroeger et al., ECCV 2016).
    """
    search: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    height, width = decoded.shape[1:]
    size = (width // CELL, height // CELL)
    flow = np.zeros((len(decoded), 2, size[1], size[0]), np.float16)
    for t in range(1, len(decoded)):
        # Searched from the frame to the one before: reading backwards gives every pixel a source
        # and leaves no holes.
        dense = search.calc(decoded[t], decoded[t - 1], None)
        flow[t] = cv2.resize(dense, size, interpolation=cv2.INTER_AREA).transpose(2, 0, 1)
    return flow


def move(last: Bytes, before: Bytes, now: Bytes) -> Bytes:
    """`last`, the enhanced picture of `before`, where its content lies in `now`. Bilinear, border
    replicated.
    """
    search: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    flow = search.calc(now, before, None)
    height, width = last.shape
    fine = cv2.resize(flow, (width, height), interpolation=cv2.INTER_LINEAR)
    # The motion was found in decoded pixels; enhanced pixels are smaller by the scale.
    fine *= width / now.shape[1]
    fine[:, :, 0] += np.arange(width, dtype=np.float32)
    fine[:, :, 1] += np.arange(height, dtype=np.float32)[:, None]
    nothing: Any = None
    moved = cv2.remap(last, fine, nothing, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8)
