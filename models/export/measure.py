"""Luma PSNR of a shipped graph over real live encoders, beside bicubic, by OpenVINO."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from models.export.graph import INPUT, PREVIOUS, STRENGTH
from models.manifest import Metric, Precision
from models.openvino_core import open_core
from models.training.clip import Bytes, Clip
from models.training.codec import CODECS, LiveEncoder, transcode
from models.training.downscale import reduce
from models.training.film import read_passage
from models.training.motion import move

__all__ = [
    "CLIPS",
    "FRAMES",
    "RATES",
    "OpenNet",
    "Upscaler",
    "bicubic",
    "measure_clip",
    "measure_upscalers",
    "psnr",
    "read_clip",
    "small_clip",
    "time_net",
]

CLIPS = ("handheld", "speaker", "motion", "screen", "animation")
RATES = (0.06, 0.12, 0.25)
FRAMES = 48

Upscaler = Callable[[Bytes], Bytes]
"""[H, W] luma to [sH, sW]; called with the frames of a clip in order."""


class OpenNet:
    """A graph compiled for one size and run over one clip, as a worker would."""

    def __init__(
        self,
        path: Path,
        height: int,
        width: int,
        *,
        scale: int = 2,
        threads: int = 1,
        strength: float = 0.0,
    ) -> None:
        core = open_core()
        model = core.read_model(str(path))
        names = {port.any_name for port in model.inputs}
        output = model.outputs[0].any_name
        shapes = {INPUT: [1, 1, height, width]}
        if PREVIOUS in names:
            shapes[PREVIOUS] = [1, 1, scale * height, scale * width]
        model.reshape(shapes)
        self.scale = scale
        options = {
            "INFERENCE_NUM_THREADS": threads,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",  # as in workers/engines/openvino.py
        }
        self._request = core.compile_model(model, "CPU", options).create_infer_request()
        self._output = output
        self._feeds: dict[str, Any] = {}
        if STRENGTH in names:
            self._feeds[STRENGTH] = np.array([strength], np.float32)
        self._is_temporal = PREVIOUS in names
        self._last: tuple[Bytes, Bytes] | None = None

    def __call__(self, luma: Bytes) -> Bytes:
        feeds = {**self._feeds, INPUT: luma[None, None]}
        if self._is_temporal:
            feeds[PREVIOUS] = self._previous(luma)[None, None]
        result: Any = self._request.infer(feeds)[self._output]
        enhanced = np.array(result[0, 0])
        if self._is_temporal:
            self._last = luma.copy(), enhanced
        return enhanced

    def forget(self) -> None:
        """As before the first frame."""
        self._last = None

    def _previous(self, luma: Bytes) -> Bytes:
        if self._last is None:
            return bicubic(luma, self.scale)
        before, enhanced = self._last
        return move(enhanced, before, luma)


def bicubic(luma: Bytes, scale: int) -> Bytes:
    """OpenCV's."""
    height, width = luma.shape
    size = (scale * width, scale * height)
    return np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def time_net(path: Path, height: int, width: int, *, scale: int = 2, calls: int = 60) -> float:
    """Median milliseconds of a call on one thread, without what finds the motion."""
    enhance = OpenNet(path, height, width, scale=scale)
    luma = np.random.default_rng(0).integers(0, 256, (height, width), np.uint8)
    spent = []
    for _ in range(calls):
        enhance.forget()
        start = time.perf_counter()
        enhance(luma)
        spent.append(1e3 * (time.perf_counter() - start))
    return float(np.median(spent))


def read_clip(folder: Path, name: str, frames: int = FRAMES) -> Clip:
    """One ground-truth clip of `tests/data/clips`."""
    return read_passage(folder / f"{name}.mp4", 0, frames)


def small_clip(clip: Clip, scale: int) -> tuple[Clip, Bytes, Bytes]:
    """The clip cut to whole cells, its luma reduced by area, and chroma at half that size."""
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


def measure_clip(
    name: str,
    clip: Clip,
    nets: dict[Precision, Path],
    *,
    scale: int = 2,
    rates: Sequence[float] = RATES,
    codecs: Sequence[str] = CODECS,
) -> list[Metric]:
    """A row for each codec and rate, faithful look. The PSNR is that of the clip's mean squared
    error.
    """
    make = {
        key: lambda height, width, path=path: OpenNet(path, height, width, scale=scale)
        for key, path in nets.items()
    }
    return measure_upscalers(name, clip, make, scale=scale, rates=rates, codecs=codecs)  # type: ignore[arg-type]


def measure_upscalers(
    name: str,
    clip: Clip,
    make: dict[Precision, Callable[[int, int], Upscaler]],
    *,
    scale: int = 2,
    rates: Sequence[float] = RATES,
    codecs: Sequence[str] = CODECS,
) -> list[Metric]:
    """The same for whatever takes a decoded height and width and then frame after frame."""
    cut, small, chroma = small_clip(clip, scale)
    height, width = small.shape[1:]
    rows = []
    for codec in codecs:
        for rate in rates:
            seen, _ = transcode(small, chroma, clip.fps, LiveEncoder(codec, rate))
            scores = {
                key: round(psnr(seen, cut.luma, upscale(height, width)), 3)
                for key, upscale in make.items()
            }
            plain = psnr(seen, cut.luma, lambda luma: bicubic(luma, scale))
            rows.append(Metric(name, codec, rate, round(plain, 3), scores))
    return rows


def psnr(seen: Bytes, truth: Bytes, upscale: Upscaler) -> float:
    """dB over all frames together, after upscaling each."""
    errors = [
        np.mean((upscale(x).astype(np.float32) - y) ** 2) for x, y in zip(seen, truth, strict=True)
    ]
    return float(10 * np.log10(255**2 / max(float(np.mean(errors)), 1e-6)))
