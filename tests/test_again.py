"""``tests.again``: which failed tests are run once more."""

from __future__ import annotations

import json
from pathlib import Path

from tests.again import MAX_FAILURES, judge, last_failed


def keep(cache: Path, *failed: str) -> None:
    folder = cache / "v" / "cache"
    folder.mkdir(parents=True)
    (folder / "lastfailed").write_text(json.dumps(dict.fromkeys(failed, True)))


def test_few_failures_are_run_again(tmp_path: Path) -> None:
    keep(tmp_path, "tests/b.py::test_b", "tests/a.py::test_a[x]")
    failed = last_failed(tmp_path)
    assert failed == ["tests/a.py::test_a[x]", "tests/b.py::test_b"]
    assert judge(failed) == ""


def test_many_failures_are_no_accident() -> None:
    assert judge([f"tests/a.py::test_{n}" for n in range(MAX_FAILURES)]) == ""
    too_many = [f"tests/a.py::test_{n}" for n in range(MAX_FAILURES + 1)]
    assert f"{MAX_FAILURES + 1} tests failed" in judge(too_many)


def test_a_run_that_broke_off_stays_failed(tmp_path: Path) -> None:
    assert last_failed(tmp_path) == []
    assert "broke off" in judge([])
    assert "whole file" in judge(["tests/a.py"])
