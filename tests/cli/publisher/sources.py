"""Tiny films as cameras and encoders make them, for what publishes them."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

FPS = 25


def make_source(
    path: Path,
    *,
    seconds: float = 2.0,
    gop_s: float = 1.0,
    b_frames: int = 0,
    codec: str = "libx264",
    sound: str = "",
    size: tuple[int, int] = (96, 64),
    pix_fmt: str = "yuv420p",
) -> Path:
    """Writes a film of moving stripes at 25 frames a second; ``sound`` is an encoder's name."""
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream(codec, rate=FPS)
        video.width, video.height = size
        video.pix_fmt = pix_fmt
        if codec == "libx264":
            gop = round(gop_s * FPS)
            tune = "" if b_frames else "zerolatency"
            video.codec_context.options = {
                **({"tune": tune} if tune else {}),
                "g": str(gop),
                "keyint_min": str(gop),
                "sc_threshold": "0",
                "bf": str(b_frames),
                **({"x264-params": "b-adapt=0"} if b_frames else {}),
            }
        rate = 8000 if sound.startswith("pcm") else 48_000
        audio: Any = container.add_stream(sound, rate=rate) if sound else None
        if audio is not None:
            audio.layout = "mono" if sound.startswith("pcm") else "stereo"
        for index in range(round(seconds * FPS)):
            container.mux(video.encode(picture(index, size)))
        container.mux(video.encode(None))
        if audio is not None:
            for frame in tone(audio, seconds):
                container.mux(audio.encode(frame))
            container.mux(audio.encode(None))
    return path


def make_late_sound(path: Path, *, rounds_behind: int = 0) -> Path:
    """Writes MPEG-TS whose sound begins behind the eight seconds that FFmpeg looks at; more video
    may come behind it.
    """
    folder = path.parent
    silent = make_source(folder / "silent.ts", seconds=8).read_bytes()
    loud = make_source(folder / "loud.ts", sound="aac").read_bytes()
    path.write_bytes(silent + loud + silent * rounds_behind)
    return path


def picture(index: int, size: tuple[int, int]) -> av.VideoFrame:
    """One picture of the stripes."""
    width, height = size
    columns = (np.arange(width) * 4 + index * 6) % 256
    image = np.broadcast_to(columns[None, :, None], (height, width, 3)).astype(np.uint8)
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
    frame.pts, frame.time_base = index, Fraction(1, FPS)
    return frame


def tone(audio: Any, seconds: float) -> Iterator[av.AudioFrame]:
    """Frames of a tone for an encoder."""
    rate, layout = audio.rate, audio.layout.name
    size = audio.codec_context.frame_size or 160
    resampler = av.AudioResampler(audio.format.name, layout, rate, size)
    samples = np.sin(np.arange(round(seconds * rate)) * 2 * np.pi * 440 / rate) * 8000
    frame = av.AudioFrame.from_ndarray(samples.astype(np.int16)[None], format="s16", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
    yield from (*resampler.resample(frame), *resampler.resample(None))


def packets(path: Path, kind: str = "video") -> list[Any]:
    """All packets of one track, the empty one at the end too; their container stays open."""
    container = av.open(str(path))
    return list(container.demux(**{kind: 0}))
