"""Clips sent at several sizes and rates, enhanced, encoded for the viewer and scored."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from benchmarks.grid import measure_all
from benchmarks.scores import neg, psnr
from models.manifest import load_manifest, model_file
from models.measure.graph_runner import OpenNet
from models.training.clip import Bytes, Clip
from models.training.codec import LiveEncoder, transcode
from models.training.film import read_passage
from wire.bitrates import BitrateTable
from wire.settings import Settings

CLIPS = ("coffee_pour", "asl_woman", "toy_blocks", "dog_walk")
"""The first two are for validation, the others are trained on; none is in a chart of the docs."""

CODECS = ("h264", "vp8")
FILTERED_SIZE = "1/2"

FRAMES = 30
VMAF_EVERY = 3
PIXELS = 640 * 360
"""Picture size that ``RATES`` are for; other clips get them by their pixels."""

RATES = (80, 160, 320, 560, 900, 1600)
"""Uplink rates in kbit/s at 30 fps."""

FULL = Fraction(1)
NETS = {Fraction(3, 4): "live-s", Fraction(1, 2): "live-s", Fraction(1, 3): "live-s"}
"""Net that enhances each size, the default one: its picture has twice the sides, and the player
scales it to the size of the original."""

PRECISION: Literal["int8"] = "int8"

UNIT = 24
"""Sides are cut to multiples of this, so that every size has even sides."""

FILTERS = ("", "gauss 0.4", "gauss 0.6", "temporal")
"""Filters before sending that were tried, by name."""


@dataclasses.dataclass(frozen=True, slots=True)
class Point:
    """One clip sent in one way."""

    clip: str
    codec: str
    size: str
    "Fraction of the sides, such as 1/2."
    filter: str
    "Name of the filter before sending; empty for none."
    asked_kbps: int
    "Rate of ``RATES`` that the encoder was given, for 640x360."
    bpp: float
    "Bits that the uplink spent for each pixel of the full picture and frame."
    neg: float
    "VMAF-NEG at the viewer."
    psnr_db: float
    "Luma PSNR at the viewer."


def measured(clips: Path, work: Path, jobs: int) -> list[Point]:
    """Returns the points of all clips, codecs and sizes; takes from disk what is there."""
    work.mkdir(parents=True, exist_ok=True)
    sizes = [str(size) for size in (FULL, *NETS)]
    cells = [(clips, work, *cell) for cell in _cells(sizes)]
    return [point for each in measure_all(_cell, cells, jobs, "sending") for point in each]


def _cells(sizes: Sequence[str]) -> list[tuple[str, str, str]]:
    return [(clip, codec, size) for clip in CLIPS for codec in CODECS for size in sizes]


def _cell(clips: Path, work: Path, clip: str, codec: str, size: str) -> list[Point]:
    path = work / file_name(clip, codec, size)
    if path.exists():
        return [Point(**row) for row in json.loads(path.read_text())]
    has_filters = size == FILTERED_SIZE and codec == CODECS[0]
    points = send(clips, clip, codec, size, FILTERS if has_filters else FILTERS[:1])
    path.write_text(json.dumps([dataclasses.asdict(point) for point in points]))
    return points


def file_name(clip: str, codec: str, size: str) -> str:
    """Returns the file of a clip's points; another one where the net's weights, its strength, the
    viewer's bitrates or the measurement are others.
    """
    text = f"{FRAMES} {VMAF_EVERY} {RATES} {FILTERS}"
    if (fraction := Fraction(size)) != FULL:
        settings = Settings.model_construct()
        weights = load_manifest(NETS[fraction]).files[PRECISION].sha256
        text += f" {weights} {settings.strength} {settings.bitrates}"
    key = hashlib.sha256(text.encode()).hexdigest()[:12]
    return f"{clip}-{codec}-{size.replace('/', 'of')}-{key}.json"


def read_clip(folder: Path, name: str) -> Clip:
    """Reads a clip, cut to multiples of ``UNIT``."""
    clip = read_passage(folder / f"{name}.mp4", 0, FRAMES)
    height, width = (side // UNIT * UNIT for side in clip.luma.shape[1:])
    # Chroma of a passage is reduced already: it has a quarter of luma's sides.
    return Clip(clip.luma[:, :height, :width], clip.chroma[..., : height // 4, : width // 4], 30)


def resize(planes: Bytes, width: int, height: int) -> Bytes:
    """Resizes planes [..., H, W] as browsers do before they encode: by areas where it shrinks."""
    flat = planes.reshape(-1, *planes.shape[-2:])
    how = cv2.INTER_AREA if width < planes.shape[-1] else cv2.INTER_CUBIC
    made: Bytes = np.stack(
        [cv2.resize(plane, (width, height), interpolation=how) for plane in flat]
    )
    reshaped: Bytes = made.reshape(*planes.shape[:-2], height, width)
    return reshaped


def filtered(luma: Bytes, name: str) -> Bytes:
    """Applies a filter before sending to luma [T, H, W]."""
    if name.startswith("gauss"):
        sigma = float(name.split()[1])
        return np.stack([cv2.GaussianBlur(frame, (0, 0), sigma) for frame in luma])
    if name == "temporal":
        return _calmed(luma)
    return luma


def _calmed(luma: Bytes, threshold: float = 4.0) -> Bytes:
    """Averages small changes with the frame before, as a mild denoiser does."""
    made = [luma[0].astype(np.float32)]
    for frame in luma[1:]:
        change = frame.astype(np.float32) - made[-1]
        # Noise is small and goes both ways; what is larger than the threshold is kept whole.
        weight = np.clip(np.abs(change) / threshold, 0.4, 1.0)
        made.append(made[-1] + weight * change)
    calm: Bytes = np.clip(np.rint(np.stack(made)), 0, 255).astype(np.uint8)
    return calm


def send(folder: Path, clip: str, codec: str, size: str, filters: Sequence[str]) -> list[Point]:
    """Sends a clip at one size with all rates and the given filters."""
    cv2.setNumThreads(1)
    original = read_clip(folder, clip)
    fraction = Fraction(size)
    frames, height, width = original.luma.shape
    small_w, small_h = int(width * fraction), int(height * fraction)
    luma = resize(original.luma, small_w, small_h)
    chroma = resize(original.chroma, small_w // 2, small_h // 2)
    net = _net(fraction, small_w, small_h)
    points = []
    for name in filters:
        ready = filtered(luma, name)
        for kbps in RATES:
            per_full = kbps * 1000 / (PIXELS * 30)
            encoder = LiveEncoder(codec, per_full / float(fraction) ** 2)
            seen, spent = transcode(ready, chroma, original.fps, encoder)
            made = seen if net is None else at_viewer(net, seen, chroma, width, height)
            score = neg(original.luma, made, every=VMAF_EVERY)
            bpp = spent * small_w * small_h / (width * height)
            points.append(
                Point(clip, codec, size, name, kbps, bpp, score, psnr(original.luma, made))
            )
    return points


def at_viewer(net: OpenNet, seen: Bytes, chroma: Bytes, width: int, height: int) -> Bytes:
    """Enhances what came, encodes it as a worker does, and shows it at the original's size."""
    large = np.stack([np.array(net(frame)) for frame in seen])
    high, wide = large.shape[1:]
    coloured = resize(chroma, wide // 2, high // 2)
    table = BitrateTable.parse(tuple(Settings.model_fields["bitrates"].get_default()))
    encoder = LiveEncoder(
        "h264", table.kbps(wide, high) * 1000 / (wide * high * 30), profile="high"
    )
    shown, _ = transcode(large, coloured, 30, encoder)
    return shown if (wide, high) == (width, height) else resize(shown, width, height)


def _net(fraction: Fraction, width: int, height: int) -> OpenNet | None:
    if fraction == FULL:
        return None
    manifest = load_manifest(NETS[fraction])
    path = model_file(manifest, PRECISION)
    strength = float(Settings.model_fields["strength"].get_default())
    return OpenNet(path, height, width, scale=manifest.scale, strength=strength)
