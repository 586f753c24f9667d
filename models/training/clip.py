"""The clip: the form in which all material for training comes."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Bytes", "Clip", "from_bgr", "to_limited"]

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Clip:
    """A high-resolution moving picture, limited-range BT.601 (16..235), and the chroma of its
    half-size version.
    """

    luma: Bytes
    """[frames, height, width]; height and width are multiples of 4."""
    chroma: Bytes
    """[frames, 2, height / 4, width / 4]: what 4:2:0 holds beside the halved luma."""
    fps: int


def from_bgr(frames: list[Bytes], fps: int) -> Clip:
    """A clip from full-colour frames, full range."""
    luma, chroma = [], []
    for frame in frames:
        planes = to_limited(frame)
        luma.append(planes[:, :, 0])
        height, width = frame.shape[:2]
        small = cv2.resize(
            planes[:, :, 1:], (width // 4, height // 4), interpolation=cv2.INTER_AREA
        )
        chroma.append(small.transpose(2, 0, 1))
    return Clip(np.stack(luma), np.stack(chroma), fps)


def to_limited(bgr: Bytes) -> Bytes:
    """Converts BGR to [H, W, 3] of Y, Cb, Cr in the limited range that video uses."""
    # OpenCV gives Y, Cr, Cb in full range; the order becomes Y, Cb, Cr.
    ycc = cv2.cvtColor(bgr, cv2.COLOR_BGR2YCrCb)[:, :, (0, 2, 1)].astype(np.float32)
    # BT.601 with 8 bits: luma has 219 steps above 16, chroma 224 steps around 128.
    ycc[:, :, 0] = ycc[:, :, 0] * (219 / 255) + 16
    ycc[:, :, 1:] = (ycc[:, :, 1:] - 128) * (224 / 255) + 128
    return np.rint(ycc).astype(np.uint8)
