"""A small picture that is enhanced against a large one, both at the same uplink bit rate."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import bjontegaard
import cv2
import numpy as np
import torch

from benchmarks.grid import measure_all
from benchmarks.quality.methods import SCALE
from benchmarks.scores import Scores, score
from models.manifest import load_manifest, model_file
from models.measure.graph_runner import OpenNet, bicubic
from models.measure.held_out_clips import CLIPS, read_clip, small_clip
from models.measure.kinds import mean_of_kinds
from models.training.clip import Bytes
from models.training.codec import LiveEncoder, transcode

__all__ = ["CODECS", "RATES", "WAYS", "Point", "bd_rate", "sweep"]

RATES = (0.012, 0.02, 0.035, 0.06, 0.1)
"""Bits for each pixel of the large picture; 0.035 of 960x540 at 30 frames are 544 kbit/s."""

CODECS = ("h264", "vp8")
LARGE, PLAIN = "sent large", "sent small, bicubic"
WAYS = (LARGE, PLAIN, "sent small, live-s", "sent small, live-m", "sent small, live-m crisp")


@dataclass(frozen=True, slots=True)
class Point:
    """One clip sent in one way."""

    way: str
    clip: str
    codec: str
    kbps: float
    """Bitrate that the encoder really spent."""
    scores: Scores


def sweep(folder: Path, frames: int, jobs: int) -> list[Point]:
    """Measures every clip by every codec, rate and way."""
    cells = [
        (folder, frames, clip, codec, rate) for clip in CLIPS for codec in CODECS for rate in RATES
    ]
    return [point for each in measure_all(_send, cells, jobs, "uplink") for point in each]


def bd_rate(points: list[Point], way: str, measure: str) -> float | None:
    """Bits that `way` needs more (or less: negative) than the large picture for the same
    `measure`, in percent: mean of kinds of Bjontegaard's delta (VCEG-M33, with Akima
    interpolation) over the clips and codecs in which every way's curve overlaps the large
    picture's, so that all ways are judged by the same. None where there are none.
    """
    deltas: list[tuple[str, float]] = []
    for clip in CLIPS:
        for codec in CODECS:
            curves = {each: _curve(points, each, clip, codec, measure) for each in WAYS}
            if all(_overlap(curves[LARGE], curve) for curve in curves.values()):
                delta = bjontegaard.bd_rate(
                    *curves[LARGE],
                    *curves[way],
                    method="akima",
                    require_matching_points=False,
                    min_overlap=0,
                )
                if np.isfinite(delta):
                    deltas.append((clip, float(delta)))
    return mean_of_kinds(deltas) if deltas else None


def _curve(
    points: list[Point], way: str, clip: str, codec: str, measure: str
) -> tuple[list[float], list[float]]:
    mine = [p for p in points if (p.way, p.clip, p.codec) == (way, clip, codec)]
    best = -np.inf
    rates, values = [], []
    for point in sorted(mine, key=lambda p: p.kbps):
        value = getattr(point.scores, measure)
        # Rate control is no exact science: a dearer point that is no better is no point.
        if value > best:
            best = value
            rates.append(point.kbps)
            values.append(value)
    return rates, values


def _overlap(
    anchor: tuple[list[float], list[float]], test: tuple[list[float], list[float]]
) -> bool:
    # Two points make no curve.
    if min(len(anchor[0]), len(test[0])) < 3:
        return False
    return max(anchor[1][0], test[1][0]) < min(anchor[1][-1], test[1][-1])


def _send(folder: Path, frames: int, clip: str, codec: str, rate: float) -> list[Point]:
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    original = read_clip(folder, clip, frames)
    cut, small, chroma = small_clip(original, SCALE)
    truth = cut.luma
    # Chroma of the large picture has half its width and height (4:2:0).
    half = (truth.shape[2] // 2, truth.shape[1] // 2)
    wide = np.stack([np.stack([cv2.resize(p, half) for p in frame]) for frame in original.chroma])
    large, large_bpp = transcode(truth, wide.astype(np.uint8), cut.fps, LiveEncoder(codec, rate))
    # A quarter of the pixels at four times the bits for each: the same uplink.
    per_small = LiveEncoder(codec, rate * SCALE**2)
    seen, small_bpp = transcode(small, chroma, cut.fps, per_small)
    pixels = truth.shape[1] * truth.shape[2]
    rates = (large_bpp * pixels, small_bpp * pixels / SCALE**2)
    large_kbps, small_kbps = (bits * cut.fps / 1000 for bits in rates)
    points = [Point(LARGE, clip, codec, large_kbps, score(truth, large, every=2))]
    for way in WAYS[1:]:
        made = _enlarge(way, seen)
        points.append(Point(way, clip, codec, small_kbps, score(truth, made, every=2)))
    return points


def _enlarge(way: str, seen: Bytes) -> Bytes:
    if way == PLAIN:
        return np.stack([bicubic(frame, SCALE) for frame in seen])
    name, *crisp = way.removeprefix("sent small, ").split()
    path = model_file(load_manifest(name))
    net = OpenNet(path, *seen.shape[1:], scale=SCALE, strength=1.0 if crisp else 0.0)
    return np.stack([net(frame) for frame in seen])
