"""The page of what was found, and its chart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import numpy as np
from matplotlib import pyplot

from benchmarks.features import codings
from benchmarks.features.codings import WAYS, Delivered
from benchmarks.features.placements import Row, UNetRow
from benchmarks.features.sweep import Found
from benchmarks.table import markdown_table

__all__ = ["LINKS_MBIT_S", "best", "draw", "markdown"]

LINKS_MBIT_S = (1, 5, 20, 100)

COLOURS = {
    codings.INT8: "#111111",
    codings.INT8_CODED: "#6e7681",
    codings.PCA: "#c98a2b",
    codings.PCA_CODED: "#e3b341",
    codings.RVQ: "#8250df",
    codings.MASKED: "#1f6feb",
    codings.PICTURE: "#d1242f",
    codings.RESIDUAL: "#1a7f37",
    codings.REGION: "#56d364",
}


def curve(found: Sequence[Found], way: str, measure: str) -> list[tuple[float, float]]:
    """Mean rate and mean dB over the clips at each setting, by rate. `truth` is against what the
    whole net reaches on one device, `whole` the PSNR against its picture.
    """
    points = []
    for setting in dict.fromkeys(d.setting for d in found[0].delivered if d.way == way):
        mine = [_at(each, way, setting) for each in found]
        if measure == "truth":
            values = [d.truth_db - f.whole_db for d, f in zip(mine, found, strict=True)]
        else:
            values = [d.whole_db for d in mine]
        points.append((float(np.mean([d.mbit_s for d in mine])), float(np.mean(values))))
    return sorted(points)


def _at(found: Found, way: str, setting: str) -> Delivered:
    return next(d for d in found.delivered if (d.way, d.setting) == (way, setting))


def best(found: Sequence[Found], way: str, link_mbit_s: float) -> float | None:
    """Mean over the clips of the best picture that fits on the link, against the whole net's. A
    clip of which nothing fits stays bicubic; None where none fits.
    """
    values = []
    fits = False
    for each in found:
        fitting = [d for d in each.delivered if d.way == way and d.mbit_s <= link_mbit_s]
        fits = fits or bool(fitting)
        values.append(max([each.plain_db, *(d.truth_db for d in fitting)]) - each.whole_db)
    return float(np.mean(values)) if fits else None


def draw(found: Sequence[Found], path: Path) -> None:
    """Draws dB over Mbit/s: against the original, and against the whole net's picture."""
    figure, axes = pyplot.subplots(1, 2, figsize=(14, 6))
    for axis, measure in zip(axes, ("truth", "whole"), strict=True):
        for way in WAYS:
            x, y = zip(*curve(found, way, measure), strict=True)
            axis.plot(x, y, "o-", label=way, color=COLOURS[way], ms=4)
        for link in LINKS_MBIT_S:
            axis.axvline(link, color="grey", linestyle=":", linewidth=0.8)
        axis.set_xscale("log")
        axis.set_xlabel("Mbit/s for 480x270 at 30 frames a second")
        axis.grid(alpha=0.3)
    plain = float(np.mean([each.plain_db - each.whole_db for each in found]))
    axes[0].axhline(plain, color="black", linewidth=0.8)
    axes[0].text(0.2, plain, "bicubic", va="bottom", fontsize=8)
    axes[0].set_ylim(plain - 0.6, 0.15)
    axes[0].set_ylabel("luma PSNR against the original, less the whole net's, dB")
    axes[1].set_ylabel("luma PSNR against the whole net's picture, dB")
    axes[0].legend(fontsize=8, loc="lower right")
    _save(figure, path)


def _save(figure: Any, path: Path) -> None:
    figure.tight_layout()
    # Without the date and the version the same figures give the same bytes.
    figure.savefig(path, dpi=100, metadata={"Software": None})
    pyplot.close(figure)


def markdown(
    found: Sequence[Found], rows: Sequence[Row], unet: Sequence[UNetRow], machine: str
) -> str:
    """The tables; what follows from them stands in docs/split.md."""
    plain = float(np.mean([each.plain_db - each.whole_db for each in found]))
    parts = [
        "# Features between two parts of a net: figures",
        f"Written by `python -m benchmarks.features` on\n{machine}.\n"
        "What it means stands in [`split.md`](../split.md).",
        "![dB against Mbit/s](features.png)",
        "## Best picture that fits on a link",
        "Luma PSNR against the original, less the whole net's on one device, in dB; mean over\n"
        f"{len(found)} clips. A clip of which nothing fits stays bicubic, at {plain:+.2f} dB.",
        _links(found),
        "## Every way and setting",
        _settings(found),
        "## Losses",
        "Vector-quantized features with changed blocks; dB against the same without loss.",
        _losses(found),
        "## Clips",
        _clips(found),
        "## Chains over four devices",
        _chains(rows),
        "## The U-net by branches over three devices",
        _branches(unet),
    ]
    return "\n\n".join(parts) + "\n"


def _links(found: Sequence[Found]) -> str:
    lines = []
    for way in WAYS:
        values = [best(found, way, link) for link in LINKS_MBIT_S]
        lines.append([way, *("does not fit" if v is None else f"{v:+.3f}" for v in values)])
    return markdown_table(("way", *(f"{link} Mbit/s" for link in LINKS_MBIT_S)), lines)


def _settings(found: Sequence[Found]) -> str:
    lines = []
    for way in WAYS:
        for setting in dict.fromkeys(d.setting for d in found[0].delivered if d.way == way):
            mine = [_at(each, way, setting) for each in found]
            apart = [d.truth_db - f.whole_db for d, f in zip(mine, found, strict=True)]
            lines.append(
                [
                    way,
                    setting,
                    f"{np.mean([d.mbit_s for d in mine]):.2f}",
                    f"{np.mean(apart):+.3f}",
                    f"{min(apart):+.3f}",
                    f"{np.mean([d.whole_db for d in mine]):.1f}",
                ]
            )
    head = ("way", "setting", "Mbit/s", "dB, mean", "dB, worst clip", "dB to the whole net's")
    return markdown_table(head, lines)


def _losses(found: Sequence[Found]) -> str:
    lines = []
    for number, loss in enumerate(found[0].losses):
        values = [each.losses[number].db for each in found]
        lines.append([loss.kind, f"{np.mean(values):.3f}", f"{max(values):.3f}"])
    return markdown_table(("lost", "dB, mean", "dB, worst clip"), lines)


def _clips(found: Sequence[Found]) -> str:
    lines = [[f.clip, f"{f.plain_db:.2f}", f"{f.whole_db:.2f}"] for f in found]
    return markdown_table(("clip", "bicubic, dB", "whole net, dB"), lines)


def _chains(rows: Sequence[Row]) -> str:
    lines = [
        [
            row.net,
            f"{row.gmacs:.1f}",
            f"{row.loop_fraction:.0%}",
            f"{row.alone_fps:.2f}",
            f"{row.free:.2f}x",
            f"{row.bytes_gain:.2f}x",
            f"{row.codes_gain:.2f}x",
            f"{row.codes_latency_s:.2f} s",
            row.cuts,
            "unbounded" if row.regions is None else f"{row.regions:.2f}x",
        ]
        for row in rows
    ]
    head = (
        "net", "GMAC a frame", "in the loop", "fps alone", "links free", "8 bits", "0.2 bits",
        "latency", "cut behind", "regions",
    )  # fmt: skip
    return markdown_table(head, lines)


def _branches(rows: Sequence[UNetRow]) -> str:
    lines = [
        [row.link, f"{1e3 * row.alone_s:.0f} ms", f"{1e3 * row.spread_s:.0f} ms", row.away]
        for row in rows
    ]
    return markdown_table(("link", "one device", "branches spread", "away"), lines)
