"""The page of what was found, in Markdown."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from benchmarks.material import BITS_PER_PIXEL
from benchmarks.table import Row, markdown_table, render
from benchmarks.temporal.figures import gain, kept, mean_ms, saved, targets
from benchmarks.temporal.grid import Cell, Plan
from benchmarks.temporal.material import KINDS
from benchmarks.temporal.methods import (
    ANCHOR_EVERY,
    FLOW,
    FP32,
    FULL,
    HALF,
    LOOP,
    MAX_HALF_FRACTION,
    METHODS,
    NOW_AND_THEN,
    PLAIN,
    TEMPORAL,
)
from benchmarks.temporal.peak import Kernel, best
from benchmarks.temporal.profile import PARTS, Profile
from benchmarks.temporal.quality_over_time import QualityOverTime
from models.manifest import load_manifest
from workers.upscale.temporal_upscaler import MAX_WANTED_FRACTION

__all__ = ["SHOWN_FRAME", "Results", "engine", "markdown"]

SHOWN_FRAME = 40
"""Frame of the contact sheet; long after the key frame."""

BESIDE = (TEMPORAL, HALF, FLOW)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """All results of one run of the benchmark."""

    machine: str
    frames: int
    nets: Sequence[str]
    cells: Sequence[Cell]
    profiles: Sequence[Profile]
    kernels: Sequence[Kernel]
    over_time: Sequence[QualityOverTime]
    lacking: Sequence[str] = ()
    "A sentence for each thing that was left out."


def markdown(results: Results) -> str:
    """Returns the whole page."""
    parts = [
        "# What temporal propagation saves",
        _setting(results),
        *results.lacking,
        _methods(),
    ]
    for net in results.nets:
        parts += _targets(results, net)
    parts += [
        "![Kept against saved](kept.png)",
        "*A point for propagation with all the work that it requests, joined to one for at most "
        "half; those that fall together requested less than half.*",
    ]
    for net in results.nets:
        parts += _pictures_and_time([cell for cell in results.cells if cell.net == net], net)
    parts += [
        "![Milliseconds for a frame](time.png)",
        "## Where the time goes",
        "Propagation with all the work that it requests, half as many frames, watched by a "
        "profiler, which itself takes a little time. ms for a frame, mean.",
        _profiles(results.profiles),
        "![Where the time goes](profile.png)",
        "## What the core could do",
        _peak(results),
        "## Over a key frame",
        "A key frame is forced in the middle. How far each lies below the full net, in dB:",
        _over_time(results.over_time),
        "![PSNR over time](quality-over-time.png)",
        "## What becomes of a picture",
        f"Frame {SHOWN_FRAME} of H.264: grey stood still, blue moved along the codec's vectors, "
        "red is only resized, green was made by the net.",
        "![Regions](contact-sheet.png)",
    ]
    return "\n\n".join(parts) + "\n"


def _targets(results: Results, net: str) -> list[str]:
    """Returns the targets of a net, and why those are missed that are."""
    judged = targets(results.cells, net)
    missed = [f"- {each.why}" for each in judged if not each.row.is_met]
    parts = [f"## Targets, `{net}`", render([each.row for each in judged])]
    return parts + (["Why the missed ones are missed:", "\n".join(missed)] if missed else [])


def _pictures_and_time(mine: Sequence[Cell], net: str) -> list[str]:
    """Returns the tables of one net's cells."""
    judged = [cell for cell in mine if cell.is_judged]
    return [
        f"## Pictures, `{net}`",
        "Gain over bicubic in luma PSNR (dB) / VMAF.",
        _gains(judged),
        "Kept of the full net's gain in PSNR / VMAF (%), and multiply-adds of the net saved "
        "(%). No fraction is spoken of where the full net gains less than 0.1 dB or 0.5 "
        "points; below 0 is worse than bicubic.",
        _fractions(mine),
        "Flicker in levels, lower is better: the mean absolute error of the change from frame "
        "to frame.",
        _flicker(judged),
        f"## Time, `{net}`",
        "ms for a frame on one core: median / 95th percentile, and the mean as what is not the "
        "net + the net.",
        _times(mine),
    ]


def engine(results: Results) -> list[Row]:
    """Returns how much of the measured peak the nets reach on whole pictures, in percent."""
    rows = []
    for net in results.nets:
        for method, precision in ((FULL, "int8"), (FP32, "fp32")):
            gmacs = _gmacs([c for c in results.cells if c.net == net and not c.is_large], method)
            peak = best(list(results.kernels), precision).gmacs
            note = f"{gmacs:.0f} of {peak:.0f} GMAC/s"
            name = f"`{net}` {precision}: of the core's measured peak"
            rows.append(Row(name, 100 * gmacs / peak, None, "%", note=note))
    return rows


def _gmacs(cells: Sequence[Cell], method: str) -> float:
    """Median over streams; the border that the full net works on counts."""
    found = []
    for cell in cells:
        manifest = load_manifest(cell.net)
        width, height = (int(side) + 2 * manifest.receptive_radius for side in cell.size.split("x"))
        # GMAC/s: multiply-adds over milliseconds are thousands a second, so 1e6 makes them thousand
        # millions.
        macs = manifest.macs_per_pixel * width * height
        found.append(macs / float(np.median(cell.tracks[method].net_ms)) / 1e6)
    return float(np.median(found))


def _setting(results: Results) -> str:
    large = min(results.frames, Plan().large_frames)
    return (
        f"Made by `make bench-temporal` on {results.machine}. {results.frames} frames of each kind "
        f"({large} at 640x360) at {BITS_PER_PIXEL} bit per pixel, through x264 (baseline, "
        "zerolatency, superfast) and libvpx VP8 (realtime), decoded as a worker decodes them, one "
        "key frame at the start. The clips of `tests/data/clips` are halved to 480x270 (the "
        "animation is 640x360 and becomes 320x180) and run back and forth. The game is rendered. "
        "Screen and game are also rendered at 1280x720 and halved to 640x360; that screen is "
        "another one, windows of which one is dragged, while the clip is a page that scrolls. "
        "Fixed and hand-held camera are there at 640x360 only as enlargements by Lanczos (H.264), "
        "for work and time: no picture is judged by them. VMAF is that of FFmpeg. Reading what the "
        "codec tells counts as time of propagation; decoding does not count, the first picture "
        "does. All methods run in turn, frame by frame, on one thread, so that what else the "
        "machine does meets all of them."
    )


def _methods() -> str:
    texts = {
        FULL: "the int8 net on every frame, compiled for its size",
        TEMPORAL: "temporal propagation (`workers/temporal`), given all the work that it requests: "
        f"for no picture more than {100 * MAX_WANTED_FRACTION:.0f} % of the net's, but all of it "
        "at key frames",
        HALF: f"the same, never more than {100 * MAX_HALF_FRACTION:.0f} % of the full net's "
        "multiply-adds, halos counted: half of the picture; at key frames too",
        PLAIN: "OpenCV's",
        FLOW: f"the net at key frames and every {ANCHOR_EVERY}th frame; between, the last enhanced "
        "picture along OpenCV's DIS flow",
        FP32: f"OpenVINO, one frame in {NOW_AND_THEN}",
        LOOP: f"the float net in ONNX Runtime on every frame, as anyone would write it; one frame "
        f"in {NOW_AND_THEN} is measured, since each takes its time and none depends on another",
    }
    return "\n".join(f"- **{name}**: {texts[name]}" for name in METHODS)


def _stream(cell: Cell) -> list[str]:
    return [KINDS[cell.kind], cell.size, cell.codec]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return markdown_table(("content", "size", "codec", *head), rows)


def _number(value: float | None, form: str) -> str:
    return "-" if value is None or not np.isfinite(value) else format(value, form)


def _fraction(value: float | None) -> str:
    return "< 0" if value is not None and value < 0 else _number(value, ".0f")


def _gains(cells: Sequence[Cell]) -> str:
    methods = (FULL, *BESIDE, LOOP)
    rows = []
    for cell in cells:
        shown = [f"{cell.tracks[PLAIN].psnr():.2f} / {cell.tracks[PLAIN].vmaf:.1f}"]
        for name in methods:
            if name not in cell.tracks:
                shown.append("-")
                continue
            values = gain(cell, name, "psnr"), gain(cell, name, "vmaf")
            shown.append(f"{values[0]:+.2f} / {_number(values[1], '+.1f')}")
        rows.append([*_stream(cell), *shown])
    return _table((PLAIN, *methods), rows)


def _fractions(cells: Sequence[Cell]) -> str:
    rows = []
    for cell in cells:
        shown = []
        for name in BESIDE:
            fractions = ["-", "-"]
            if cell.is_judged:
                fractions = [_fraction(kept([cell], name, each)) for each in ("psnr", "vmaf")]
            shown += [" / ".join(fractions), f"{saved([cell], name):.0f}"]
        rows.append([*_stream(cell), *shown])
    return _table([each for name in BESIDE for each in (f"{name}: kept", "saved")], rows)


def _flicker(cells: Sequence[Cell]) -> str:
    methods = (PLAIN, FULL, *BESIDE)
    rows = [
        [*_stream(cell), *(f"{cell.tracks[name].flicker:.2f}" for name in methods)]
        for cell in cells
    ]
    return _table(methods, rows)


def _times(cells: Sequence[Cell]) -> str:
    rows = []
    for cell in cells:
        shown = []
        for name in METHODS:
            if name not in cell.tracks:
                shown.append("-")
                continue
            spent = cell.tracks[name].spent_ms
            net = mean_ms([cell], name, "net_ms")
            around = mean_ms([cell], name) - net
            shown.append(
                f"{np.median(spent):.1f} / {np.percentile(spent, 95):.1f} "
                f"({around:.1f} + {net:.1f})"
            )
        rows.append([*_stream(cell), *shown])
    return _table(METHODS, rows)


def _profiles(profiles: Sequence[Profile]) -> str:
    rows = []
    for each in profiles:
        numbers = [f"{value:.2f}" for value in (*each.ms.values(), sum(each.ms.values()))]
        rows.append([each.net, KINDS[each.kind], each.codec, *numbers])
    return markdown_table(["net", "content", "codec", *PARTS, "sum"], rows)


def _peak(results: Results) -> str:
    kernels = "\n".join(f"- {k.precision}, {k.what}: {k.gmacs:.0f}" for k in results.kernels)
    return (
        "The best of many runs of plain kernels that stay in the caches, one thread, thousand "
        f"million multiply-adds a second:\n\n{kernels}\n\nThe best of each precision is what the "
        "nets are held to; nothing here comes from a data sheet. The nets' figures are medians "
        "over frames and streams, with everything in the graph that is no multiplication.\n\n"
        f"{render(engine(results))}"
    )


def _over_time(found: Sequence[QualityOverTime]) -> str:
    head = "first 15 frames", "15 before the key frame", "the key frame", "15 after it", "last 15"
    rows = []
    for each in found:
        key, end = each.key, len(each.psnr[FULL])
        before, after = (max(0, key - 15), key), (key + 1, key + 16)
        # Fifteen frames are half a second: long enough for a mean, short enough to show a pulse at
        # the key frame.
        spans = (0, 15), before, (key, key + 1), after, (max(0, end - 15), end)
        for name in (TEMPORAL, HALF, PLAIN):
            values = [f"{each.behind(name, *span):.2f}" for span in spans]
            rows.append([KINDS[each.kind], name, *values])
    return markdown_table(["content", "method", *head], rows)
