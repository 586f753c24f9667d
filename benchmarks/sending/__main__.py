"""``python -m benchmarks.sending``: measures which size to send, and writes the table that ships.

It takes the clips from a folder (``--clips``), about forty minutes on two cores, and keeps points
in ``--work``, so that an interrupted run goes on. ``docs/sending/README.md`` gets the figures.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from benchmarks import machine
from benchmarks.sending.sweep import CLIPS, CODECS, FRAMES, RATES, Point, measured
from benchmarks.sending.thresholds import GRID, mean_curves, saved, thresholds
from benchmarks.table import markdown_table
from media.send_size import PATH


def main() -> None:
    """Measures what is missing, and writes the table and the page."""
    options = _parser().parse_args()
    points = measured(options.clips, options.work, options.jobs)
    write(points, PATH, options.out)


def write(points: Sequence[Point], table: Path, out: Path) -> None:
    """Writes the table that ships, and the page of figures."""
    curves = mean_curves(points)
    found = thresholds(curves)
    table.write_text(to_json(found))
    out.mkdir(parents=True, exist_ok=True)
    (out / "README.md").write_text(page(points, curves, found))


def to_json(found: Sequence[tuple[Fraction, float]]) -> str:
    """Returns the table as the package holds it."""
    rows = [{"fraction": round(float(size), 4), "min_bpp": round(bpp, 4)} for size, bpp in found]
    made = (
        f"python -m benchmarks.sending: VMAF-NEG at the viewer, {', '.join(CLIPS)}, "
        f"{FRAMES} frames each, {' and '.join(CODECS)}"
    )
    return json.dumps({"made_by": made, "sizes": rows}, indent=1) + "\n"


def page(
    points: Sequence[Point],
    curves: dict[str, np.ndarray],
    found: Sequence[tuple[Fraction, float]],
) -> str:
    """Returns the page of figures."""
    clips = sorted({point.clip for point in points})
    codecs = sorted({point.codec for point in points})
    parts = [
        "# Which size to send",
        f"Written by `python -m benchmarks.sending` on {machine.headline()}. Clips: "
        f"{', '.join(clips)} (training and validation), {FRAMES} frames each, sent by "
        f"{', '.join(codecs)}; rates are those of 640x360 at 30 fps. A smaller picture is enhanced "
        "at the default style, encoded as a worker does, and shown at the full size; the full "
        "picture is forwarded as it is.",
        "## VMAF-NEG at the viewer, mean of all clips",
        _by_rate(curves),
        "## Limits",
        markdown_table(
            ("size", "from bits a pixel", "kbit/s for 640x360", "for 960x540"),
            [
                (str(size), f"{bpp:.4f}", _kbps(bpp, 640, 360), _kbps(bpp, 960, 540))
                for size, bpp in found
            ],
        ),
        "## By clip",
        _by_clip(points),
    ]
    names = sorted({point.filter for point in points} - {""})
    if names:
        parts += ["## Filters before sending, at half the size", _filters(points, names)]
    return "\n\n".join(parts) + "\n"


def _kbps(bpp: float, width: int, height: int) -> str:
    return f"{bpp * width * height * 30 / 1000:.0f}"


def _by_rate(curves: dict[str, np.ndarray]) -> str:
    sizes = sorted(curves, key=Fraction)
    rows = []
    for kbps in RATES:
        at = int(np.argmin(np.abs(GRID - kbps * 1000 / (640 * 360 * 30))))
        values = {size: float(curves[size][at]) for size in sizes}
        best = max(values, key=values.__getitem__)
        cells = [f"**{v:.1f}**" if size == best else f"{v:.1f}" for size, v in values.items()]
        rows.append((f"{kbps}", *cells))
    return markdown_table(("kbit/s", *sizes), rows)


def _by_clip(points: Sequence[Point]) -> str:
    rows = []
    plain = [point for point in points if not point.filter]
    for clip, codec, size in sorted({(p.clip, p.codec, p.size) for p in plain}):
        mine = sorted(
            (p for p in plain if (p.clip, p.codec, p.size) == (clip, codec, size)),
            key=lambda point: point.asked_kbps,
        )
        cells = [f"{1000 * p.bpp:.0f}: {p.neg:.1f} / {p.psnr_db:.2f}" for p in mine]
        rows.append((clip, codec, size, *cells))
    head = [f"{kbps} kbit/s" for kbps in RATES]
    note = "Each cell: bits for a thousand pixels as spent, VMAF-NEG, luma PSNR in dB."
    return f"{note}\n\n{markdown_table(('clip', 'codec', 'size', *head), rows)}"


def _filters(points: Sequence[Point], names: Sequence[str]) -> str:
    rows = []
    for name in names:
        for (clip, codec), percent in sorted(saved(points, name).items()):
            rows.append((name, clip, codec, f"{percent:+.1f} %"))
    return markdown_table(("filter", "clip", "codec", "bits saved at equal VMAF-NEG"), rows)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.sending",
        description="Measures which size to send at each rate; writes media/send_sizes.json.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--clips", type=Path, default=Path("../shared/data/natural"), help="folder of the clips")
    add("--work", type=Path, default=Path("build/sending"), help="keeps what was measured")
    add("--out", type=Path, default=Path("docs/sending"), help="folder of the page")
    add("--jobs", type=int, default=2)
    return parser


if __name__ == "__main__":
    main()
