"""A pytest plugin that keeps the tests of one engine and writes their outcomes as lines of JSON."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

ENGINE = "SHARPCAST_CHECK_ENGINE"
"""Environment variable: name of the engine whose tests are kept."""

OUTCOMES = "SHARPCAST_CHECK_OUTCOMES"
"""Environment variable: file that gets a line for each test."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keeps the tests that have the engine's name among their parameters."""
    engine = os.environ[ENGINE]
    kept = [item for item in items if engine in parameters(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def parameters(item: pytest.Item) -> list[object]:
    """Returns the parameters of a test."""
    called = getattr(item, "callspec", None)
    return list(called.params.values()) if called is not None else []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Writes the outcome of a test, and of a set-up or tear-down that did not pass."""
    if report.when != "call" and report.passed:
        return
    line = {"test": report.nodeid, "outcome": report.outcome, "why": why(report)}
    with Path(os.environ[OUTCOMES]).open("a") as file:
        file.write(json.dumps(line) + "\n")


def why(report: pytest.TestReport) -> str:
    """Returns the traceback of a failure, or the reason of a skip."""
    if report.passed:
        return ""
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2])
    return str(report.longrepr)
