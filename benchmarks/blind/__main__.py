"""``python -m benchmarks.blind``: writes a page of blind pairs."""

from __future__ import annotations

import argparse
import secrets
from pathlib import Path

from benchmarks.blind.material import film
from benchmarks.blind.page import render_page
from benchmarks.blind.pairs import choose
from benchmarks.grid import say
from benchmarks.material import CLIP_FOLDER
from benchmarks.quality.at_viewer import USUAL_RATE, Enlarger
from models.training.codec import AV1, CODECS
from wire.settings import Settings

CHART = (
    "street",
    "talking",
    "dashcam",
    "handheld",
    "animation",
    "screen",
    "game",
    "speaker",
    "motion",
)
"""Clips that are shown where none are named: real cameras first, so that they are shown twice."""


def main() -> None:
    options = _parser().parse_args()
    paths = options.clips or [CLIP_FOLDER / f"{name}.mp4" for name in CHART]
    enlarger = Enlarger(f"{options.net} at {options.strength:g}", 2, options.net, options.strength)
    frames = []
    for path in paths:
        try:
            frames.append(film(path, [enlarger], codec=options.codec, bpp=options.bpp))
        except (OSError, ValueError) as error:
            raise SystemExit(f"{path} cannot be shown: {error}") from error
        say(f"{path.stem}: {len(frames)} of {len(paths)}")
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    about = (
        f"Enhanced by {options.net} with strength {options.strength:g}; {options.codec} at "
        f"{options.bpp:g} bit per pixel; the order has seed {seed}."
    )
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(render_page(choose(frames, enlarger.name, seed), about))
    say(f"wrote {options.out}: open it in a browser")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.blind",
        description="Writes a page of blind pairs: the source as a player scales it, and enhanced.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("clips", type=Path, nargs="*", help="video files; none: the clips of tests/data/clips")
    add("--out", type=Path, default=Path("build/look.html"))
    add("--net", default="live-s", help="a x2 net that ships")
    add("--strength", type=float, default=Settings.model_construct().strength)
    add("--codec", default="h264", choices=[*CODECS, AV1])
    add("--bpp", type=float, default=USUAL_RATE, help="bits for each pixel of what is sent")
    add("--seed", type=int, help="of sides and order; none: a random one, told with the answers")
    return parser


if __name__ == "__main__":
    main()
