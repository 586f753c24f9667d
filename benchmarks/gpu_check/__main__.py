"""``python -m benchmarks.gpu_check``: the check of the engines; ``make gpu-check`` calls it.

Exit codes: 0 all passed, 1 something did not, 2 there is no GPU and only the rest was checked.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import machine
from benchmarks.gpu_check import gpu, report
from benchmarks.gpu_check.diagnosis import versions
from benchmarks.gpu_check.plan import BUDGET_S, PRECISIONS, Step, steps_of
from benchmarks.gpu_check.run import Result, run_all
from benchmarks.table import markdown_table
from workers.engines.registry import engine_reasons

ON_GPU = ("tensorrt", "onnxruntime-cuda", "onnxruntime-tensorrt", "torch")
"""Engines of a GPU, the most important first."""

SUCCESS, FAULT, NO_GPU = 0, 1, 2


def main(argv: list[str] | None = None) -> int:
    """Runs the check and writes its table; returns the exit code."""
    options = _parser().parse_args(argv)
    lack, found = "", "The engines ran on the processor."
    engines: Sequence[str] = options.engines or ON_GPU
    if not options.engines:
        try:
            card = gpu.find_gpu()
            found = (
                f"{card.name}, compute capability {card.capability}, {card.memory_mib} MiB, "
                f"driver {card.driver}"
            )
        except gpu.NoGpu as error:
            lack = str(error)
            found = f"There is no GPU: {lack}."
    steps = steps_of(engines, on_gpu=not options.engines)
    if options.plan:
        print(plan_table(steps))
        return SUCCESS
    # A folder of an earlier run would mix its steps with these.
    shutil.rmtree(options.out / "steps", ignore_errors=True)
    options.out.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    runnable = [step for step in steps if step.check == "operators"] if lack else steps
    results = run_all(runnable, options.out, budget_s=options.budget)
    if lack:
        results += [Result(step, "left out", why="no GPU") for step in steps[len(runnable) :]]
    run = report.Run(
        machine=machine.headline(),
        gpu=found,
        engines=engine_reasons(),
        versions=tuple(versions()),
        results=tuple(results),
        seconds=time.monotonic() - begun,
    )
    archive = report.write(run, options.out)
    return _conclude(run, archive, lack, steps)


def _conclude(run: report.Run, archive: Path, lack: str, steps: Sequence[Step]) -> int:
    faults = [result for result in run.results if result.is_fault]
    left_out = [result.step.name for result in run.results if result.state == "left out"]
    if lack:
        print("\nThe plan of a run with a GPU:\n")
        print(plan_table(steps))
        print("\nEngines here:")
        for name, why in run.engines.items():
            print(f"  {name}: {why or 'usable'}")
        print(f"\n{gpu.HOW_TO_GET_ONE.format(reason=lack)}")
    elif left_out:
        print(f"\nNo time was left for {len(left_out)} steps: {', '.join(left_out)}")
    print(f"\n{len(faults)} steps did not pass. Table: {archive.parent / 'gpu-check.md'}")
    if faults:
        print(f"To have them mended, send {archive}.")
        return FAULT
    return NO_GPU if lack else SUCCESS


def plan_table(steps: Sequence[Step]) -> str:
    """Returns the steps with the seconds that they are expected to take, and their sum so far."""
    rows, total = [], 0.0
    for step in steps:
        total += step.expected_s
        rows.append((step.name, f"{step.expected_s:.0f}", f"{total:.0f}", f"{step.limit_s:.0f}"))
    return markdown_table(("step", "expected, s", "sum, s", "ended after, s"), rows)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu_check",
        description="Checks and measures the inference engines on one NVIDIA GPU.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--out", type=Path, default=Path("build/gpu-check"), help="folder of table and archive")
    add("--budget", type=float, default=BUDGET_S, metavar="S", help="seconds for all steps")
    add("--plan", action="store_true", help="print the steps and end")
    text = f"comma-separated, of {', '.join(PRECISIONS)}; default: those of a GPU"
    add("--engines", type=engine_names, default=(), metavar="LIST", help=text)
    return parser


def engine_names(text: str) -> tuple[str, ...]:
    """Reads a list of engines."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    unknown = [name for name in names if name not in PRECISIONS]
    if unknown or not names:
        raise argparse.ArgumentTypeError(f"no engines: {', '.join(unknown) or 'none named'}")
    return names


if __name__ == "__main__":
    sys.exit(main())
