"""Runs the tests that failed last once more: ``python -m tests.again``.

A run of some ten thousand tests on a busy machine must not end by one that was late. More than
eight failures are no accident, and nothing is run again then.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.source_tree import ROOT

MAX_FAILURES = 8
"""Failed tests that are run again; with more of them, the run stays failed."""


def last_failed(cache: Path) -> list[str]:
    """Returns the tests that failed in the last run, as pytest keeps them; none without a run."""
    try:
        listed = json.loads((cache / "v" / "cache" / "lastfailed").read_text())
    except FileNotFoundError:
        return []
    return sorted(listed)


def judge(failed: list[str]) -> str:
    """Returns why these tests are not run again; empty if they are."""
    if not failed:
        return "No test is known to have failed; the run broke off."
    if len(failed) > MAX_FAILURES:
        return f"{len(failed)} tests failed; no more than {MAX_FAILURES} are run again."
    if any("::" not in each for each in failed):
        return "A whole file failed; it is not run again."
    return ""


def main() -> int:
    """Returns 0 if each of the failed tests passes now."""
    failed = last_failed(ROOT / ".pytest_cache")
    refusal = judge(failed)
    if refusal:
        print(refusal)
        return 1
    print("Run again, alone: " + ", ".join(failed), flush=True)
    ended = subprocess.run([sys.executable, "-m", "pytest", *failed], cwd=ROOT, check=False)
    if ended.returncode == 0:
        print("Passed at the second try; these tests need mending: " + ", ".join(failed))
    return ended.returncode


if __name__ == "__main__":
    sys.exit(main())
