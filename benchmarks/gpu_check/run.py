"""Runs the steps one after the other, each in a process of its own that cannot end the run."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.gpu_check.plan import BUDGET_S, Budget, Step

ROOT = Path(__file__).parents[2]

PROGRAM = (sys.executable, "-m", "benchmarks.gpu_check.step")

_LAST_WORDS_S = 2.0
"""Time that a step gets between the signal that writes its stacks and the one that ends it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Result:
    """Outcome of one step."""

    step: Step
    state: str
    "passed, failed, crashed, timed out or left out"
    seconds: float = 0.0
    rows: tuple[dict[str, Any], ...] = ()
    why: str = ""
    "First line of the reason where it did not pass."

    @property
    def is_fault(self) -> bool:
        """True for a step that ran and did not pass."""
        return self.state not in ("passed", "left out")


def run_all(
    steps: Sequence[Step],
    out: Path,
    *,
    budget_s: float = BUDGET_S,
    say: Callable[[str], None] = print,
    clock: Callable[[], float] = time.monotonic,
) -> list[Result]:
    """Runs the steps that fit into the budget; those left out come last."""
    begun, budget = clock(), Budget(steps, budget_s)
    results: list[Result] = []
    while (found := budget.next_step(spent_s=clock() - begun)) is not None:
        step, limit_s = found
        result = run_one(step, out / "steps" / f"{len(results) + 1:02}-{step.name}", limit_s)
        results.append(result)
        why = f": {result.why}" if result.why else ""
        say(f"{clock() - begun:5.0f} s  {step.name}: {result.state}{why}")
    return [*results, *(Result(step, "left out") for step in budget.left_out)]


def run_one(
    step: Step, folder: Path, limit_s: float, *, program: Sequence[str] = PROGRAM
) -> Result:
    """Runs one step by a program that gets its folder, with a time limit in seconds."""
    folder.mkdir(parents=True)
    (folder / "step.json").write_text(json.dumps(dataclasses.asdict(step)))
    begun = time.monotonic()
    with (folder / "stdout.txt").open("w") as out, (folder / "stderr.txt").open("w") as err:
        # A group of its own, so that its children (pytest) end with it.
        process = subprocess.Popen(
            [*program, str(folder.resolve())],
            cwd=ROOT,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        try:
            code: int | None = process.wait(timeout=limit_s)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            _end(process)
    seconds = time.monotonic() - begun
    return dataclasses.replace(read_result(step, folder, code, limit_s), seconds=seconds)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends a step that still runs, and whatever it has started."""
    if process.poll() is None:
        # faulthandler writes the stacks of all threads at this signal.
        process.send_signal(signal.SIGABRT)
        try:
            process.wait(timeout=_LAST_WORDS_S)
        except subprocess.TimeoutExpired:
            pass
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def read_result(step: Step, folder: Path, code: int | None, limit_s: float) -> Result:
    """Judges a step by its exit code (None: it was ended) and by what it has written."""
    rows = tuple(_rows(folder / "rows.jsonl"))
    if code is None and limit_s < step.limit_s:
        return Result(step, "left out", rows=rows, why=f"the time was over after {limit_s:.0f} s")
    if code is None:
        return Result(step, "timed out", rows=rows, why=f"ended after {limit_s:.0f} s")
    if code < 0 or code > 1:
        reason = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return Result(step, "crashed", rows=rows, why=f"{reason}; {_last_line(folder)}")
    if code == 0 and rows:
        return Result(step, "passed", rows=rows)
    failure = folder / "failure.txt"
    why = failure.read_text().splitlines()[0] if failure.exists() else _wrong(rows)
    return Result(step, "failed", rows=rows, why=why)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    for line in path.read_text().splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            return  # the last line of a step that was ended while it wrote


def _wrong(rows: Sequence[dict[str, Any]]) -> str:
    wrong = [row for row in rows if not row.get("ok")]
    if not wrong:
        return "it measured nothing"
    told = [str(row.get("test") or row.get("refused") or "") for row in wrong]
    first = next((text for text in told if text), "a picture is further apart than it may be")
    return f"{len(wrong)} of {len(rows)} checks, first: {first}"


def _last_line(folder: Path) -> str:
    lines = (folder / "stderr.txt").read_text(errors="replace").strip().splitlines()
    return lines[-1][:200] if lines else "it said nothing"
