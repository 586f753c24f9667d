"""Outcomes of the suite as rows, and the plugin that keeps one engine's tests."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.gpu_check.contract import ROOT, judged, outcomes
from benchmarks.gpu_check.only_engine import ENGINE, OUTCOMES


def lines(*found: tuple[str, str, str]) -> str:
    names = ("test", "outcome", "why")
    return "\n".join(json.dumps(dict(zip(names, each, strict=True))) for each in found)


def test_what_failed_has_a_row_with_its_traceback() -> None:
    rows = list(judged(lines(("a", "passed", ""), ("b", "failed", "trace")), 1))
    assert rows[0] == {"ok": False, "test": "b", "why": "trace"}
    counts = {"passed": 1, "failed": 1, "skipped": 0, "exit": 1}
    assert rows[1] == {"ok": False, **counts}


def test_a_skip_is_a_fault_only_if_the_engine_did_not_open() -> None:
    batch = ("a", "skipped", "this engine takes one frame at a time")
    closed = ("b", "skipped", "Engine 'tensorrt' cannot be used: pycuda is not installed.")
    assert [row["ok"] for row in judged(lines(("c", "passed", ""), batch), 0)] == [True]
    rows = list(judged(lines(("c", "passed", ""), closed), 0))
    assert [row.get("test") for row in rows if not row["ok"]] == ["b"]


@pytest.mark.parametrize(("text", "code"), [("", 5), (lines(("a", "passed", "")), 3)])
def test_a_suite_that_broke_or_had_no_test_has_not_passed(text: str, code: int) -> None:
    assert [row["ok"] for row in judged(text, code)] == [False]


def test_the_plugin_keeps_one_engine_and_tells_why(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import pytest\n"
        "@pytest.mark.parametrize('engine', ['tensorrt', 'ort-tensorrt', 'tensorrt over'])\n"
        "def test_a(engine): assert 1 + 1 == 3\n"
        "@pytest.mark.parametrize('engine', ['tensorrt'])\n"
        "def test_b(engine): pytest.skip('no reason')\n"
        "def test_of_none(): pass\n"
    )
    found = tmp_path / "found"
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
        + ["-c", "/dev/null", "-p", "benchmarks.gpu_check.only_engine", str(tmp_path)],
        cwd=ROOT,
        env={"PATH": "", ENGINE: "tensorrt", OUTCOMES: str(found), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    rows = [json.loads(line) for line in found.read_text().splitlines()]
    assert [(row["test"].rpartition("::")[2], row["outcome"]) for row in rows] == [
        ("test_a[tensorrt]", "failed"),
        ("test_b[tensorrt]", "skipped"),
    ]
    assert "1 + 1" in rows[0]["why"] and rows[1]["why"] == "Skipped: no reason"


@pytest.mark.slow
def test_the_suite_runs_for_an_engine_of_processors(tmp_path: Path) -> None:
    rows = list(outcomes("torch", tmp_path))
    assert [row for row in rows if not row["ok"]] == []
    assert rows[-1]["passed"] >= 9 and (tmp_path / "pytest.txt").exists()
