"""``python -m benchmarks.transport``: every way, at each loss, into ``docs/transport``."""

from __future__ import annotations

import argparse
import itertools
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec

from benchmarks import machine
from benchmarks.grid import say
from benchmarks.network import lab
from benchmarks.network.conditions import WIDE_AREA
from benchmarks.transport import report
from benchmarks.transport.frames import SIZES
from benchmarks.transport.run import Cell, measure
from benchmarks.transport.ways import WAYS, Way

FOLDER = Path(__file__).parents[2] / "docs" / "transport"

LOSSES = (0.0, 0.01, 0.02, 0.05, 0.1)


def main(argv: list[str] | None = None) -> int:
    """Measures and writes; 1 where the machine cannot."""
    options = _parser().parse_args(argv)
    lack = lab.missing()
    if lack:
        print(f"transport: left out. {lack}")
        return 1
    ways = {name: WAYS[name] for name in options.ways or WAYS if not _lacks(name, WAYS[name])}
    machine_text = machine.describe()
    say(machine_text)
    cells: list[Cell] = []
    plan = list(itertools.product(options.sizes or SIZES, ways, options.losses))
    for number, (size, name, loss) in enumerate(plan, 1):
        conditions = WIDE_AREA.but(loss=loss)
        try:
            cells.append(measure(name, size, SIZES[size], conditions, options.seconds))
        except (lab.LabFailed, subprocess.TimeoutExpired) as error:
            # One way that fails once does not cost the half hour of all others.
            say(f"{number} of {len(plan)}: {name} at {100 * loss:g} % failed: {error}")
            continue
        say(f"{number} of {len(plan)}: {msgspec.json.encode(cells[-1]).decode()}")
    for size in dict.fromkeys(cell.size for cell in cells):
        say(f"\n## {size}\n\n{report.table([cell for cell in cells if cell.size == size])}")
    say(f"\n{report.emulator_line(cells)}")
    if options.out is not None:
        report.write(cells, machine_text, options.out)
    return 0


def _lacks(name: str, way: Way) -> bool:
    """Says what a way lacks here; True if it lacks something."""
    if way.is_missing:
        say(f"{name}: left out. There is no {way.needs}; `pip install -e .[bench]` brings it.")
    elif way.module == "redis_log" and shutil.which("redis-server") is None:
        say(f"{name}: left out. redis-server is not installed.")
    else:
        return False
    return True


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks.transport", description=__doc__)
    parser.add_argument("--ways", nargs="*", choices=WAYS, help="default: all")
    parser.add_argument("--sizes", nargs="*", choices=SIZES, help="default: all")
    parser.add_argument("--losses", nargs="*", type=float, default=LOSSES, help="parts of 1")
    parser.add_argument("--seconds", type=float, default=10.0, help="length of a run (10)")
    parser.add_argument(
        "--out", type=Path, help="folder to write table, chart and JSON into; default: print only"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
