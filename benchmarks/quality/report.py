"""The page of what was found, in Markdown."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from benchmarks.quality.at_viewer import USUAL_RATE, Passed
from benchmarks.quality.grid import Found
from benchmarks.quality.methods import Method
from benchmarks.quality.stability import GainOverTime
from benchmarks.quality.uplink import Point
from benchmarks.quality.viewer_report import uplink_section, viewer_figures, viewer_section
from benchmarks.table import Row, markdown_table, render
from models.measure.gain import RATES
from models.measure.held_out_clips import CLIPS
from models.measure.kinds import KIND_NAMES, by_kind, kind_of, mean_of_kinds
from models.training.codec import CODECS

__all__ = ["Results", "figures", "markdown", "mean_over_bicubic"]

BASE = "bicubic"

MAX_MACS = 150_000
"""Multiply-adds for an input pixel up to which a net may run live."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    machine: str
    frames: int
    methods: Sequence[Method]
    found: Sequence[Found]
    milliseconds: dict[str, float]
    """Method to time for a frame of 480x270 on one thread."""
    clean_db: dict[str, float]
    """Method to gain over bicubic in dB at one bit per pixel, mean over clips, h264."""
    passed: list[Passed]
    """Nets before and after the viewer's encode."""
    passed_frames: int
    points: list[Point]
    """The uplink sweep."""
    over_time: list[GainOverTime]
    """Gain over a minute."""


def mean_over_bicubic(
    found: Sequence[Found], method: str, measure: str, is_meant: Callable[[Found], bool]
) -> float:
    """Mean of kinds of the difference to bicubic, over the cells that are meant."""
    return mean_of_kinds(_over_bicubic(found, method, measure, is_meant))


def _over_bicubic(
    found: Sequence[Found], method: str, measure: str, is_meant: Callable[[Found], bool]
) -> list[tuple[str, float]]:
    base = {(f.clip, f.codec, f.bpp): f for f in found if f.method == BASE}
    return [
        (
            f.clip,
            getattr(f.scores, measure) - getattr(base[f.clip, f.codec, f.bpp].scores, measure),
        )
        for f in found
        if f.method == method and is_meant(f)
    ]


def figures(results: Results) -> list[Row]:
    """The targets and what was reached."""

    def gain(method: str, measure: str = "psnr") -> float:
        return mean_over_bicubic(results.found, method, measure, lambda f: True)

    nets = [m for m in results.methods if m.name.startswith("live-") and "crisp" not in m.name]
    small = [m.name for m in nets if m.macs <= MAX_MACS and m.name.endswith(" int8")]
    best = max(small, key=lambda name: _number(gain(name)), default="no net")
    worst = min(
        (
            value
            for name in small
            for value in by_kind(
                _over_bicubic(results.found, name, "psnr", lambda f: True)
            ).values()
        ),
        default=float("nan"),
    )
    losses = [gain(name) - gain(name.replace("int8", "fp32")) for name in small]
    return [
        Row("`live-s` int8: luma PSNR", gain("live-s int8"), 0.6, "dB"),
        Row("`live-m` int8: luma PSNR", gain("live-m int8"), 0.8, "dB"),
        Row(f"the best up to 150 kMAC/px (`{best}`): luma PSNR", gain(best), 1.0, "dB"),
        Row("worst kind of content, any int8 `live` net: luma PSNR", worst, 0, "dB"),
        Row(
            "`live-m` int8 at 1 bit/px: luma PSNR",
            results.clean_db.get("live-m int8", float("nan")),
            1.0,
            "dB",
        ),
        Row("int8 against fp32, worst `live` net", min(losses, default=float("nan")), -0.02, "dB"),
    ]


def markdown(results: Results) -> str:
    """Returns the whole page."""
    parts = [
        "# What the nets are worth on live video",
        f"Made by `make bench-quality` on {results.machine}. Nine held-out clips of five kinds "
        "(`tests/data/clips`, at most the middle 640x360) are halved, sent through x264 (baseline, "
        "zerolatency, superfast), libvpx VP8 and VP9 (realtime) and SVT-AV1 (realtime, preset 10) "
        f"at {', '.join(map(str, RATES))} bit per pixel, decoded, and doubled by each method: "
        f"{results.passed_frames} frames at the viewer, {results.frames} before the encode alone. "
        "Luma only. All means are means of kinds. VMAF, VMAF-NEG, SSIM and XPSNR are those of "
        "FFmpeg; flicker is the mean absolute error of the change from frame to frame, in levels "
        "(lower is better). Gains are over bicubic interpolation.",
        "## Targets",
        "At the viewer, over the source that the player scales:",
        render(viewer_figures(results.passed, results.points)),
        "Before the viewer's encode:",
        render(figures(results)),
        *viewer_section(results.passed),
        *uplink_section(results.points),
        *_nets(results),
        *_stability(results.over_time),
        "## Pictures",
        f"At the viewer, H.264 in at {USUAL_RATE} bit per pixel, nets as they ship, twice as "
        "large: the busiest part and the middle of clips that nobody trained on, found by a rule "
        "that knows no score. `make look` shows such parts without their names.",
        "![Crops](crops.webp)",
        "[A clip side by side](side-by-side.mp4), before the viewer's encode: left bicubic, right "
        "`live-m`, crisp.",
    ]
    return "\n\n".join(parts) + "\n"


def _nets(results: Results) -> list[str]:
    return [
        "## All methods, before the viewer's encode",
        "Mean of kinds of content, over codecs and rates; differences are to bicubic. ms: one "
        "480x270 frame on one thread, alone on the machine. Published nets were trained on clean "
        "photographs by their authors; they are what super-resolution gives live video without "
        "training for it.",
        _all_methods(results),
        "![Gain by content](gain.png)",
        "![Gain against time](speed.png)",
        "## By kind of content, PSNR over bicubic in dB",
        _by(results, "psnr", _KINDS),
        "Of each clip:",
        _by(results, "psnr", _CLIPS),
        "## By codec and rate, PSNR over bicubic in dB",
        _by(
            results,
            "psnr",
            [
                (f"{codec} {rate}", partial(_is_coded, codec, rate))
                for codec in CODECS
                for rate in RATES
            ],
        ),
        "## By kind of content, VMAF-NEG over bicubic",
        _by(results, "neg", _KINDS),
        "## By kind of content, VMAF over bicubic",
        _by(results, "vmaf", _KINDS),
    ]


def _stability(found: list[GainOverTime]) -> list[str]:
    return [
        "## A minute without a break",
        "Each clip runs back and forth for 60 s (h264, 0.12 bit per pixel, a key frame every "
        "10 s). Gain over bicubic in the first and the last ten seconds, and the worst second, "
        "dB. `live-t` sees its own last picture: had its errors built up, the last ten seconds "
        "would show it.",
        _over_time(found),
        "![Gain over a minute](stability.png)",
    ]


def _number(value: float) -> float:
    # A net that was not measured must not be the best one, and comparisons with nan are always
    # false.
    return value if np.isfinite(value) else -np.inf


def _all_methods(results: Results) -> str:
    head = ["method", "kMAC/px", "KB", "ms", "PSNR", "SSIM", "XPSNR", "VMAF", "NEG", "flicker"]
    rows = []
    for method in results.methods:
        cells = [method.name]
        cells += [f"{method.macs / 1e3:.1f}" if method.macs else "-"]
        cells += [f"{method.bytes / 1e3:.0f}" if method.bytes else "-"]
        spent = results.milliseconds.get(method.name)
        cells += ["-" if spent is None else f"{spent:.1f}"]
        for measure, digits in (
            ("psnr", 2),
            ("ssim", 4),
            ("xpsnr", 2),
            ("vmaf", 2),
            ("neg", 2),
            ("flicker", 3),
        ):
            value = mean_over_bicubic(results.found, method.name, measure, lambda f: True)
            cells.append(f"{value:+.{digits}f}")
        rows.append(cells)
    return markdown_table(head, rows)


def _is_clip(clip: str, found: Found) -> bool:
    return found.clip == clip


def _is_kind(kind: str, found: Found) -> bool:
    return kind_of(found.clip) == kind


_KINDS = [(kind, partial(_is_kind, kind)) for kind in KIND_NAMES]
_CLIPS = [(clip, partial(_is_clip, clip)) for clip in CLIPS]


def _is_coded(codec: str, bits_per_pixel: float, found: Found) -> bool:
    return (found.codec, found.bpp) == (codec, bits_per_pixel)


def _by(
    results: Results, measure: str, groups: Sequence[tuple[str, Callable[[Found], bool]]]
) -> str:
    rows = []
    for method in results.methods:
        if method.name == BASE:
            continue
        cells = [method.name]
        for _, is_meant in groups:
            value = mean_over_bicubic(results.found, method.name, measure, is_meant)
            cells.append(f"{value:+.2f}" if np.isfinite(value) else "-")
        rows.append(cells)
    return markdown_table(["method", *(name for name, _ in groups)], rows)


def _over_time(found: list[GainOverTime]) -> str:
    rows = []
    for each in found:
        for net, gains in each.gain_db.items():
            first, last = np.mean(gains[:10]), np.mean(gains[-10:])
            numbers = [f"{value:+.2f}" for value in (first, last, min(gains))]
            rows.append([each.clip, net, *numbers])
    return markdown_table(["content", "net", "first 10 s", "last 10 s", "worst second"], rows)
