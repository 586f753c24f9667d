"""Gain over a minute of the net that sees its own last picture: errors must not build up."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from benchmarks.grid import measure_all
from benchmarks.material import BITS_PER_PIXEL, back_and_forth
from benchmarks.quality.grid import middle
from benchmarks.quality.methods import SCALE
from models.manifest import load_manifest, model_file
from models.measure.graph_runner import OpenNet, bicubic
from models.measure.held_out_clips import read_clip, small_clip
from models.training.clip import Bytes
from models.training.codec import LiveEncoder, transcode

__all__ = ["NETS", "GainOverTime", "follow"]

CRISP = ", crisp"
NETS = {"live-m": 0.0, "live-t": 0.0, "live-t" + CRISP: 1.0}
"""Single frames, and with the previous picture; their strengths."""

CLIPS = ("handheld", "screen", "animation")

SECONDS = 60


@dataclass(frozen=True, slots=True)
class GainOverTime:
    """One clip, run back and forth for a minute."""

    clip: str
    gain_db: dict[str, list[float]]
    """Gain over bicubic in each second, by net and style."""


def follow(folder: Path, jobs: int) -> list[GainOverTime]:
    """Measures every clip by every net."""
    found = measure_all(_follow, [(folder, clip) for clip in CLIPS], jobs, "stability")
    return sorted(found, key=lambda each: CLIPS.index(each.clip))


def _follow(folder: Path, name: str) -> GainOverTime:
    cv2.setNumThreads(1)
    original = middle(read_clip(folder, name))
    cut, small, chroma = small_clip(original, SCALE)
    order = back_and_forth(len(small), SECONDS * cut.fps)
    seen, _ = transcode(small[order], chroma[order], cut.fps, LiveEncoder("h264", BITS_PER_PIXEL))
    truth = cut.luma[order]
    plain = [_error(bicubic(x, SCALE), y) for x, y in zip(seen, truth, strict=True)]
    gains = {}
    for net, strength in NETS.items():
        path = model_file(load_manifest(net.removesuffix(CRISP)))
        run = OpenNet(path, *small.shape[1:], scale=SCALE, strength=strength)
        errors = [_error(run(x), y) for x, y in zip(seen, truth, strict=True)]
        gains[net] = _by_second(plain, errors, cut.fps)
    return GainOverTime(name, gains)


def _error(got: Bytes, truth: Bytes) -> float:
    return float(np.mean((got.astype(np.float32) - truth) ** 2))


def _by_second(plain: list[float], errors: list[float], fps: int) -> list[float]:
    # Errors are averaged by the second before the logarithm; the bound keeps equal pictures finite.
    a, b = (np.array(x).reshape(SECONDS, fps).mean(1) for x in (plain, errors))
    return [round(float(x), 3) for x in 10 * np.log10(a / np.maximum(b, 1e-6))]
