"""The clip that is published, small and without a cut, and the truth that it was made from."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from benchmarks.material import CLIP_FOLDER, back_and_forth
from models.measure.held_out_clips import FRAMES, read_clip
from models.training.clip import Bytes
from models.training.codec import to_frame

WIDTH, HEIGHT, FPS = 480, 270, 30

SCALE = 2

LOOP = 2 * FRAMES - 2
"""Frames until the clip is where it began: forth, and back without the two ends."""

_QUALITY = "8"
"""CRF of x264 for the file: the publisher codes it again, at the rate of a live stream."""


def write(clip: str, path: Path) -> None:
    """Writes one loop of a held-out clip in the size that is published."""
    truth = read_clip(CLIP_FOLDER, clip)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"crf": _QUALITY, "preset": "veryfast", "g": "30", "bf": "0"}
        stream.time_base = Fraction(1, FPS)
        for index, number in enumerate(back_and_forth(FRAMES, LOOP)):
            luma = _reduce(truth.luma[number], WIDTH, HEIGHT)
            chroma = np.stack(
                [_reduce(plane, WIDTH // 2, HEIGHT // 2) for plane in truth.chroma[number]]
            )
            frame = to_frame(luma, chroma, index)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def truth_luma(clip: str) -> Bytes:
    """Returns the luma of one loop in the size of the rendition: [LOOP, H, W]."""
    luma = read_clip(CLIP_FOLDER, clip).luma[:, : SCALE * HEIGHT, : SCALE * WIDTH]
    return np.asarray(luma[back_and_forth(FRAMES, LOOP)])


def _reduce(plane: Bytes, width: int, height: int) -> Bytes:
    return np.asarray(cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
