"""``python -m benchmarks.temporal``: measures temporal propagation, and writes its page."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks import machine
from benchmarks.grid import say
from benchmarks.material import BITS_PER_PIXEL
from benchmarks.page import page_parser, write_page
from benchmarks.temporal.coded import CODECS, coded_frames
from benchmarks.temporal.contact_sheet import draw_contact_sheet
from benchmarks.temporal.grid import Plan, fill
from benchmarks.temporal.material import KINDS, NORMAL, Material, film
from benchmarks.temporal.nets import has_onnxruntime
from benchmarks.temporal.peak import measure_peak
from benchmarks.temporal.plots import draw_kept, draw_over_time, draw_profile, draw_time
from benchmarks.temporal.profile import Profile, profile
from benchmarks.temporal.quality_over_time import QualityOverTime, follow
from benchmarks.temporal.report import SHOWN_FRAME, Results, markdown
from models.training.codec import LiveEncoder

KINDS_OVER_TIME = ("speaker", "handheld")
PICTURES = ("speaker", "handheld", "screen", "game")


def main() -> None:
    options = _parser().parse_args()
    plan = Plan(
        nets=tuple(options.nets),
        kinds=tuple(options.kinds),
        codecs=tuple(options.codecs),
        has_large=not options.small,
        frames=options.frames,
        every=options.every,
    )
    kernels = measure_peak()
    say("peak")
    cells = fill(plan)
    results = Results(
        machine=machine.headline(),
        frames=plan.frames,
        nets=plan.nets,
        cells=cells,
        profiles=_profiles(plan),
        kernels=kernels,
        over_time=_over_time(plan),
        lacking=[] if has_onnxruntime() else ["ONNX Runtime is not installed here: no fp32 loop."],
    )
    shown = [film(kind, NORMAL, SHOWN_FRAME + 1) for kind in PICTURES if kind in plan.kinds]
    write(results, shown, options.out)


def write(results: Results, shown: list[Material], folder: Path) -> None:
    """The page and its pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    draw_kept(results.cells, results.nets, folder / "kept.png")
    draw_time(results.cells, results.nets, folder / "time.png")
    draw_profile(results.profiles, folder / "profile.png")
    draw_over_time(results.over_time, folder / "quality-over-time.png")
    draw_contact_sheet(results.nets[0], shown, folder / "contact-sheet.png")
    write_page(folder, markdown(results))


def _profiles(plan: Plan) -> list[Profile]:
    found = []
    for kind in plan.kinds:
        material = film(kind, NORMAL, plan.frames // 2)
        for codec in plan.codecs:
            frames = list(coded_frames(material, LiveEncoder(codec, BITS_PER_PIXEL)))
            found += [profile(net, material, frames, codec) for net in plan.nets]
        say(f"profile: {KINDS[kind]}")
    return sorted(found, key=lambda each: plan.nets.index(each.net))


def _over_time(plan: Plan) -> list[QualityOverTime]:
    kinds = [kind for kind in KINDS_OVER_TIME if kind in plan.kinds] or plan.kinds[:1]
    return [follow(plan.nets[0], film(kind, NORMAL, plan.frames)) for kind in kinds]


def _parser() -> argparse.ArgumentParser:
    text = "Measures what temporal propagation saves and costs; writes docs/temporal."
    parser = page_parser("temporal", text)
    add = parser.add_argument
    add("--nets", nargs="+", default=list(Plan().nets), help="the first one is drawn over time")
    add("--kinds", nargs="+", default=list(KINDS), choices=list(KINDS))
    add("--codecs", nargs="+", default=list(CODECS), choices=list(CODECS))
    add("--frames", type=int, default=150, help="of each stream, at least 32")
    add("--every", type=int, default=5, help="VMAF of one frame in so many")
    add("--small", action="store_true", help="without 640x360")
    return parser


if __name__ == "__main__":
    main()
