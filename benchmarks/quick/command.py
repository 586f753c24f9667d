"""``sharpcast bench --quick``: measures, compares, prints and saves."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path

import msgspec

from benchmarks import machine
from benchmarks.quick import measure
from benchmarks.quick.cells import Cell, Machine, closest, ratios, verdict
from benchmarks.table import markdown_table

BUDGET_S = 22.0
"""Time for the nets; with imports, encoder and Redis half a minute in all."""

PUBLISHED = Path(__file__).with_name("published.json")
"""Figures of docs/benchmarks.md in the package."""


def run(out: Path, *, budget_s: float = BUDGET_S) -> int:
    """Measures for about half a minute, prints a table, and saves the figures. Raises OSError."""
    print(machine.describe(), flush=True)
    own = _measured(budget_s)
    other = closest(published(), has_vnni=own.has_vnni)
    found = ratios(own, other) if other else {}
    print(table(own.cells, found))
    if other:
        print(f"\nBeside {other.name}: {verdict(found)}")
    out.write_bytes(msgspec.json.format(msgspec.json.encode(own), indent=1) + b"\n")
    print(f"Saved in {out}.")
    return 0


def _measured(budget_s: float) -> Machine:
    until_s = time.monotonic() + budget_s
    fixed = [*measure.encoder(), *measure.redis_append()]
    cells = (*measure.nets(until_s=until_s), *fixed)
    load = os.getloadavg()[0]
    return Machine(name=f"{machine.headline()}, load {load:.1f}", has_vnni=has_vnni(), cells=cells)


def published() -> tuple[Machine, ...]:
    """Returns the machines whose figures ship with the package."""
    return msgspec.json.decode(PUBLISHED.read_bytes(), type=tuple[Machine, ...])


def has_vnni() -> bool:
    """Returns True for a processor that adds four products of bytes in one instruction."""
    info = Path("/proc/cpuinfo")
    words = set(info.read_text().split()) if info.exists() else set()
    if platform.machine() == "aarch64":
        return "asimddp" in words
    return bool({"avx512_vnni", "avx_vnni"} & words)


def table(cells: tuple[Cell, ...], found: dict[tuple[str, str, str], float]) -> str:
    """Returns the figures as a table; the last column is the time here over the published one."""
    head = ("what", "on", "size", "ms", "CPU ms", "streams at 30 fps", "of the published time")
    rows = []
    for cell in cells:
        ratio = found.get(cell.key)
        rows.append(
            (
                cell.what,
                cell.engine,
                cell.size,
                f"{cell.ms:.2f}",
                f"{cell.cpu_ms:.2f}",
                f"{cell.streams:.1f}" if cell.size else "",
                f"{ratio:.0%}" if ratio else "",
            )
        )
    return markdown_table(head, rows)
