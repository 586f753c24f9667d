"""Tiny clips: moving pictures, coded by real encoders into access units."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Any

import av
import cv2
import numpy as np
from av.video.frame import PictureType

from media.access_unit import AccessUnit, Checkpoint, Flags, Kind
from media.codec import Codec
from models.training.scheduling import ordinary_scheduling
from tests.app.coding import AV1_OPTIONS
from wire import clock
from workers.media.picture import Picture

_NAMES = {
    Codec.H264: "libx264",
    Codec.VP8: "libvpx",
    Codec.VP9: "libvpx-vp9",
    Codec.AV1: "libsvtav1",
}


@lru_cache(maxsize=16)
def _texture(side: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    rng = np.random.default_rng(7)
    blurred = cv2.GaussianBlur(rng.integers(0, 256, (side, side), dtype=np.uint8), (0, 0), 3)
    return np.asarray(cv2.normalize(blurred, blurred, 16, 235, cv2.NORM_MINMAX), np.uint8)


def picture(index: int, width: int, height: int, *, noise: int = 0) -> Picture:
    """A texture that moves by two samples a frame, with noise of that amplitude."""
    made = Picture.blank(width, height)
    texture = _texture(max(width, height) + 64)
    shift = 2 * (index % 32)
    made.y[:] = texture[shift : shift + height, shift : shift + width]
    if noise:
        rng = np.random.default_rng(index)
        grain = rng.integers(-noise, noise + 1, made.y.shape, dtype=np.int16)
        made.y[:] = np.clip(made.y.astype(np.int16) + grain, 0, 255)
    made.u[:] = 110 + index % 16
    made.v[:] = 140 - index % 16
    return made


@dataclasses.dataclass(frozen=True)
class Clip:
    """What ``units`` codes."""

    codec: Codec = Codec.H264
    width: int = 64
    height: int = 48
    fps: float = 30.0
    frames: int = 30
    key_every: int = 1000
    first_pts: int = 1_000_000
    first_sequence: int = 0


def _context(clip: Clip) -> Any:
    context: Any = av.CodecContext.create(_NAMES[clip.codec], "w")
    context.width, context.height, context.pix_fmt = clip.width, clip.height, "yuv420p"
    context.time_base = Fraction(1, 90_000)
    context.framerate = Fraction(clip.fps).limit_denominator(1001)
    if clip.codec is not Codec.AV1:
        context.bit_rate = 800_000
    context.thread_count = 1
    if clip.codec is Codec.H264:
        context.options = {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "profile": "baseline",
            "forced-idr": "1",
            "x264-params": "keyint=infinite:scenecut=0:repeat-headers=1:annexb=1",
        }
    elif clip.codec is Codec.AV1:
        context.options = AV1_OPTIONS
        context.gop_size = 100_000
        with ordinary_scheduling():
            context.open()
    else:
        context.options = {
            "deadline": "realtime",
            "cpu-used": "-8",
            "lag-in-frames": "0",
            "g": "100000",
            "auto-alt-ref": "0",
        }
    return context


def units(clip: Clip) -> Iterator[AccessUnit]:
    """The clip's units, stamped as if they had just arrived."""
    context = _context(clip)
    for index in range(clip.frames):
        frame = picture(index, clip.width, clip.height).frame
        key = index % clip.key_every == 0
        frame.pts = round(index * 90_000 / clip.fps)
        frame.time_base = context.time_base
        frame.pict_type = PictureType.I if key else PictureType.NONE
        (packet,) = context.encode(frame)
        yield as_arrived(
            AccessUnit(
                kind=Kind.VIDEO,
                codec=clip.codec,
                flags=Flags.KEY if packet.is_keyframe else Flags.NONE,
                sequence=clip.first_sequence + index,
                pts=clip.first_pts + frame.pts,
                clock_rate=90_000,
                capture_us=0,
                arrival_us=0,
                payload=bytes(packet),
                width=clip.width,
                height=clip.height,
            )
        )


def as_arrived(unit: AccessUnit) -> AccessUnit:
    """The unit with times as if its last packet arrived now."""
    now_us = clock.now_us()
    return dataclasses.replace(
        unit,
        capture_us=now_us - 20_000,
        arrival_us=now_us,
        stamps=((Checkpoint.ARRIVED, now_us), (Checkpoint.LOGGED, now_us)),
    )
