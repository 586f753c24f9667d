"""The part of the page on what reaches viewers, in Markdown."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from benchmarks.perceptual import missing
from benchmarks.quality.at_viewer import BICUBIC, USUAL_RATE, Passed
from benchmarks.quality.methods import SCALE
from benchmarks.quality.saving import bd_rate, bd_rates, leads, mean_leads, pays_up_to
from benchmarks.quality.survival import Place, fraction_left, gain, gain_by_kind, gains, worst
from benchmarks.quality.uplink import KBPS, LARGE, Point
from benchmarks.table import Row, markdown_table
from models.measure.held_out_clips import CLIPS
from models.measure.kinds import KIND_NAMES, kind_of

__all__ = ["uplink_section", "viewer_figures", "viewer_section"]

MEASURES = {
    "neg": ("VMAF-NEG", 2),
    "psnr": ("PSNR", 2),
    "vmaf": ("VMAF", 2),
    "cvvdp": ("CVVDP", 3),
    "ssimulacra2": ("SSIMULACRA2", 2),
    "flicker": ("flicker", 3),
}
"""Scores in the order of the tables, and their digits. A lower flicker is the better one."""

FAITHFUL, DEFAULT = "live-s faithful", "live-s default style"


def viewer_figures(found: Sequence[Passed], points: Sequence[Point]) -> list[Row]:
    """Returns the targets at the viewer, and what was reached."""
    cell, least = worst(found, FAITHFUL, "psnr", Place.PLAYER)
    kinds = gain_by_kind(found, FAITHFUL, "psnr", Place.PLAYER)
    way = f"half size, {DEFAULT}"
    saved = bd_rate(points, way, "vmaf")
    until = pays_up_to(mean_leads(points, way, "vmaf"))
    return [
        Row(f"`{DEFAULT}`, VMAF-NEG", gain(found, DEFAULT, "neg", Place.PLAYER), 8, ""),
        Row(f"`{FAITHFUL}`, luma PSNR", gain(found, FAITHFUL, "psnr", Place.PLAYER), 0.55, "dB"),
        Row("what is left of it", 100 * fraction_left(found, FAITHFUL, Place.PLAYER), 90, "%"),
        Row("worst kind of content", min(kinds.values(), default=math.nan), 0, "dB"),
        Row("worst clip, codec and rate", least, 0, "dB", note=cell),
        Row(
            f"uplink saved at equal VMAF, `{DEFAULT}`",
            math.nan if saved is None else -saved,
            38,
            "%",
        ),
        Row("it pays up to", min(until, KBPS[-1]), KBPS[-1], "kbit/s"),
    ]


def viewer_section(found: Sequence[Passed]) -> list[str]:
    """Returns the tables before and after the encode, as parts of the page."""
    methods = _methods(found)
    plain = [each for each in found if each.method == BICUBIC and each.cell.scale == SCALE]
    cost = [gain(plain, BICUBIC, measure, Place.PLAYER) for measure in ("psnr", "neg")]
    lacking = "".join(
        f" {name} is not installed here, so its column is empty." for name in missing()
    )
    return [
        "## At the viewer",
        "The enlarged picture goes through the worker's own encoder at its default settings "
        f"(mean {np.mean([p.kbps for p in plain]):.0f} kbit/s), and is judged as a viewer decodes "
        "it. First figure: before that encode, over bicubic. Second: at the viewer, over the "
        "source as the player scales it, which costs no second encode. *Left*: of the gain in "
        "PSNR, over the source that the player scales, and over bicubic through the same encode "
        f"(which itself costs {cost[0]:+.2f} dB and {cost[1]:+.1f} VMAF-NEG). Means of kinds. "
        f"CVVDP (JOD) and SSIMULACRA2 are taken at {USUAL_RATE} bit per pixel." + lacking,
        _overall(found, methods),
        "By kind of content, VMAF-NEG before and at the viewer:",
        _by_kind(found, methods, "neg"),
        "By kind of content, luma PSNR in dB before and at the viewer:",
        _by_kind(found, methods, "psnr"),
        "By clip, luma PSNR in dB before and at the viewer, and the worst cell at the viewer:",
        _by_clip(found, methods),
        "By codec and rate of what was sent, luma PSNR in dB before and at the viewer:",
        _by_sent(found, methods, "psnr"),
        "The same, VMAF-NEG:",
        _by_sent(found, methods, "neg"),
    ]


def uplink_section(points: Sequence[Point]) -> list[str]:
    """Returns the tables of the uplink sweep, as parts of the page."""
    ways = [way for way in dict.fromkeys(p.way for p in points) if way != LARGE]
    return [
        "## One uplink, two ways to use it",
        "The same uplink carries either the full size, which is forwarded, or half the width and "
        "height, which is enlarged and encoded again; both are judged at the viewer. Saved: bits "
        "for the same score (Bjontegaard's delta), mean of kinds over the clips whose curves "
        "overlap. It pays up to the bitrate from which on the full size has the better VMAF. "
        "Bitrates are those of 640x360 at 30 frames a second, "
        f"{KBPS[0]} to {KBPS[-1]} kbit/s.",
        _saved(points, ways),
        f"With `{DEFAULT}`, by clip, by VMAF:",
        _saved_by_clip(points, f"half size, {DEFAULT}"),
        "![VMAF against the uplink](uplink.png)",
    ]


def _methods(found: Sequence[Passed]) -> list[str]:
    return [name for name in dict.fromkeys(each.method for each in found) if name != BICUBIC]


def _number(value: float, digits: int = 2) -> str:
    return "-" if math.isnan(value) else f"{value:+.{digits}f}"


def _pair(values: Sequence[float], digits: int = 2) -> str:
    return " / ".join(_number(value, digits) for value in values)


def _overall(found: Sequence[Passed], methods: Sequence[str]) -> str:
    rows = []
    for method in methods:
        cells = [method]
        for measure, (_, digits) in MEASURES.items():
            values = [gain(found, method, measure, p) for p in (Place.BEFORE, Place.PLAYER)]
            cells.append(_pair(values, digits))
            if measure == "psnr":
                left = [fraction_left(found, method, p) for p in (Place.PLAYER, Place.ENCODED)]
                cells.append(" / ".join(f"{100 * part:.0f} %" for part in left))
        rows.append(cells)
    head = [name for name, _ in MEASURES.values()]
    return markdown_table(["method", *head[:2], "left", *head[2:]], rows)


def _by_kind(found: Sequence[Passed], methods: Sequence[str], measure: str) -> str:
    rows = []
    for method in methods:
        both = [gain_by_kind(found, method, measure, p) for p in (Place.BEFORE, Place.PLAYER)]
        cells = [_pair([means.get(kind, math.nan) for means in both]) for kind in KIND_NAMES]
        rows.append([method, *cells])
    return markdown_table(["method", *KIND_NAMES], rows)


def _by_clip(found: Sequence[Passed], methods: Sequence[str]) -> str:
    rows = []
    for method in methods:
        pairs = [gains(found, method, "psnr", p) for p in (Place.BEFORE, Place.PLAYER)]
        where, least = worst(found, method, "psnr", Place.PLAYER)
        cells = [
            _pair([float(np.mean([v for c, v in each if c == clip])) for each in pairs])
            for clip in CLIPS
        ]
        rows.append([method, *cells, f"{_number(least)} ({where})"])
    return markdown_table(["method", *CLIPS, "worst"], rows)


def _by_sent(found: Sequence[Passed], methods: Sequence[str], measure: str) -> str:
    sent = sorted({(each.cell.codec, each.cell.bpp) for each in found}, key=str)
    rows = []
    for method in methods:
        cells = [method]
        for one in sent:
            values = [
                gain(found, method, measure, p, lambda e: (e.cell.codec, e.cell.bpp) == one)  # noqa: B023
                for p in (Place.BEFORE, Place.PLAYER)
            ]
            cells.append(_pair(values))
        rows.append(cells)
    return markdown_table(["method", *(f"{codec} {bpp}" for codec, bpp in sent)], rows)


def _saved(points: Sequence[Point], ways: Sequence[str]) -> str:
    rows = []
    for way in ways:
        cells = [way]
        for measure in ("neg", "vmaf", "psnr"):
            delta = bd_rate(points, way, measure)
            cells.append("no overlap" if delta is None else f"{-delta:.0f} %")
        rows.append([*cells, _until(pays_up_to(mean_leads(points, way, "vmaf")))])
    return markdown_table(
        ["way", "saved by VMAF-NEG", "by VMAF", "by PSNR", "it pays up to, kbit/s"], rows
    )


def _saved_by_clip(points: Sequence[Point], way: str) -> str:
    rows = []
    for clip, codec in dict.fromkeys((p.clip, p.codec) for p in points):
        mine = [p for p in points if (p.clip, p.codec) == (clip, codec)]
        deltas = bd_rates(mine, way, "vmaf")
        saved = f"{-deltas[0][1]:.0f} %" if deltas else "no overlap"
        until = _until(pays_up_to(leads(mine, way, "vmaf", clip, codec)))
        rows.append([clip, kind_of(clip), codec, saved, until])
    return markdown_table(["clip", "kind", "codec", "saved", "it pays up to, kbit/s"], rows)


def _until(kbps: float) -> str:
    if math.isinf(kbps):
        return f"more than {KBPS[-1]}"
    return "nowhere" if kbps == 0 else f"{kbps:.0f}"
