"""The worker as a user starts it, alone on one core."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from benchmarks.machine import cpu_s
from benchmarks.server import environment
from wire.parent_death import die_with_parent

__all__ = ["NAME", "PinnedWorker", "on_core", "pinned_worker"]

NAME = "capacity"
"""Name of the worker in its heartbeats."""

# Log lines by which the worker says that its loops are compiled, or that it has none.
_READY = ("earlier pictures can be propagated", "nothing is propagated")
_MEASURED = "ms per frame, capacity"
_START_S = 120.0
"""Seconds a worker may take to start: the first time loops are compiled, on that one core."""

# Above all that is tried, so that admission refuses nothing.
_ANY_NUMBER = "64"


class PinnedWorker:
    """A running worker process."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._log = log
        self._usage = psutil.Process(process.pid)

    def cpu_s(self) -> float:
        """The time it spent on its core so far."""
        return cpu_s(self._usage)

    def said(self) -> str:
        """Returns the log of the worker so far."""
        return self._log.read_text(errors="replace")

    def until_ready(self, *, temporal: bool) -> None:
        """Returns once it has measured itself and, with ``temporal``, can propagate. Raises
        RuntimeError with the log's end.
        """
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline and self.process.poll() is None:
            said = self.said()
            if _MEASURED in said and (not temporal or any(words in said for words in _READY)):
                return
            time.sleep(0.1)
        raise RuntimeError(f"the worker did not start; its log ends:\n{self.said()[-3000:]}")


@contextlib.contextmanager
def pinned_worker(
    core: int, redis_url: str, *, model: str, temporal: bool
) -> Iterator[PinnedWorker]:
    """``sharpcast work`` on that core, with one thread for the net, until the block ends. It takes
    as many streams as it is given: how many it sustains is the question.
    """
    env = environment(
        redis_url=redis_url,
        worker_name=NAME,
        worker_threads="1",
        worker_capacity=_ANY_NUMBER,
        model=model,
        temporal=str(temporal).lower(),
    )
    with tempfile.TemporaryDirectory(prefix="sharpcast-capacity-") as folder:
        log = Path(folder) / "log"
        with open(log, "wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "cli.main", "work"],
                env=env,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_pinned(core),
            )
        try:
            worker = PinnedWorker(process, log)
            worker.until_ready(temporal=temporal)
            yield worker
        finally:
            _stop(process)


@contextlib.contextmanager
def on_core(core: int) -> Iterator[None]:
    """This thread, and what it starts, on that core alone."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _pinned(core: int) -> Callable[[], None]:
    die_with_us = die_with_parent()

    def prepare() -> None:
        """Runs in the child, before its program: every thread of it inherits the core."""
        os.sched_setaffinity(0, {core})
        die_with_us()

    return prepare


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(8.0)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
