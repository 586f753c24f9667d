from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks import machine
from benchmarks.reuse.coded import CODECS, coded_frames
from benchmarks.reuse.contact_sheet import draw_strip
from benchmarks.reuse.grid import BPP, Plan, fill
from benchmarks.reuse.material import KINDS, NORMAL, Material, film
from benchmarks.reuse.nets import has_onnxruntime
from benchmarks.reuse.peak import measure_peak
from benchmarks.reuse.plots import draw_course, draw_kept, draw_profile, draw_time
from benchmarks.reuse.profile import Profile, profile
from benchmarks.reuse.quality_over_time import Course, follow
from benchmarks.reuse.report import SHOWN_FRAME, Results, markdown
from models.training.codec import LiveEncoder

COURSES = ("speaker", "handheld")
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
    _say("peak")
    cells = fill(plan, _say)
    results = Results(
        machine=machine.describe().splitlines()[0],
        frames=plan.frames,
        nets=plan.nets,
        cells=cells,
        profiles=_profiles(plan),
        kernels=kernels,
        courses=_courses(plan),
        lacking=[] if has_onnxruntime() else ["ONNX Runtime is not installed here: no fp32 loop."],
    )
    shown = [film(kind, NORMAL, SHOWN_FRAME + 1) for kind in PICTURES if kind in plan.kinds]
    write(results, shown, options.out)
    _say(f"wrote {options.out / 'README.md'}")


def write(results: Results, shown: list[Material], folder: Path) -> None:
    """The page and its pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    draw_kept(results.cells, results.nets, folder / "kept.png")
    draw_time(results.cells, results.nets, folder / "time.png")
    draw_profile(results.profiles, folder / "profile.png")
    draw_course(results.courses, folder / "course.png")
    draw_strip(results.nets[0], shown, folder / "strip.png")
    (folder / "README.md").write_text(markdown(results))


def _profiles(plan: Plan) -> list[Profile]:
    found = []
    for kind in plan.kinds:
        material = film(kind, NORMAL, plan.frames // 2)
        for codec in plan.codecs:
            frames = list(coded_frames(material, LiveEncoder(codec, BPP)))
            found += [profile(net, material, frames, codec) for net in plan.nets]
        _say(f"profile: {KINDS[kind]}")
    return sorted(found, key=lambda each: plan.nets.index(each.net))


def _courses(plan: Plan) -> list[Course]:
    kinds = [kind for kind in COURSES if kind in plan.kinds] or plan.kinds[:1]
    return [follow(plan.nets[0], film(kind, NORMAL, plan.frames)) for kind in kinds]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reuse",
        description="Measures what reusing the last enhanced picture saves; writes docs/reuse.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--out", type=Path, default=Path("docs/reuse"))
    add("--nets", nargs="+", default=list(Plan().nets), help="the first one is drawn over time")
    add("--kinds", nargs="+", default=list(KINDS), choices=list(KINDS))
    add("--codecs", nargs="+", default=list(CODECS), choices=list(CODECS))
    add("--frames", type=int, default=150, help="of each stream, at least 32")
    add("--every", type=int, default=5, help="VMAF of one frame in so many")
    add("--small", action="store_true", help="without 640x360")
    return parser


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
