"""The stream that all servers get: H.264 and Opus, coded once, with uneven frame times."""

from __future__ import annotations

import dataclasses
import random
from fractions import Fraction
from typing import Any

import av
import numpy as np

FPS = 30
SIZE = (640, 360)
GROUP = 60
"""Frames from one key frame to the next: two seconds, as OBS sends."""

AUDIO_TICKS = 960
"""20 ms of 48 kHz."""

AUDIO_BPS = 64_000

_JITTER_TICKS = 1024
"""Frame times are uneven by up to 11 ms, so that a row of them is found in another time line."""


@dataclasses.dataclass(frozen=True, slots=True)
class CodedFrame:
    """One frame, or one packet of sound."""

    data: bytes
    is_key: bool


def video_ticks(number: int) -> int:
    """Returns the time of a frame in ticks of 90 kHz; it grows with ``number`` and never evenly."""
    return 90_000 // FPS * number + random.Random(number).randrange(_JITTER_TICKS)


def encode_video(kbps: int, *, groups: int = 3) -> list[CodedFrame]:
    """Encodes a moving texture of ``groups`` groups of pictures at a constant bit rate."""
    width, height = SIZE
    codec: Any = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
    codec.time_base, codec.framerate = Fraction(1, FPS), Fraction(FPS)
    codec.bit_rate = kbps * 1000
    codec.profile = "Baseline"
    codec.options = {
        "preset": "superfast",
        "tune": "zerolatency",
        "x264-params": f"keyint={GROUP}:min-keyint={GROUP}:scenecut=0:sliced-threads=0:threads=1"
        f":vbv-maxrate={kbps}:vbv-bufsize={kbps // 3}",
    }
    packets = [p for picture in _pictures(groups * GROUP) for p in codec.encode(picture)]
    packets += codec.encode(None)
    return [CodedFrame(bytes(packet), bool(packet.is_keyframe)) for packet in packets]


def _pictures(count: int) -> list[Any]:
    width, height = SIZE
    rng = np.random.default_rng(3)
    texture = rng.integers(0, 90, (height, width), dtype=np.uint8)
    ramp = np.add.outer(np.arange(height), np.arange(width))
    found = []
    for index in range(count):
        # Two textures that move against each other cannot be predicted from the frame before.
        moved = np.roll(texture, 3 * index, axis=1) // 2 + np.roll(texture, -2 * index, axis=0) // 2
        luma = ((ramp + 4 * index) % 120).astype(np.uint8) + moved
        grey = np.full((height // 2, width), 128, np.uint8)
        frame = av.VideoFrame.from_ndarray(np.vstack([luma, grey]), format="yuv420p")
        frame.pts, frame.time_base = index, Fraction(1, FPS)
        found.append(frame)
    return found


def encode_audio(*, packets: int = 50) -> list[CodedFrame]:
    """Encodes noise, for which Opus needs all bits that it may use."""
    codec: Any = av.CodecContext.create("libopus", "w")
    codec.sample_rate, codec.layout, codec.format = 48_000, "stereo", "s16"
    codec.bit_rate = AUDIO_BPS
    rng = np.random.default_rng(5)
    coded = []
    for index in range(packets):
        samples = rng.integers(-3000, 3000, (1, 2 * AUDIO_TICKS), dtype=np.int16)
        frame: Any = av.AudioFrame.from_ndarray(samples, format="s16", layout="stereo")
        frame.sample_rate, frame.pts = 48_000, index * AUDIO_TICKS
        coded += codec.encode(frame)
    coded += codec.encode(None)
    return [CodedFrame(bytes(packet), True) for packet in coded if packet.size]
