"""Whether the net that sees its own last picture stays as good over a minute."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from benchmarks.ping_pong import back_and_forth
from benchmarks.quality.grid import middle
from benchmarks.quality.methods import SCALE
from benchmarks.quality.pool import pool
from models.manifest import load_manifest, model_file
from models.measure.graph_runner import OpenNet, bicubic
from models.measure.held_out_clips import read_clip, small_clip
from models.training.clip import Bytes
from models.training.codec import LiveEncoder, transcode

__all__ = ["NETS", "Course", "follow"]

CRISP = ", crisp"
NETS = {"live-m": 0.0, "live-t": 0.0, "live-t" + CRISP: 1.0}
"""Single frames, and with the previous picture; their strengths."""

CLIPS = ("handheld", "screen", "animation")

SECONDS = 60
BPP = 0.12


@dataclass(frozen=True, slots=True)
class Course:
    """One clip, run back and forth for a minute."""

    clip: str
    gain_db: dict[str, list[float]]
    """Net, look to the gain over bicubic in each second."""


def follow(folder: Path, jobs: int, report: Callable[[str], None]) -> list[Course]:
    """Every clip by every net."""
    courses = []
    with pool(jobs) as workers:
        for course in workers.map(_follow, [folder] * len(CLIPS), CLIPS):
            courses.append(course)
            report(f"stability: {course.clip}")
    return courses


def _follow(folder: Path, name: str) -> Course:
    cv2.setNumThreads(1)
    original = middle(read_clip(folder, name))
    cut, small, chroma = small_clip(original, SCALE)
    order = back_and_forth(len(small), SECONDS * cut.fps)
    seen, _ = transcode(small[order], chroma[order], cut.fps, LiveEncoder("h264", BPP))
    truth = cut.luma[order]
    plain = [_error(bicubic(x, SCALE), y) for x, y in zip(seen, truth, strict=True)]
    gains = {}
    for net, strength in NETS.items():
        path = model_file(load_manifest(net.removesuffix(CRISP)))
        run = OpenNet(path, *small.shape[1:], scale=SCALE, strength=strength)
        errors = [_error(run(x), y) for x, y in zip(seen, truth, strict=True)]
        gains[net] = _by_second(plain, errors, cut.fps)
    return Course(name, gains)


def _error(got: Bytes, truth: Bytes) -> float:
    return float(np.mean((got.astype(np.float32) - truth) ** 2))


def _by_second(plain: list[float], errors: list[float], fps: int) -> list[float]:
    a, b = (np.array(x).reshape(SECONDS, fps).mean(1) for x in (plain, errors))
    return [round(float(x), 3) for x in 10 * np.log10(a / np.maximum(b, 1e-6))]
