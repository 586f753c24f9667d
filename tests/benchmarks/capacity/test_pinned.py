"""A worker is ready when its log says so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.capacity import pinned
from benchmarks.capacity.pinned import PinnedWorker
from tests.source_tree import modules


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log"
    path.touch()
    return path


def test_the_words_that_are_waited_for_are_the_workers() -> None:
    """A line that is worded anew would make every run wait for its time-out."""
    text = "".join(module.text for module in modules("workers"))
    for words in (*pinned._READY, pinned._MEASURED):
        assert words in text, words


@pytest.mark.parametrize("words", pinned._READY)
def test_a_worker_is_ready_once_it_measured_itself_and_can_propagate(log: Path, words: str) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        worker = PinnedWorker(process, log)
        log.write_text(f"15.0 {pinned._MEASURED} 1.5\n")
        worker.until_ready(temporal=False)
        log.write_text(f"15.0 {pinned._MEASURED} 1.5\n{words}\n")
        worker.until_ready(temporal=True)
        assert worker.cpu_s() >= 0.0


def test_a_worker_that_ended_is_said_with_its_log(log: Path) -> None:
    log.write_text("no such net: live-z\n")
    process = subprocess.Popen([sys.executable, "-c", ""])
    worker = PinnedWorker(process, log)
    process.wait()
    with pytest.raises(RuntimeError, match="no such net: live-z"):
        worker.until_ready(temporal=True)
