"""Clips coded by libvpx as live encoders run it, and their decoded luma."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.video.frame import PictureType

from workers.bitstream.vp8 import Vp8Parser, warm_up
from workers.decode.decoder import UnitDecoder
from workers.media.picture import Picture

Luma = npt.NDArray[np.uint8]

LIVE = {"deadline": "realtime", "cpu-used": "-8", "lag-in-frames": "0", "auto-alt-ref": "0"}
RESILIENT = {**LIVE, "error-resilient": "default"}
LAYERS = {
    **RESILIENT,
    "ts-parameters": "ts_number_layers=2:ts_target_bitrate=400,800:ts_rate_decimator=2,1"
    ":ts_periodicity=2:ts_layer_id=0,1:ts_layering_mode=2",
}
"""Every other frame refreshes no buffer that a frame of the lower layer uses."""


@lru_cache(maxsize=8)
def texture(height: int, width: int, blur: float = 2.0) -> Luma:
    """Noise with detail of about that many samples."""
    rng = np.random.default_rng(7)
    blurred = cv2.GaussianBlur(rng.integers(0, 256, (height, width), dtype=np.uint8), (0, 0), blur)
    return np.asarray(cv2.normalize(blurred, blurred, 16, 235, cv2.NORM_MINMAX), np.uint8)


def still(frames: int, width: int, height: int) -> Iterator[Luma]:
    """The same picture again and again."""
    for _ in range(frames):
        yield texture(height, width)


def pan(frames: int, width: int, height: int, dx: int, dy: int) -> Iterator[Luma]:
    """What is at (x, y) was at (x + dx, y + dy) in the picture before."""
    reach = frames * max(abs(dx), abs(dy))
    wide = texture(height + 2 * reach, width + 2 * reach)
    for index in range(frames):
        top, left = reach + index * dy, reach + index * dx
        yield wide[top : top + height, left : left + width]


def busy(frames: int, width: int, height: int) -> Iterator[Luma]:
    """Noise over a still part, a moving one, and an object."""
    rng = np.random.default_rng(3)
    wide = texture(height + 200, width + 200)
    side = max(8, min(width, height) // 3)
    for index in range(frames):
        now = wide[:height, :width].astype(np.int16)
        middle = slice(height // 4, 3 * height // 4)
        now[middle] = wide[100 + index :, 150 - 5 * index % 100 :][: now[middle].shape[0], :width]
        x, y = 7 * index % max(1, width - side), 4 * index % max(1, height - side)
        now[y : y + side, x : x + side] = texture(height + 200, width + 200, 1.0)[:side, :side]
        yield np.clip(now + rng.integers(-3, 4, now.shape), 0, 255).astype(np.uint8)


def coded(
    lumas: Iterable[Luma], options: dict[str, str], *, kbps: int = 800, key_every: int = 10_000
) -> list[bytes]:
    """The frames; every ``key_every``-th is a key frame."""
    context: Any = None
    frames: list[bytes] = []
    for index, luma in enumerate(lumas):
        height, width = luma.shape
        if context is None:
            context = _context(width, height, kbps, options)
        picture = Picture.blank(width, height)
        picture.y[:] = luma
        picture.u[:] = 110 + index % 16
        picture.v[:] = 140 - index % 16
        frame = picture.frame
        frame.pts, frame.time_base = index, context.time_base
        frame.pict_type = PictureType.NONE if index % key_every else PictureType.I
        frames += [bytes(packet) for packet in context.encode(frame)]
    return frames + [bytes(packet) for packet in context.encode(None)]


def _context(width: int, height: int, kbps: int, options: dict[str, str]) -> Any:
    context: Any = av.CodecContext.create("libvpx", "w")
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.framerate = Fraction(1, 30), Fraction(30)
    context.bit_rate = 1000 * kbps
    context.thread_count = 1
    context.options = {"g": "100000", **options}
    return context


def decoded(decoder: UnitDecoder, payload: bytes) -> Luma | None:
    """The frame's luma, or None of a hidden frame."""
    pictures = decoder.decode(payload, 0)
    return pictures[0][1].y.copy() if pictures else None


def measure(frames: int = 60) -> None:
    """Prints what a frame of 640x360 takes: ``python -c "from tests.workers.bitstream.vp8_clips
    import measure; measure()"``; with NUMBA_DISABLE_JIT=1 before it, what the loops take
    uncompiled.
    """
    warm_up()
    print(f"compiled: {Vp8Parser.is_compiled}")
    for kbps in (300, 1500, 6000):
        units = coded(busy(frames, 640, 360), LIVE, kbps=kbps)
        best = np.full(frames, np.inf)
        for _ in range(5 if Vp8Parser.is_compiled else 1):
            parser = Vp8Parser()
            for index, unit in enumerate(units):
                begun = time.perf_counter()
                parser.parse(unit)
                best[index] = min(best[index], time.perf_counter() - begun)
        key, inter = 1000 * best[0], 1000 * best[1:]
        print(f"{kbps} kbit/s: key {key:.2f}, inter {inter.mean():.2f} to {inter.max():.2f} ms")
