"""Plots, crops and a clip of what was found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import matplotlib

matplotlib.use("Agg")

import numpy as np
from matplotlib import pyplot
from matplotlib.ticker import FixedLocator, NullFormatter

from benchmarks.blind.sheet import draw_sheet
from benchmarks.quality.methods import SCALE
from benchmarks.quality.report import BASE, Results, mean_over_bicubic
from benchmarks.quality.stability import GainOverTime
from benchmarks.quality.uplink import Point
from models.manifest import load_manifest, model_file
from models.measure.graph_runner import OpenNet, bicubic
from models.measure.held_out_clips import CLIPS, read_clip, small_clip
from models.measure.kinds import KIND_NAMES, kind_of
from models.training.clip import Bytes
from models.training.codec import LiveEncoder, transcode

__all__ = ["draw"]

COLOURS = {"filter": "#8a8f98", "published": "#c98a2b", "ours": "#1f6feb", "reference": "#8250df"}
SHOWN_RATE = 0.12
SHOWN_KBPS = (80, 140, 250, 450, 800)
WAY_COLOURS = ("#111111", "#8a8f98", "#54aeff", "#1f6feb", "#d1242f", "#1a7f37")


def draw(results: Results, clips: Path, folder: Path) -> None:
    """Writes the charts, crops.webp and side-by-side.mp4."""
    _gain(results, folder / "gain.png")
    _speed(results, folder / "speed.png")
    _uplink(results.points, folder / "uplink.png")
    _stability(results.over_time, folder / "stability.png")
    draw_sheet(clips, ("live-s", "live-m"), folder / "crops.webp")
    _side_by_side(clips, folder / "side-by-side.mp4")


def _gain(results: Results, path: Path) -> None:
    methods = [m for m in results.methods if m.name != BASE]
    figure, axes = pyplot.subplots(1, len(KIND_NAMES), figsize=(16, 0.28 * len(methods) + 1.4))
    for axis, kind in zip(axes, KIND_NAMES, strict=True):
        values = [
            mean_over_bicubic(results.found, m.name, "psnr", lambda f, k=kind: kind_of(f.clip) == k)  # type: ignore[misc]
            for m in methods
        ]
        axis.barh(range(len(methods)), values, color=[COLOURS[m.kind] for m in methods])
        axis.set_yticks(range(len(methods)), [m.name for m in methods] if axis is axes[0] else [])
        axis.invert_yaxis()
        axis.axvline(0, color="black", linewidth=0.8)
        axis.grid(axis="x", alpha=0.3)
        axis.set_title(kind, fontsize=10)
    figure.suptitle("Luma PSNR over bicubic, dB; mean over codecs and rates")
    _save(figure, path)


def _speed(results: Results, path: Path) -> None:
    figure, axis = pyplot.subplots(figsize=(9, 5.5))
    for number, method in enumerate(results.methods):
        spent = results.milliseconds.get(method.name)
        value = mean_over_bicubic(results.found, method.name, "psnr", lambda f: True)
        if spent is None or not np.isfinite(value) or "crisp" in method.name:
            continue
        axis.scatter(spent, value, color=COLOURS[method.kind])
        # Neighbours' names would lie over one another.
        low = method.name.endswith("fp32") if method.kind == "ours" else number % 2 == 1
        axis.annotate(
            method.name,
            (spent, value),
            (5, -10 if low else 4),
            textcoords="offset points",
            fontsize=8,
        )
    axis.axvline(1000 / 30, color="grey", linestyle=":")
    axis.text(1000 / 30, axis.get_ylim()[0], " 30 frames/s", fontsize=8, va="bottom")
    axis.axhline(0, color="black", linewidth=0.8)
    axis.set_xscale("log")
    axis.set_xlabel("ms for one 480x270 frame, one thread")
    axis.set_ylabel("luma PSNR over bicubic, dB")
    axis.grid(alpha=0.3)
    _save(figure, path)


def _uplink(points: list[Point], path: Path) -> None:
    """VMAF at the viewer against the uplink, a chart for each clip; H.264 alone."""
    figure, grid = pyplot.subplots(2, -(-(len(CLIPS) + 1) // 2), figsize=(17, 7), squeeze=False)
    charts = list(grid.flat)
    for axis, clip in zip(charts, CLIPS, strict=False):
        mine = [p for p in points if (p.clip, p.codec) == (clip, "h264")]
        for number, way in enumerate(dict.fromkeys(p.way for p in mine)):
            curve = sorted((p.kbps, p.scores.vmaf) for p in mine if p.way == way)
            rates, scores = zip(*curve, strict=True)
            axis.plot(rates, scores, "o-", ms=3, label=way, color=WAY_COLOURS[number])
        axis.set_xscale("log")
        axis.xaxis.set_major_locator(FixedLocator(SHOWN_KBPS))
        axis.xaxis.set_major_formatter("{x:g}")
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.set_title(f"{clip} ({kind_of(clip)})", fontsize=10)
        axis.set_xlabel("uplink, kbit/s for 640x360")
        axis.grid(alpha=0.3, which="both")
    for row in grid:
        row[0].set_ylabel("VMAF at the viewer")
    for spare in charts[len(CLIPS) :]:
        spare.axis("off")
    lines, names = charts[0].get_legend_handles_labels()
    charts[len(CLIPS)].legend(lines, names, loc="center", fontsize=10)
    _save(figure, path)


def _stability(found: list[GainOverTime], path: Path) -> None:
    figure, axes = pyplot.subplots(1, len(found), figsize=(17, 3.6), squeeze=False)
    for axis, each in zip(axes[0], found, strict=True):
        for name, gains in each.gain_db.items():
            axis.plot(gains, label=name, linewidth=1.2)
        axis.set_title(each.clip, fontsize=10)
        axis.set_xlabel("second")
        axis.grid(alpha=0.3)
    axes[0][0].set_ylabel("luma PSNR over bicubic, dB")
    axes[0][0].legend(fontsize=8)
    _save(figure, path)


def _save(figure: Any, path: Path) -> None:
    figure.tight_layout()
    # Without the date and the version the same figures give the same bytes.
    figure.savefig(path, dpi=110, metadata={"Software": None})
    pyplot.close(figure)


def _coded(clips: Path, name: str, frames: int) -> tuple[Bytes, Bytes]:
    original = read_clip(clips, name, frames)
    cut, small, chroma = small_clip(original, SCALE)
    encoder = LiveEncoder("h264", SHOWN_RATE)
    return cut.luma, transcode(small, chroma, original.fps, encoder)[0]


def _enhanced(name: str, seen: Bytes, strength: float) -> Bytes:
    path = model_file(load_manifest(name))
    net = OpenNet(path, *seen.shape[1:], scale=SCALE, strength=strength)
    return np.stack([net(frame) for frame in seen])


def _side_by_side(clips: Path, path: Path) -> None:
    """Left half bicubic, right half live-m crisp, of one picture; two clips after one another."""
    with av.open(str(path), "w") as file:
        stream: Any = file.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        stream.options = {"crf": "20", "preset": "slow", "threads": "1"}
        for name in ("animation", "handheld"):
            for frame in _halves(clips, name):
                picture = av.VideoFrame.from_ndarray(frame, format="gray").reformat(
                    format="yuv420p"
                )
                picture.pts = None
                file.mux(stream.encode(picture))
        file.mux(stream.encode(None))


def _halves(clips: Path, name: str) -> list[Bytes]:
    _, seen = _coded(clips, name, 48)
    enhanced = _enhanced("live-m", seen, 1.0)
    shown = []
    for small, right in zip(seen, enhanced, strict=True):
        left = bicubic(small, SCALE)
        top, first = (right.shape[0] - 360) // 2, (right.shape[1] - 640) // 2
        frame = left[top : top + 360, first : first + 640].copy()
        frame[:, 320:] = right[top : top + 360, first + 320 : first + 640]
        frame[:, 319:321] = 255
        shown.append(frame)
    return shown
