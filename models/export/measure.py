"""Luma PSNR of a shipped graph over real live encoders, beside bicubic, by OpenVINO."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import openvino

from models.manifest import Metric, Precision
from models.training.clip import Bytes, Clip
from models.training.codec import CODECS, LiveEncoder, transcode
from models.training.downscale import halve
from models.training.film import read_passage

__all__ = [
    "CLIPS",
    "RATES",
    "Upscaler",
    "measure_clip",
    "open_net",
    "psnr",
    "read_clip",
    "time_net",
]

CLIPS = ("handheld", "speaker", "motion", "screen", "animation")
RATES = (0.06, 0.12, 0.25)
FRAMES = 48

Upscaler = Callable[[Bytes], Bytes]
"""[H, W] luma to [2H, 2W]."""


def open_net(path: Path, height: int, width: int, threads: int = 1) -> Upscaler:
    """The graph compiled for one size, which must be a multiple of the manifest's size_multiple."""
    core = openvino.Core()
    model = core.read_model(str(path))
    model.reshape([1, 1, height, width])
    options = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
    request = core.compile_model(model, "CPU", options).create_infer_request()

    def enhance(luma: Bytes) -> Bytes:
        result: Any = request.infer({0: luma[None, None]})[0]
        return np.array(result[0, 0])

    return enhance


def time_net(path: Path, height: int, width: int, calls: int = 60) -> float:
    """Median milliseconds of a call on one thread."""
    enhance = open_net(path, height, width)
    luma = np.random.default_rng(0).integers(0, 256, (height, width), np.uint8)
    spent = []
    for _ in range(calls):
        start = time.perf_counter()
        enhance(luma)
        spent.append(1e3 * (time.perf_counter() - start))
    return float(np.median(spent))


def read_clip(folder: Path, name: str, frames: int = FRAMES) -> Clip:
    """One ground-truth clip of `tests/data/clips`."""
    return read_passage(folder / f"{name}.mp4", 0, frames)


def measure_clip(
    name: str,
    clip: Clip,
    nets: dict[Precision, Path],
    rates: Sequence[float] = RATES,
    codecs: Sequence[str] = CODECS,
) -> list[Metric]:
    """A row for each codec and rate. The clip is halved by area; the PSNR is that of the clip's
    mean squared error.
    """
    small = np.stack([halve(frame, "area") for frame in clip.luma])
    opened = {key: open_net(path, *small.shape[1:]) for key, path in nets.items()}
    rows = []
    for codec in codecs:
        for rate in rates:
            seen, _ = transcode(small, clip.chroma, clip.fps, LiveEncoder(codec, rate))
            scores = {key: round(psnr(seen, clip.luma, net), 3) for key, net in opened.items()}
            rows.append(
                Metric(name, codec, rate, round(psnr(seen, clip.luma, _bicubic), 3), scores)
            )
    return rows


def psnr(seen: Bytes, truth: Bytes, upscale: Upscaler) -> float:
    """dB over all frames together, after upscaling each."""
    errors = [
        np.mean((upscale(x).astype(np.float32) - y) ** 2) for x, y in zip(seen, truth, strict=True)
    ]
    return float(10 * np.log10(255**2 / max(float(np.mean(errors)), 1e-6)))


def _bicubic(luma: Bytes) -> Bytes:
    height, width = luma.shape
    large = cv2.resize(luma, (2 * width, 2 * height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(large, np.uint8)
