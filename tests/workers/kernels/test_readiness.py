"""The mark that loops are compiled: set once by one thread, read by others."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from workers.kernels import readiness

ROOT = Path(__file__).parents[3]


@pytest.fixture
def cold(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process in which nothing was compiled."""
    monkeypatch.setattr(readiness, "_compiled", threading.Event())


@pytest.mark.usefixtures("cold")
def test_it_is_cold_until_it_is_told_and_warm_from_then_on() -> None:
    assert not readiness.is_warm()
    readiness.set_warm()
    assert readiness.is_warm()
    readiness.set_warm()
    assert readiness.is_warm()


@pytest.mark.usefixtures("cold")
def test_another_thread_sees_it() -> None:
    seen: list[bool] = []
    compiler = threading.Thread(target=readiness.set_warm)
    compiler.start()
    compiler.join(10)
    reader = threading.Thread(target=lambda: seen.append(readiness.is_warm()))
    reader.start()
    reader.join(10)
    assert seen == [True]


def test_without_the_compiler_it_never_becomes_warm() -> None:
    """No live stream could wait for loops that run as Python."""
    program = (
        "import sys; sys.modules['numba'] = None\n"
        "from workers.process import jit_warmup\n"
        "from workers.kernels.readiness import is_warm\n"
        "jit_warmup.warm_up(); print(is_warm())"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert (ended.stdout, ended.returncode) == ("False\n", 0), ended.stderr
