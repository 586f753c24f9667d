"""``python -m benchmarks.features``: dB against Mbit/s for what passes between parts of a net."""

from __future__ import annotations

from pathlib import Path

from benchmarks import machine
from benchmarks.features.placements import place_all, place_unet
from benchmarks.features.report import draw, markdown
from benchmarks.features.sweep import measure
from benchmarks.page import page_parser, write_page
from models.measure.held_out_clips import CLIPS


def main() -> None:
    parser = page_parser("split", "Measures what passes between two parts of a net.")
    add = parser.add_argument
    add("--frames", type=int, default=16, help="of each clip")
    add("--clips", nargs="+", default=list(CLIPS), choices=list(CLIPS))
    folder = Path("../shared/data/natural")
    add("--natural", type=Path, default=folder, help="folder of camera clips; left out if missing")
    add("--tuned", action="store_true", help="with the second part tuned to coarse features")
    options = parser.parse_args()
    clips = tuple(options.clips)
    found = measure(options.frames, options.natural, clips, is_tuned=options.tuned)
    options.out.mkdir(parents=True, exist_ok=True)
    draw(found, options.out / "features.png")
    write_page(options.out, markdown(found, place_all(), place_unet(), machine.headline()))


if __name__ == "__main__":
    main()
