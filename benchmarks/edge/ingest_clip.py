"""The clip that a browser's camera plays: a held-out clip with grain, which takes any rate."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from benchmarks.material import CLIP_FOLDER, back_and_forth
from models.measure.held_out_clips import FRAMES, read_clip

WIDTH, HEIGHT, FPS = 640, 360, 30

CLIP = "handheld"

GRAIN = 5.0
"""Standard deviation of the luma's grain: a clean clip of this size would ask for less than the
path bears, and no congestion control could show what it does."""


def write(path: Path) -> None:
    """Writes a loop of two seconds and a half as YUV4MPEG2, 30 MB."""
    clip = read_clip(CLIP_FOLDER, CLIP)
    rng = np.random.default_rng(1)
    with open(path, "wb") as file:
        file.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{FPS}:1 Ip A1:1 C420mpeg2\n".encode())
        for number in back_and_forth(FRAMES, 2 * FRAMES - 2):
            luma = _reduce(clip.luma[number], WIDTH, HEIGHT)
            luma = np.clip(luma + rng.normal(0.0, GRAIN, luma.shape), 16, 235)
            file.write(b"FRAME\n" + luma.astype(np.uint8).tobytes())
            for plane in clip.chroma[number]:
                file.write(_reduce(plane, WIDTH // 2, HEIGHT // 2).astype(np.uint8).tobytes())


def _reduce(plane: np.ndarray, width: int, height: int) -> np.ndarray:
    return np.asarray(cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA))
