"""Every method over every clip, codec and bit rate; what was found stays on disk, so that an
interrupted run goes on.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import torch

from benchmarks.grid import measure_all
from benchmarks.quality.methods import SCALE, Method, basicvsr_official, find_methods
from benchmarks.scores import Scores, score
from models.measure.gain import RATES
from models.measure.held_out_clips import CLIPS, read_clip, small_clip
from models.training.clip import Bytes, Clip
from models.training.codec import CODECS, LiveEncoder, transcode

__all__ = ["PART", "Found", "Plan", "fill", "identity", "middle"]

PART = (360, 640)
"""Height and width of what is judged, at most."""

OFFICIAL_FRAMES = 8
"""The official two-way net takes seconds for a frame: it sees the first ones of h264 alone."""


@dataclass(frozen=True, slots=True)
class Found:
    """One cell of one row."""

    method: str
    clip: str
    codec: str
    bpp: float
    scores: Scores


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    clips: Path
    baselines: Path
    official: Path | None
    """BasicVSR_REDS4.pth, where it is there."""
    work: Path
    """Takes what was found."""
    frames: int
    every: int
    """VMAF is taken of one frame in so many."""


def fill(plan: Plan, jobs: int) -> list[Found]:
    """Measures all cells; takes from disk what was measured before."""
    plan.work.mkdir(parents=True, exist_ok=True)
    cells = [(plan, clip, codec, rate) for clip in CLIPS for codec in CODECS for rate in RATES]
    return [found for each in measure_all(_cell, cells, jobs, "quality") for found in each]


def identity(method: Method, frames: int, every: int) -> str:
    """Changes with whatever would change the figures."""
    text = f"{method.name} {method.digest} {frames} {every}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _cell(plan: Plan, clip: str, codec: str, rate: float) -> list[Found]:
    # One thread for each cell: cells run side by side, one per core.
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    methods = find_methods(plan.baselines, lambda _: None)
    if plan.official is not None and codec == "h264":
        methods.append(basicvsr_official(plan.official))
    known = {m.name: _known(plan, m, clip, codec, rate) for m in methods}
    found = []
    pictures: tuple[Bytes, Bytes] | None = None
    for method in methods:
        scores, path = known[method.name]
        if scores is None:
            pictures = pictures or _pictures(plan, clip, codec, rate)
            scores = _judge(plan, method, *pictures)
            path.write_text(json.dumps(asdict(scores)))
        found.append(Found(method.name, clip, codec, rate, scores))
    return found


def _known(
    plan: Plan, method: Method, clip: str, codec: str, rate: float
) -> tuple[Scores | None, Path]:
    key = f"{clip}-{codec}-{rate}-{identity(method, plan.frames, plan.every)}.json"
    path = plan.work / key
    return (Scores(**json.loads(path.read_text())) if path.exists() else None), path


def _pictures(plan: Plan, clip: str, codec: str, rate: float) -> tuple[Bytes, Bytes]:
    original = middle(read_clip(plan.clips, clip, plan.frames))
    cut, small, chroma = small_clip(original, SCALE)
    return cut.luma, transcode(small, chroma, original.fps, LiveEncoder(codec, rate))[0]


def middle(clip: Clip) -> Clip:
    """Its middle, at most as large as PART, pixels as they are: every clip costs about the same."""
    height, width = (min(pair) for pair in zip(PART, clip.luma.shape[1:], strict=True))
    # Multiples of four, so that chroma and the halved picture are cut at whole samples.
    top, left = ((clip.luma.shape[1] - height) // 8 * 4, (clip.luma.shape[2] - width) // 8 * 4)
    luma = clip.luma[:, top : top + height, left : left + width]
    rows, columns = slice(top // 4, (top + height) // 4), slice(left // 4, (left + width) // 4)
    return Clip(luma, clip.chroma[..., rows, columns], clip.fps)


def _judge(plan: Plan, method: Method, truth: Bytes, seen: Bytes) -> Scores:
    if method.name.startswith("BasicVSR official"):
        truth, seen = truth[:OFFICIAL_FRAMES], seen[:OFFICIAL_FRAMES]
    made = method.make(*seen.shape[1:])(seen)
    return score(truth, made, every=plan.every)
