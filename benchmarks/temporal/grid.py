"""Every method on every stream, frame by frame in turn, so that what else the machine does meets
all of them.
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.grid import say
from benchmarks.material import BITS_PER_PIXEL
from benchmarks.scores import flicker, vmaf
from benchmarks.temporal.coded import CODECS, Coded, coded_frames
from benchmarks.temporal.material import KINDS, LARGE, NORMAL, SCALE, Material, film, thumbnail
from benchmarks.temporal.methods import (
    FP32,
    HALF,
    METHODS,
    NOW_AND_THEN,
    SPARSE,
    TEMPORAL,
    Method,
    make_methods,
)
from models.manifest import load_manifest
from models.training.clip import Bytes
from models.training.codec import LiveEncoder
from workers.media.picture import Picture

__all__ = ["Cell", "Plan", "Track", "fill", "measure"]

FROM_INSIDE = (TEMPORAL, HALF)
"""Methods that need what the codec tells, and pay for reading it."""

Figures = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True, slots=True)
class Track:
    """One method over one stream."""

    frames: tuple[int, ...]
    "Numbers of the frames that it made."
    spent_ms: Figures
    "Time of each of them, all in all."
    net_ms: Figures
    "Part of that time within the net."
    runs: Figures
    "Times that the net ran."
    fraction: Figures
    "Multiply-adds of the net, over those of the net on all of the picture."
    inside: Figures
    "The same without the halos."
    errors: Figures = dataclasses.field(kw_only=True)
    "Mean squared error of luma; empty where there is no truth to judge by."
    vmaf: float = dataclasses.field(default=float("nan"), kw_only=True)
    "Mean over frames; nan where it is not known, as is the next."
    flicker: float = dataclasses.field(default=float("nan"), kw_only=True)

    def psnr(self, frames: Sequence[int] | None = None) -> float:
        """dB over all frames together, or over some."""
        known = dict(zip(self.frames, self.errors, strict=True))
        mean = float(np.mean([known[n] for n in frames] if frames is not None else self.errors))
        return float(10 * np.log10(255**2 / max(mean, 1e-6)))


@dataclasses.dataclass(frozen=True, slots=True)
class Cell:
    """One stream by all methods."""

    net: str
    kind: str
    size: str
    "Width and height as coded."
    is_large: bool
    codec: str
    changing: float
    "Fraction of the source's cells that change from one frame to the next."
    tracks: dict[str, Track]
    "Measurements by method."

    @property
    def is_judged(self) -> bool:
        """False where only work and time mean something."""
        return all(len(track.errors) == len(track.frames) for track in self.tracks.values())


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The plan of a run: nets, material and methods to measure."""

    nets: tuple[str, ...] = ("live-m", "live-s")
    kinds: tuple[str, ...] = tuple(KINDS)
    codecs: tuple[str, ...] = tuple(CODECS)
    has_large: bool = True
    frames: int = 150
    large_frames: int = 100
    every: int = 5
    "VMAF is taken of one frame in so many."


def fill(plan: Plan) -> list[Cell]:
    """Measures all cells, one after the other: nothing else may run here."""
    # What is compiled or loaded at first use is no part of a frame.
    begin = thumbnail(4)
    for net in plan.nets:
        measure(
            net,
            begin,
            list(coded_frames(begin, LiveEncoder("h264", BITS_PER_PIXEL))),
            "h264",
            every=4,
        )
    cells = []
    for kind, size, codec in _streams(plan):
        count = plan.frames if size == NORMAL else min(plan.frames, plan.large_frames)
        material = _filmed(kind, size, count)
        frames = list(coded_frames(material, LiveEncoder(codec, BITS_PER_PIXEL)))
        for net in plan.nets:
            # How int8 compares with floats does not depend on the size.
            names = tuple(name for name in METHODS if size == NORMAL or name != FP32)
            cell = measure(
                net,
                material,
                frames,
                codec,
                every=plan.every,
                is_large=size == LARGE,
                names=names,
            )
            say(f"{net}, {KINDS[kind]}, {material.size}, {codec}")
            cells.append(cell)
    return cells


def _streams(plan: Plan) -> Iterator[tuple[str, str, str]]:
    for kind in plan.kinds:
        for size in (NORMAL, LARGE) if plan.has_large and kind != "animation" else (NORMAL,):
            # What was enlarged only says how work and time grow: one codec is enough.
            is_true = size == NORMAL or kind in ("screen", "game")
            for codec in plan.codecs if is_true else plan.codecs[:1]:
                yield kind, size, codec


@lru_cache(maxsize=1)
def _filmed(kind: str, size: str, frames: int) -> Material:
    return film(kind, size, frames)


def measure(
    net: str,
    material: Material,
    frames: Sequence[Coded],
    codec: str,
    *,
    every: int,
    is_large: bool = False,
    names: Sequence[str] = METHODS,
) -> Cell:
    """One net on one stream; then, once time no longer matters, how good the pictures are. VMAF
    is taken of one frame in ``every``.
    """
    cv2.setNumThreads(1)
    height, width = material.small.shape[1:]
    methods = make_methods(load_manifest(net), width, height, names)
    runs = {name: _Run(material, len(frames), name) for name in methods}
    for index, coded in enumerate(frames):
        for name, method in methods.items():
            # In turn within each frame: a busy moment of the machine meets all methods alike.
            if name not in SPARSE or index % NOW_AND_THEN == 0:
                runs[name].step(index, coded, method)
    # Threads suffice: FFmpeg's processes do the work, and nothing is timed any more.
    with ThreadPoolExecutor(os.cpu_count() or 1) as workers:
        waiting = {name: workers.submit(run.track, every) for name, run in runs.items()}
        tracks = {name: each.result() for name, each in waiting.items()}
    return Cell(net, material.kind, material.size, is_large, codec, material.changing(), tracks)


class _Run:
    """One method on its way through one stream."""

    def __init__(self, material: Material, frames: int, name: str) -> None:
        self._material = material
        self._has_info = name in FROM_INSIDE
        self._is_sparse = name in SPARSE
        height, width = (SCALE * side for side in material.small.shape[1:])
        self._target = Picture.blank(width, height)
        count = -(-frames // NOW_AND_THEN) if self._is_sparse else frames
        self._made: Bytes = np.empty((count, height, width), np.uint8)
        self._frames: list[int] = []
        self._took: list[tuple[float, ...]] = []

    def step(self, index: int, coded: Coded, method: Method) -> None:
        begun = time.perf_counter()
        work = method.enhance(coded, self._target)
        spent = time.perf_counter() - begun + (coded.info_s if self._has_info else 0.0)
        # A copy after the clock was stopped: the target is filled anew by the next frame.
        self._made[len(self._frames)] = self._target.y
        self._frames.append(index)
        usage = work.usage
        inside = usage.inside / self._material.small[0].size
        times = (1e3 * spent, 1e3 * usage.spent_s)
        self._took.append((*times, usage.runs, work.fraction, inside))

    def track(self, every: int) -> Track:
        frames = tuple(self._frames)
        columns = [np.asarray(each) for each in zip(*self._took, strict=True)]
        track = Track(frames, *columns, errors=np.empty(0))
        if not self._material.is_true:
            return track
        truth = self._material.truth[list(frames)]
        errors = np.array([_error(a, b) for a, b in zip(truth, self._made, strict=True)])
        if self._is_sparse:
            return dataclasses.replace(track, errors=errors)
        return dataclasses.replace(
            track,
            errors=errors,
            vmaf=vmaf(truth, self._made, every=every),
            flicker=flicker(truth, self._made),
        )


def _error(truth: Bytes, got: Bytes) -> float:
    apart = np.subtract(truth, got, dtype=np.int16).astype(np.float32)
    return float(np.mean(apart * apart))
