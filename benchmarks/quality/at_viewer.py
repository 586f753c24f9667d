"""Every shipped net before and after the viewer's encode; what was found stays on disk."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from benchmarks.grid import measure_all
from benchmarks.perceptual import colour_video_vdp, ssimulacra2
from benchmarks.quality.grid import middle
from benchmarks.quality.viewer_encode import encode_digest, enlarge_chroma, reach_viewers
from benchmarks.scores import Scores, score
from models.manifest import load_manifest, model_file
from models.measure.graph_runner import OpenNet, bicubic
from models.measure.held_out_clips import CLIPS, read_clip, small_clip
from models.training.clip import Bytes
from models.training.codec import LiveEncoder, transcode_planes
from wire.settings import Settings

__all__ = ["BICUBIC", "USUAL_RATE", "Cell", "Enlarger", "Passed", "Sweep", "enlargers", "pass_on"]

BICUBIC = "bicubic"
USUAL_RATE = 0.12
"""Bits for each pixel of the sent picture at which the slow scores are taken, and other scales."""


@dataclass(frozen=True, slots=True)
class Enlarger:
    """A way to enlarge a picture: bicubic interpolation, or a net in one style."""

    name: str
    scale: int
    model: str = ""
    "Empty: bicubic interpolation."
    strength: float = 0.0

    def enlarge(self, seen: Bytes) -> Bytes:
        """Enlarges the luma of a clip."""
        if not self.model:
            return np.stack([bicubic(frame, self.scale) for frame in seen])
        path = model_file(load_manifest(self.model))
        net = OpenNet(path, *seen.shape[1:], scale=self.scale, strength=self.strength)
        return np.stack([net(frame) for frame in seen])

    @property
    def digest(self) -> str:
        """Changes with the weights."""
        manifest = load_manifest(self.model) if self.model else None
        return manifest.files[manifest.default_precision].sha256[:16] if manifest else ""


@dataclass(frozen=True, slots=True)
class Cell:
    """A clip as it is sent to the worker."""

    clip: str
    codec: str
    bpp: float
    "Bits for each pixel of the sent picture."
    scale: int = 2


@dataclass(frozen=True, slots=True)
class Passed:
    """One enlarger on one cell."""

    method: str
    cell: Cell
    before: Scores
    after: Scores
    "Scores at the viewer."
    kbps: float
    "Bitrate of the viewer's encode."
    ms: float
    "Its time for a frame."


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """The measurements to make."""

    clips: Path
    work: Path
    frames: int
    every: int
    "VMAF is taken of one frame in so many."
    models: Sequence[str]
    codecs: Sequence[str]
    rates: Sequence[float]
    others: Sequence[str] = ()
    "Models of other scales: H.264 at the usual rate alone."

    def cells(self) -> list[Cell]:
        """All of them, the usual rate first, so that an interrupted run has the most of use."""
        rates = sorted(self.rates, key=lambda rate: abs(rate - USUAL_RATE))
        found = [Cell(clip, codec, r) for r in rates for codec in self.codecs for clip in CLIPS]
        scales = sorted({load_manifest(name).scale for name in self.others})
        return found + [Cell(c, "h264", USUAL_RATE, scale) for scale in scales for c in CLIPS]


def enlargers(models: Sequence[str], scale: int) -> list[Enlarger]:
    """Returns bicubic interpolation and every model of that scale, faithful and as it ships."""
    usual = Settings.model_construct().strength
    found = [Enlarger(BICUBIC, scale)]
    for model in models:
        manifest = load_manifest(model)
        if manifest.scale == scale:
            found.append(Enlarger(f"{model} faithful", scale, model))
            if manifest.strength:
                found.append(Enlarger(f"{model} default style", scale, model, usual))
    return found


def pass_on(sweep: Sweep, jobs: int) -> list[Passed]:
    """Measures all cells; takes from disk what was measured before."""
    sweep.work.mkdir(parents=True, exist_ok=True)
    # SVT-AV1 tells its whole configuration each time else.
    os.environ.setdefault("SVT_LOG", "1")
    cells = [(sweep, cell) for cell in sweep.cells()]
    found = [each for many in measure_all(_cell, cells, jobs, "at the viewer") for each in many]
    places = {cell: number for number, (_, cell) in enumerate(cells)}
    return sorted(found, key=lambda each: places[each.cell])


def _cell(sweep: Sweep, cell: Cell) -> list[Passed]:
    # One thread for each cell: cells run side by side, one per core.
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    methods = enlargers([*sweep.models, *sweep.others], cell.scale)
    paths = {each.name: sweep.work / _name(sweep, cell, each) for each in methods}
    material = None
    found = []
    for each in methods:
        path = paths[each.name]
        if not path.exists():
            material = material or _material(sweep, cell)
            path.write_text(json.dumps(asdict(_judge(sweep, cell, each, *material))))
        found.append(_read(path))
    return found


def _name(sweep: Sweep, cell: Cell, each: Enlarger) -> str:
    clip = hashlib.sha256((sweep.clips / f"{cell.clip}.mp4").read_bytes()).hexdigest()[:8]
    text = f"{each} {each.digest} {clip} {encode_digest()} {sweep.frames} {sweep.every}"
    key = hashlib.sha256(text.encode()).hexdigest()[:16]
    return f"viewer-{cell.clip}-{cell.codec}-{cell.bpp}-x{cell.scale}-{key}.json"


def _read(path: Path) -> Passed:
    held = json.loads(path.read_text())
    scores = {name: Scores(**held[name]) for name in ("before", "after")}
    return Passed(**{**held, **scores, "cell": Cell(**held["cell"])})


def _material(sweep: Sweep, cell: Cell) -> tuple[Bytes, Bytes, Bytes, int]:
    """Returns luma as it was filmed, and luma and chroma as the worker decodes them."""
    original = middle(read_clip(sweep.clips, cell.clip, sweep.frames))
    cut, small, chroma = small_clip(original, cell.scale)
    encoder = LiveEncoder(cell.codec, cell.bpp)
    seen, colour, _ = transcode_planes(small, chroma, original.fps, encoder)
    return cut.luma, seen, colour, original.fps


def _judge(
    sweep: Sweep, cell: Cell, each: Enlarger, truth: Bytes, seen: Bytes, colour: Bytes, fps: int
) -> Passed:
    made = each.enlarge(seen)
    reached = reach_viewers(made, enlarge_chroma(colour, cell.scale), fps)
    is_slow = cell.bpp == USUAL_RATE
    before, after = (_score(truth, got, fps, sweep.every, is_slow) for got in (made, reached.luma))
    return Passed(each.name, cell, before, after, reached.kbps, reached.ms)


def _score(truth: Bytes, got: Bytes, fps: int, every: int, is_slow: bool) -> Scores:
    scores = score(truth, got, every=every)
    if not is_slow:
        return scores
    return dataclasses.replace(
        scores,
        cvvdp=colour_video_vdp(truth, got, fps),
        ssimulacra2=ssimulacra2(truth, got),
    )
