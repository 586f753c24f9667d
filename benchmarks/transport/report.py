"""The transport table in Markdown, its chart, and the same as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import msgspec

from benchmarks.table import markdown_table
from benchmarks.transport.run import Cell
from benchmarks.transport.ways import WAYS

matplotlib.use("Agg")

from matplotlib import pyplot

HEADS = (
    "way",
    "loss",
    "in time",
    "late",
    "p50",
    "p95",
    "p99",
    "more bytes",
    "cores: sends",
    "receives",
)


def table(cells: Sequence[Cell]) -> str:
    """Returns a Markdown table; ages in milliseconds."""
    return markdown_table(HEADS, map(_row, cells))


def _row(cell: Cell) -> list[str]:
    return [
        WAYS[cell.way].title,
        f"{100 * cell.loss:g} %",
        f"{100 * cell.in_time:.1f} %",
        f"{100 * cell.late:.1f} %",
        *("-" if age is None else f"{age:.0f}" for age in (cell.p50, cell.p95, cell.p99)),
        f"{100 * cell.overhead:.0f} %",
        f"{cell.cpu_send:.2f}",
        f"{cell.cpu_receive:.2f}",
    ]


def emulator_line(cells: Sequence[Cell]) -> str:
    """Returns a sentence about how far the emulator itself may be trusted."""
    cores = max(cell.cpu_emulator for cell in cells)
    late = sorted(cell.emulator_late_ms for cell in cells)
    return (
        f"The emulator took at most {cores:.2f} of a core; its worst packet was late by "
        f"{late[len(late) // 2]:.1f} ms in the median of the runs, {late[-1]:.1f} ms in the worst."
    )


def draw(cells: Sequence[Cell], path: Path) -> None:
    """Draws frames in time and their 99th percentile against the loss, a column for each size."""
    sizes = list(dict.fromkeys(cell.size for cell in cells))
    figure, axes = pyplot.subplots(2, len(sizes), figsize=(6 * len(sizes), 8), squeeze=False)
    for column, size in enumerate(sizes):
        for name in dict.fromkeys(cell.way for cell in cells):
            own = [cell for cell in cells if cell.way == name and cell.size == size]
            losses = [100 * cell.loss for cell in own]
            style = {"marker": "o", "label": WAYS[name].title, "lw": 2.5 if name == "link" else 1.0}
            axes[0][column].plot(losses, [100 * cell.in_time for cell in own], **style)
            ages = [float("nan") if cell.p99 is None else cell.p99 for cell in own]
            axes[1][column].plot(losses, ages, **style)
        axes[0][column].set(title=size, ylabel="frames whole within 300 ms, %")
        axes[1][column].set(xlabel="packets lost, %", ylabel="p99 of the age, ms", yscale="log")
    axes[0][0].legend(fontsize="x-small")
    figure.tight_layout()
    figure.savefig(path, dpi=100)
    pyplot.close(figure)


def write(cells: Sequence[Cell], machine: str, folder: Path) -> None:
    """Writes ``README.md``, ``transport.png`` and ``transport.json`` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "transport.json").write_bytes(
        msgspec.json.format(msgspec.json.encode({"machine": machine, "cells": cells}), indent=1)
        + b"\n"
    )
    draw(cells, folder / "transport.png")
    sizes = dict.fromkeys(cell.size for cell in cells)
    parts = [
        _INTRODUCTION,
        machine,
        *(f"## {size}\n\n{table([c for c in cells if c.size == size])}" for size in sizes),
        emulator_line(cells),
        "![frames in time, and the 99th percentile of their age](transport.png)",
    ]
    (folder / "README.md").write_text("\n\n".join(parts) + "\n")


_INTRODUCTION = """# Ways to carry frames between sites

Written by `make bench-transport`. 30 frames a second of 14 datagrams' bytes (3.9 Mbit/s) and of 7
(1.9 Mbit/s) over 20 Mbit/s and a round trip of 40 ms. A frame is in time if its last byte is there
300 ms after it was made; ages are those of all whole frames, also the late ones. *More bytes*: all
packets in both directions, IP heads included. Congestion control of TCP is set by route. A way that
encrypts is marked by its name: link (DTLS) and QUIC; the others do not."""
