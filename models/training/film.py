"""Passages of films."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np

from models.training.clip import Bytes, Clip

__all__ = ["film_length", "read_passage"]


def read_passage(path: Path, first: int, frames: int) -> Clip:
    """Frames first..first+frames-1 of a film, cropped to multiples of 4; the planes are taken as
    they are.
    """
    luma: list[Bytes] = []
    chroma: list[Bytes] = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        if stream.average_rate is None or stream.time_base is None:
            raise ValueError(f"{path.name} does not tell its frame rate")
        fps = float(stream.average_rate)
        # A seek ends at the key frame before `first`; frames in between are decoded and left out.
        container.seek(int(first / fps / stream.time_base), stream=stream)
        for frame in container.decode(stream):
            # Counted by time stamps, because after a seek nothing else tells a frame's number.
            if frame.pts is None or round(float(frame.pts * stream.time_base) * fps) < first:
                continue
            planes = np.asarray(frame.reformat(format="yuv420p").to_ndarray(), np.uint8)
            height, width = frame.height // 4 * 4, frame.width // 4 * 4
            luma.append(planes[:height, :width])
            chroma.append(
                _quarter(planes, frame.height, frame.width)[:, : height // 4, : width // 4]
            )
            if len(luma) == frames:
                break
    if len(luma) < frames:
        raise ValueError(f"{path.name} ends before frame {first + frames}")
    return Clip(np.stack(luma), np.stack(chroma), round(fps))


def film_length(path: Path) -> tuple[int, float]:
    """Frames and frames per second, as the container states them."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return stream.frames, float(stream.average_rate or 0)


def _quarter(planes: Bytes, height: int, width: int) -> Bytes:
    """The chroma of 4:2:0 at half its size, [2, height / 4, width / 4]."""
    chroma = planes[height:].reshape(2, height // 2, width // 2)
    small = (width // 4, height // 4)
    return np.stack([cv2.resize(plane, small, interpolation=cv2.INTER_AREA) for plane in chroma])
