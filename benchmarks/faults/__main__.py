"""``python -m benchmarks.faults`` prints a table of faults and of what viewers notice of them."""

from __future__ import annotations

import argparse
import random
import sys

from benchmarks import machine
from benchmarks.faults import report, schedules, stack
from benchmarks.faults.measure import measure
from benchmarks.faults.table import FAULTS


def main(argv: list[str] | None = None) -> int:
    """Prints rows as they are measured. Returns 0 also where a target is missed, 1 for a history
    that is not sound.
    """
    parser = argparse.ArgumentParser(prog="benchmarks.faults", description=__doc__)
    parser.add_argument("--streams", type=int, nargs="*", default=[1, 4], help="1 and 4")
    parser.add_argument("--only", default="", help="faults whose name has these words")
    parser.add_argument("--schedules", type=int, default=0, help="random schedules instead")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args(argv)
    if lack := stack.missing():
        print(lack)
        return 0
    print(machine.describe())
    if options.schedules:
        count, wrong = schedules.run(options.schedules, seed=options.seed)
        print("\n".join([*wrong, f"{count} schedules, seed {options.seed}: {len(wrong)} wrong"]))
        return 1 if wrong else 0
    chosen = [fault for fault in FAULTS if options.only in fault.name]
    print(report.HEAD, flush=True)
    results = []
    for streams in options.streams:
        for result in measure(streams, chosen):
            results.append(result)
            print(report.line(result), flush=True)
    print(report.summary(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
