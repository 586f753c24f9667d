"""Plots of the measured figures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import numpy as np
from matplotlib import pyplot

from benchmarks.temporal.figures import kept, mean_ms, of, saved
from benchmarks.temporal.grid import Cell
from benchmarks.temporal.material import KINDS
from benchmarks.temporal.methods import FLOW, FULL, HALF, LOOP, PLAIN, TEMPORAL
from benchmarks.temporal.profile import PARTS, Profile
from benchmarks.temporal.quality_over_time import SHOWN, QualityOverTime

__all__ = ["draw_over_time", "draw_kept", "draw_profile", "draw_time"]

# One colour for a method in all plots of the page, so that they can be compared.
METHOD_COLOURS = {
    FULL: "#111111",
    TEMPORAL: "#1f6feb",
    HALF: "#54aeff",
    PLAIN: "#8a8f98",
    FLOW: "#c98a2b",
    LOOP: "#8250df",
}
KIND_COLOURS = dict(
    zip(KINDS, ("#1f6feb", "#d1242f", "#1a7f37", "#8250df", "#c98a2b"), strict=True)
)
COLOURS: Any = matplotlib.colormaps["tab10"].colors  # type: ignore[attr-defined]
MARKERS = {"h264": "o", "vp8": "s"}


def draw_kept(cells: Sequence[Cell], nets: Sequence[str], path: Path) -> None:
    """Draws each stream as two points joined by a line: all the work it requests, at most half."""
    figure, grid = pyplot.subplots(len(nets), 2, figsize=(12, 4.6 * len(nets)), squeeze=False)
    for row, net in zip(grid, nets, strict=True):
        for axis, measure in zip(row, ("psnr", "vmaf"), strict=True):
            for cell in (c for c in cells if c.net == net and not c.is_large and c.is_judged):
                points = [(saved([cell], m), kept([cell], m, measure)) for m in (TEMPORAL, HALF)]
                x, y = zip(*[p for p in points if p[1] is not None] or [(np.nan, np.nan)])  # noqa: B905
                axis.plot(
                    x,
                    y,
                    "-",
                    marker=MARKERS[cell.codec],
                    color=KIND_COLOURS[cell.kind],
                    ms=6,
                    label=f"{KINDS[cell.kind]}, {cell.codec}",
                )
            axis.axhline(95, color="grey", linestyle=":")
            axis.set_title(f"{net}: {measure.upper()}", fontsize=10)
            axis.set_xlabel("multiply-adds of the net saved, %")
            axis.set_ylabel("kept of the full net's gain, %")
            axis.grid(alpha=0.3)
    grid[0][0].legend(fontsize=7, ncols=2)
    _save(figure, path)


def draw_time(cells: Sequence[Cell], nets: Sequence[str], path: Path) -> None:
    """Bars by method and kind; dark is the net, light what is around it."""
    figure, axes = pyplot.subplots(len(nets), 1, figsize=(12, 4 * len(nets)), squeeze=False)
    for (axis,), net in zip(axes, nets, strict=True):
        kinds = [kind for kind in KINDS if of(cells, net, kind)]
        methods = [m for m in METHOD_COLOURS if m in of(cells, net, kinds[0])[0].tracks]
        width = 0.8 / len(methods)
        for number, method in enumerate(methods):
            places = np.arange(len(kinds)) + width * (number - (len(methods) - 1) / 2)
            whole = [mean_ms(of(cells, net, kind), method) for kind in kinds]
            inside = [mean_ms(of(cells, net, kind), method, "net_ms") for kind in kinds]
            colour = METHOD_COLOURS[method]
            axis.bar(places, whole, width, color=colour, alpha=0.45)
            axis.bar(places, inside, width, color=colour, label=method)
            for place, value in zip(places, whole, strict=True):
                axis.text(place, value, f"{value:.1f}", ha="center", va="bottom", fontsize=7)
        # The time between two frames of 30 a second: what stays below keeps up.
        axis.axhline(1000 / 30, color="grey", linestyle=":")
        sizes = [of(cells, net, kind)[0].size for kind in kinds]
        names = [f"{KINDS[kind]}\n{size}" for kind, size in zip(kinds, sizes, strict=True)]
        axis.set_xticks(range(len(kinds)), names)
        axis.set_ylabel("ms for a frame, one core")
        axis.set_title(net, fontsize=10)
        axis.grid(axis="y", alpha=0.3)
    axes[0][0].legend(fontsize=8)
    _save(figure, path)


def draw_over_time(found: Sequence[QualityOverTime], path: Path) -> None:
    """PSNR of each picture, and below how far each lies from the full net's."""
    figure, grid = pyplot.subplots(2, len(found), figsize=(7.5 * len(found), 7), squeeze=False)
    for (above, below), each in zip(grid.T, found, strict=True):
        full = np.array(each.psnr[FULL])
        for name in SHOWN:
            values = np.array(each.psnr[name])
            above.plot(values, label=name, color=METHOD_COLOURS[name], linewidth=1.1)
            if name != FULL:
                below.plot(values - full, color=METHOD_COLOURS[name], linewidth=1.1)
        for axis in (above, below):
            axis.axvline(each.key, color="grey", linestyle=":")
            axis.set_xlabel("frame")
            axis.grid(alpha=0.3)
        above.set_title(f"{KINDS[each.kind]}, {each.net}, h264", fontsize=10)
        above.set_ylabel("luma PSNR, dB")
        below.set_ylabel("less the full net's, dB")
    grid[0][0].legend(fontsize=8)
    _save(figure, path)


def draw_profile(profiles: Sequence[Profile], path: Path) -> None:
    """A bar for each stream, cut into the parts of a frame's time."""
    figure, axis = pyplot.subplots(figsize=(12, 0.42 * len(profiles) + 1.6))
    names = [f"{p.net}, {KINDS[p.kind]}, {p.codec}" for p in profiles]
    left = np.zeros(len(profiles))
    for part, colour in zip(PARTS, COLOURS, strict=False):
        values = np.array([p.ms[part] for p in profiles])
        axis.barh(range(len(profiles)), values, left=left, label=part, color=colour)
        left += values
    axis.set_yticks(range(len(profiles)), names)
    axis.invert_yaxis()
    axis.set_xlabel("ms for a frame, mean, propagation with all the work that it requests")
    axis.grid(axis="x", alpha=0.3)
    axis.legend(fontsize=8)
    _save(figure, path)


def _save(figure: Any, path: Path) -> None:
    figure.tight_layout()
    # Without the date and the version the same figures give the same bytes.
    figure.savefig(path, dpi=110, metadata={"Software": None})
    pyplot.close(figure)
