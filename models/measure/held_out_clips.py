"""Held-out clips of ``tests/data/clips``, and their reduction to the size that is sent."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from models.measure.kinds import KINDS
from models.training.clip import Bytes, Clip
from models.training.downscale import reduce
from models.training.film import film_length, read_passage

__all__ = ["CLIPS", "FRAMES", "read_clip", "small_clip"]

CLIPS = tuple(KINDS)
"""Names of the clips; no net was trained on them."""

FRAMES = 48
"""Frames of each clip but `street` and `dashcam`, which have 36."""


def read_clip(folder: Path, name: str, frames: int = FRAMES) -> Clip:
    """Reads one ground-truth clip of a folder, or as many of the frames as it has."""
    path = folder / f"{name}.mp4"
    return read_passage(path, 0, min(frames, film_length(path)[0]))


def small_clip(clip: Clip, scale: int) -> tuple[Clip, Bytes, Bytes]:
    """Returns the clip cut to multiples of the scale, its reduced luma, and its reduced chroma.

    Luma and chroma are reduced by averaging areas; chroma has half the size of luma.
    """
    # The reduced luma must have even sides, because its 4:2:0 chroma has half of them.
    unit = 2 * scale
    height, width = (side // unit * unit for side in clip.luma.shape[1:])
    luma = clip.luma[:, :height, :width]
    small = np.stack([reduce(frame, scale, "area") for frame in luma])
    size = (small.shape[2] // 2, small.shape[1] // 2)
    chroma = np.array(
        [
            [cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in frame]
            for frame in clip.chroma
        ],
        np.uint8,
    )
    return Clip(luma, clip.chroma, clip.fps), small, chroma
