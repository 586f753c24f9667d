"""Half the size sent and enlarged on the way against the full size sent, both at the viewer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from benchmarks.grid import measure_all
from benchmarks.quality.at_viewer import Enlarger, enlargers
from benchmarks.quality.grid import middle
from benchmarks.quality.methods import SCALE
from benchmarks.quality.viewer_encode import encode_digest, enlarge_chroma, reach_viewers
from benchmarks.scores import Scores, score
from models.measure.held_out_clips import CLIPS, read_clip, small_clip
from models.training.clip import Bytes
from models.training.codec import LiveEncoder, transcode, transcode_planes

__all__ = ["CODECS", "KBPS", "LARGE", "RATES", "Point", "Uplink", "sweep", "ways"]

PIXELS_A_SECOND = 640 * 360 * 30
"""Bitrates are given for this picture, also of clips that are smaller or slower."""

KBPS = (80, 140, 250, 450, 800)
"""Uplinks, in kbit/s for 640x360 at 30 frames."""

RATES = tuple(1000 * kbps / PIXELS_A_SECOND for kbps in KBPS)
"""Bits for each pixel of the large picture."""

CODECS = ("h264", "vp8")
LARGE = "full size, forwarded"


@dataclass(frozen=True, slots=True)
class Point:
    """One clip sent in one way."""

    way: str
    clip: str
    codec: str
    kbps: float
    """Bitrate of the uplink that was spent, for 640x360 at 30 frames."""
    scores: Scores
    """Scores at the viewer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Uplink:
    """The measurements to make."""

    clips: Path
    work: Path
    frames: int
    models: Sequence[str]
    codecs: Sequence[str] = CODECS


def ways(models: Sequence[str]) -> dict[str, Enlarger]:
    """Returns what enlarges the half size: bicubic interpolation, and the models as they ship."""
    # A model's default style comes after its faithful one, and takes its place.
    last = {each.model: each for each in enlargers(models, SCALE)}
    return {f"half size, {each.name}": each for each in last.values()}


def sweep(uplink: Uplink, jobs: int) -> list[Point]:
    """Measures every clip by every codec, rate and way; takes from disk what was measured."""
    uplink.work.mkdir(parents=True, exist_ok=True)
    cells = [
        (uplink, clip, codec, rate) for clip in CLIPS for codec in uplink.codecs for rate in RATES
    ]
    return [point for each in measure_all(_send, cells, jobs, "uplink") for point in each]


def _send(uplink: Uplink, clip: str, codec: str, rate: float) -> list[Point]:
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    original = middle(read_clip(uplink.clips, clip, uplink.frames))
    cut, small, chroma = small_clip(original, SCALE)
    each = {LARGE: None, **ways(uplink.models)}
    paths = {
        way: uplink.work / _name(uplink, clip, codec, rate, way, by) for way, by in each.items()
    }
    if not paths[LARGE].exists():
        luma, bpp = transcode(
            cut.luma, _chroma_of_large(original.chroma, cut.luma), cut.fps, LiveEncoder(codec, rate)
        )
        _keep(paths[LARGE], LARGE, clip, codec, bpp, score(cut.luma, luma, every=3))
    # A quarter of the pixels at four times the bits for each: the same uplink.
    seen, colour, bpp = transcode_planes(
        small, chroma, cut.fps, LiveEncoder(codec, rate * SCALE**2)
    )
    for way, by in each.items():
        if by is not None and not paths[way].exists():
            made = by.enlarge(seen)
            reached = reach_viewers(made, enlarge_chroma(colour, SCALE), cut.fps)
            found = score(cut.luma, reached.luma, every=3)
            _keep(paths[way], way, clip, codec, bpp / SCALE**2, found)
    return [_read(path) for path in paths.values()]


def _chroma_of_large(quarter: Bytes, luma: Bytes) -> Bytes:
    """Chroma of the large picture has half its width and height (4:2:0)."""
    half = (luma.shape[2] // 2, luma.shape[1] // 2)
    return np.array([[cv2.resize(p, half) for p in frame] for frame in quarter], np.uint8)


def _name(uplink: Uplink, clip: str, codec: str, rate: float, way: str, by: Enlarger | None) -> str:
    held = hashlib.sha256((uplink.clips / f"{clip}.mp4").read_bytes()).hexdigest()[:8]
    text = f"{way} {by} {by.digest if by else ''} {held} {encode_digest() if by else ''}"
    key = hashlib.sha256(f"{text} {uplink.frames}".encode()).hexdigest()[:16]
    return f"uplink-{clip}-{codec}-{rate:.4f}-{key}.json"


def _keep(path: Path, way: str, clip: str, codec: str, bpp: float, scores: Scores) -> None:
    point = Point(way, clip, codec, bpp * PIXELS_A_SECOND / 1000, scores)
    path.write_text(json.dumps(asdict(point)))


def _read(path: Path) -> Point:
    held = json.loads(path.read_text())
    return Point(**{**held, "scores": Scores(**held["scores"])})
