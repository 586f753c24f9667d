"""One frame of a clip, as a player scales the source and as viewers get it enhanced."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.at_viewer import BICUBIC, USUAL_RATE, Enlarger
from benchmarks.quality.grid import middle
from benchmarks.quality.viewer_encode import enlarge_chroma, reach_viewers
from models.measure.held_out_clips import small_clip
from models.training.clip import Clip
from models.training.codec import LiveEncoder, transcode_planes
from models.training.film import film_length, read_passage

__all__ = ["FRAMES", "Frame", "film"]

FRAMES = 24
"""Frames that are coded: the last one, which is shown, looks as it does in the middle of a
stream."""

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Frame:
    """The same frame in every form, as blue, green and red."""

    clip: str
    luma: Bytes
    """Luma of the original; by it the parts that are shown are found."""
    original: Bytes
    player: Bytes
    """The source as a player scales it; nobody encodes it again."""
    enhanced: dict[str, Bytes]
    """Pictures at the viewer, by the name of the enlarger."""


def film(
    path: Path, enlargers: list[Enlarger], *, codec: str = "h264", bpp: float = USUAL_RATE
) -> Frame:
    """Sends a clip's first frames at half the size, and returns the last of them."""
    clip = middle(_read(path))
    cut, small, chroma = small_clip(clip, 2)
    seen, colour, _ = transcode_planes(small, chroma, clip.fps, LiveEncoder(codec, bpp))
    large = enlarge_chroma(colour, 2)
    enhanced = {}
    for each in enlargers:
        reached = reach_viewers(each.enlarge(seen), large, clip.fps)
        enhanced[each.name] = _bgr(reached.luma[-1], reached.chroma[-1])
    height, width = cut.luma.shape[1:]
    quarter = cut.chroma[-1:, :, : height // 4, : width // 4]
    return Frame(
        clip=path.stem,
        luma=cut.luma[-1],
        original=_bgr(cut.luma[-1], enlarge_chroma(quarter, 2)[0]),
        player=_bgr(Enlarger(BICUBIC, 2).enlarge(seen[-1:])[0], large[-1]),
        enhanced=enhanced,
    )


def _read(path: Path) -> Clip:
    return read_passage(path, 0, min(FRAMES, film_length(path)[0]))


def _bgr(luma: Bytes, chroma: Bytes) -> Bytes:
    height, width = luma.shape
    planes = np.concatenate([luma.reshape(-1), chroma.reshape(-1)])
    packed = planes.reshape(height * 3 // 2, width)
    return np.asarray(cv2.cvtColor(packed, cv2.COLOR_YUV2BGR_I420), np.uint8)
