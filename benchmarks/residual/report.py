"""Figures of the ways to send a net's pictures, as tables and a chart."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import numpy as np
from matplotlib import pyplot

from benchmarks.residual.material import MEASURED, Film
from benchmarks.residual.ways import WAYS, Way
from benchmarks.scores import psnr
from benchmarks.table import markdown_table
from models.measure.held_out_clips import CLIPS

__all__ = ["Figure", "draw", "markdown", "measured", "rate_for"]

SIZE = 960 * 540
FPS = 30

CODEC = "residual codec"

Points = list[tuple[float, float]]
"""Rates in Mbit/s, and the fractions that they keep."""

USUAL = tuple(clip for clip in CLIPS if clip != "screen")
"""Held-out clips of usual video. A screen is another matter: its corrections are a hundred times as
large, and a coarse quality keeps nearly all."""

TARGET_FRACTION, TARGET_MBIT = 0.9, 4.0


@dataclass(frozen=True, slots=True)
class Figure:
    """One clip sent in one way."""

    clip: str
    kind: str
    setting: str
    mbit: float
    """Mbit/s of whole pictures of 960x540 at 30 a second, at the clip's bits for a sample."""
    gain: float
    """Part of the net's gain in luma PSNR over bicubic that is left."""
    energy: float
    """Part of the correction's energy: 1 where the net's very samples arrive."""
    encode_ms: float
    """Processor time for a picture of 960x540, and likewise..."""
    decode_ms: float
    """Processor time of decoding."""
    net_db: float
    """The net's gain before it is sent, dB."""


def measured(clip: str, seen: Film, kind: str, setting: str, way: Way) -> Figure:
    """Sends a clip in a way."""
    sent = way(seen.made, seen.plain, seen.fps)
    plain = psnr(seen.truth, seen.plain)
    net_db = psnr(seen.truth, seen.made) - plain
    gain = (psnr(seen.truth, sent.made) - plain) / net_db
    left = _energy(seen.made, sent.made) / _energy(seen.made, seen.plain)
    for_one = SIZE / seen.made.size
    mbit = 8 * sent.size * for_one * FPS / 1e6
    times = 1e3 * sent.encode_s * for_one, 1e3 * sent.decode_s * for_one
    return Figure(clip, kind, setting, mbit, gain, 1 - left, *times, net_db)


def _energy(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.mean([np.mean((x.astype(np.float32) - y) ** 2) for x, y in zip(a, b)]))  # noqa: B905


def of(found: Sequence[Figure], kind: str, setting: str, clips: Sequence[str]) -> list[Figure]:
    """Returns the figures of a way for clips."""
    return [f for f in found if (f.kind, f.setting) == (kind, setting) and f.clip in clips]


def mean(figures: Sequence[Figure], measure: str) -> float:
    """Returns the mean over clips."""
    return float(np.mean([getattr(figure, measure) for figure in figures]))


def rate_for(points: Sequence[tuple[float, float]], fraction: float) -> float | None:
    """Returns the rate at which a fraction is reached, from points of rate and fraction; between
    them by the logarithm of the rate. None where it is not reached.
    """
    ordered = sorted(points)
    if ordered and ordered[0][1] >= fraction:
        return ordered[0][0]
    for (low, low_part), (high, high_part) in zip(ordered[:-1], ordered[1:], strict=True):
        if high_part >= fraction:
            part = (fraction - low_part) / (high_part - low_part)
            return float(np.exp((1 - part) * np.log(low) + part * np.log(high)))
    return None


def fraction_at(points: Sequence[tuple[float, float]], mbit: float) -> float:
    """Returns the fraction at a rate, likewise."""
    rates, fractions = zip(*sorted(points), strict=True)
    return float(np.interp(np.log(mbit), np.log(rates), fractions))


def _points(found: Sequence[Figure], clips: Sequence[str], measure: str) -> Points:
    rows = [of(found, CODEC, setting, clips) for setting in WAYS[CODEC]]
    return [(mean(row, "mbit"), mean(row, measure)) for row in rows]


def markdown(found: Sequence[Figure], machine: str, net: str, frames: int) -> str:
    """Returns the page."""
    usual = rate_for(_points(found, USUAL, "gain"), TARGET_FRACTION)
    verdict = "not reached" if usual is None else f"{usual:.2f} Mbit/s"
    parts = [
        "# What a result costs on the wire",
        f"Made by `python -m benchmarks.residual` on {machine}. {frames} frames of each clip, "
        f"halved, through x264 at 0.12 bit per pixel, decoded, and doubled by `{net}`. Who "
        "receives has the decoded source, so the bicubic enlargement. Rates are for whole "
        "pictures of 960x540 at 30 a second; with temporal propagation a quarter to a half of "
        "that is sent. Milliseconds are processor time of one core for a whole picture.",
        f"**{TARGET_FRACTION:.0%} of the net's gain, mean over the held-out clips of usual video: "
        f"{verdict}** (target: {TARGET_MBIT:g} Mbit/s).",
        "## All ways",
        f"Mean over {', '.join(USUAL)}. *Gain*: of the luma PSNR over bicubic; *energy*: of the "
        "correction.",
        _ways(found),
        "![Gain against rate](rate.png)",
        "## By clip",
        "The codec; a screen and an animation beside camera clips. The last four were not trained "
        "on by the codec, but by the nets. Where the net itself gains a tenth of a decibel or "
        "less, fractions of that say little.",
        _clips(found),
    ]
    wrapped = [part if part[0] in "|!#" else textwrap.fill(part, 118) for part in parts]
    return "\n\n".join(wrapped) + "\n"


def _ways(found: Sequence[Figure]) -> str:
    head = ["way", "setting", "Mbit/s", "gain", "energy", "encode ms", "decode ms"]
    rows = []
    for kind, settings in WAYS.items():
        for setting in settings:
            figures = of(found, kind, setting, USUAL)
            cells = [kind, setting, f"{mean(figures, 'mbit'):.2f}"]
            cells += [f"{mean(figures, each):.0%}" for each in ("gain", "energy")]
            cells += [f"{mean(figures, each):.1f}" for each in ("encode_ms", "decode_ms")]
            rows.append(cells)
    return markdown_table(head, rows)


def _clips(found: Sequence[Figure]) -> str:
    head = [
        "clip",
        "the net's gain, dB",
        "gain at 4 Mbit/s",
        "energy at 4 Mbit/s",
        "Mbit/s for 90 % of the gain",
    ]
    rows = []
    for clip in MEASURED:
        points = {measure: _points(found, [clip], measure) for measure in ("gain", "energy")}
        rate = rate_for(points["gain"], TARGET_FRACTION)
        fractions = [f"{fraction_at(each, TARGET_MBIT):.0%}" for each in points.values()]
        net_db = f"{mean([f for f in found if f.clip == clip], 'net_db'):+.2f}"
        rows.append([clip, net_db, *fractions, "more" if rate is None else f"{rate:.2f}"])
    return markdown_table(head, rows)


def draw(found: Sequence[Figure], path: Path) -> None:
    """Draws the mean gain of each way against its rate."""
    figure, axes = pyplot.subplots(figsize=(8, 4.6))
    for kind, marker in zip(WAYS, "os^D", strict=True):
        rows = [of(found, kind, setting, USUAL) for setting in WAYS[kind]]
        points = sorted((mean(row, "mbit"), 100 * mean(row, "gain")) for row in rows)
        axes.plot(*zip(*points, strict=True), marker=marker, label=kind)
    axes.axhline(100 * TARGET_FRACTION, color="grey", linestyle=":")
    axes.axvline(TARGET_MBIT, color="grey", linestyle=":")
    axes.set_xscale("log")
    ticks = (0.2, 0.5, 1, 2, 4, 8, 16)
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_ylim(0, 100)
    axes.set_xlabel("Mbit/s, whole pictures of 960x540 at 30 a second")
    axes.set_ylabel("of the net's gain, %")
    axes.legend(loc="lower right")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
