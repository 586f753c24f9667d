"""Tiny clips."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

FPS = 25
_RATE = 48_000
_SAMPLES = 1024


def make_clip(path: Path, *, seconds: int = 2, has_sound: bool = False) -> Path:
    """A moving bar of 96x54 at 25 frames per second, with a tone if wanted."""
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream("libx264", rate=FPS)
        video.width, video.height, video.pix_fmt = 96, 54, "yuv420p"
        audio: Any = container.add_stream("aac", rate=_RATE) if has_sound else None
        for index in range(seconds * FPS):
            picture = np.full((54, 96, 3), 40, np.uint8)
            picture[:, index % 90 : index % 90 + 6] = 220
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, FPS)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if audio is not None:
            _add_tone(container, audio, seconds)
    return path


def _add_tone(container: Any, audio: Any, seconds: int) -> None:
    for begin in range(0, seconds * _RATE, _SAMPLES):
        time_s = np.arange(begin, begin + _SAMPLES) / _RATE
        tone = (0.2 * np.sin(2 * np.pi * 440 * time_s)).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(np.stack([tone, tone]), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = _RATE, begin, Fraction(1, _RATE)
        container.mux(audio.encode(frame))
    container.mux(audio.encode(None))


def size_and_frames(path: Path) -> tuple[int, int, int]:
    """Width, height and number of decoded frames of a file."""
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        return video.width, video.height, sum(1 for _ in container.decode(video))
