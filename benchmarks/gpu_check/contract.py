"""The engines' contract suite for one engine, by pytest in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.gpu_check.only_engine import ENGINE, OUTCOMES

SUITES = ("tests/workers/engines/test_engines.py",)

ROOT = Path(__file__).parents[2]

UNAVAILABLE = "cannot be used"
"""Part of a skip's reason that means that the engine did not open: that is a failure here."""


def outcomes(engine: str, folder: Path) -> Iterator[dict[str, Any]]:
    """Runs the suite; yields a row for each test that did not pass, and one with the counts."""
    lines = folder / "outcomes.jsonl"
    command = [
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "default"),
        # Compiling a plan takes longer than the suite's own limit for a test.
        *("--timeout", "0", "-p", "benchmarks.gpu_check.only_engine", *SUITES),
    ]
    environment = {**os.environ, ENGINE: engine, OUTCOMES: str(lines)}
    with (folder / "pytest.txt").open("w") as output:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, stdout=output, stderr=output, check=False
        )
    yield from judged(lines.read_text() if lines.exists() else "", done.returncode)


def judged(text: str, returncode: int) -> Iterator[dict[str, Any]]:
    """Turns the lines of the plugin into rows."""
    found = [json.loads(line) for line in text.splitlines()]
    for each in found:
        if each["outcome"] == "failed" or UNAVAILABLE in each["why"]:
            yield {"ok": False, "test": each["test"], "why": each["why"]}
    passed = sum(each["outcome"] == "passed" for each in found)
    yield {
        # Without a single test nothing was shown; pytest says by its code if it broke itself.
        "ok": bool(passed) and returncode == 0,
        "passed": passed,
        "failed": sum(each["outcome"] == "failed" for each in found),
        "skipped": sum(each["outcome"] == "skipped" for each in found),
        "exit": returncode,
    }
