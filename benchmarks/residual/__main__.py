"""``python -m benchmarks.residual``: measures the ways to send a net's pictures, and writes
``docs/residual``.
"""

from __future__ import annotations

from benchmarks import machine
from benchmarks.grid import say
from benchmarks.page import page_parser, write_page
from benchmarks.residual.material import MEASURED, NETS, film
from benchmarks.residual.report import Figure, draw, markdown, measured
from benchmarks.residual.ways import WAYS
from workers.team import residual_codec


def main() -> None:
    parser = page_parser("residual", __doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=24, help="of each clip, at most 48")
    parser.add_argument("--net", choices=NETS, default="live-m")
    options = parser.parse_args()
    residual_codec.warm_up()
    found: list[Figure] = []
    for clip in MEASURED:
        seen = film(clip, options.net, options.frames)
        for kind, settings in WAYS.items():
            found += [measured(clip, seen, kind, name, way) for name, way in settings.items()]
        say(clip)
    text = markdown(found, machine.headline(), options.net, options.frames)
    print(text)
    options.out.mkdir(parents=True, exist_ok=True)
    draw(found, options.out / "rate.png")
    write_page(options.out, text)


if __name__ == "__main__":
    main()
