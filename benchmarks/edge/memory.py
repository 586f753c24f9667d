"""Memory of the app over time, with viewers that stopped and viewers that come and go."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence

import psutil

from benchmarks.edge import frame_viewer, joining
from benchmarks.edge.counting_viewers import Remote
from benchmarks.edge.servers import SERVERS
from benchmarks.table import markdown_table

WARM_S = 60.0
"""Memory grows over the first 600 joins or so, as far as the allocator keeps what was freed."""

_STEP_S = 1.0


def slope(samples: Sequence[tuple[float, float]]) -> float:
    """Returns by how much the second number grows with the first (least squares)."""
    count = len(samples)
    if count < 2:
        return 0.0
    mean_x, mean_y = (sum(column) / count for column in zip(*samples, strict=True))
    spread = sum((x - mean_x) ** 2 for x, _ in samples)
    return sum((x - mean_x) * (y - mean_y) for x, y in samples) / spread if spread else 0.0


def measure(seconds: float, per_s: float = 10.0) -> str:
    """Runs one stream with a stopped viewer, one that reads nothing, and joins; returns a table."""
    with SERVERS["sharpcast"](1400) as server:
        # It connects, and its process stands still from then on: no checks, no reports, no reads.
        stopped = Remote(server.place, server.log)
        stopped.ask(grow=1)
        os.kill(stopped.pid, signal.SIGSTOP)
        # Nobody reads this one's media beyond its counter in the kernel.
        unread = Remote(server.place, server.log)
        unread.ask(grow=1)
        seen = frame_viewer.start(server.place, seconds + WARM_S)
        joins = joining.run(server.place, per_s, seconds + WARM_S)
        try:
            time.sleep(WARM_S)
            samples = _sample(server.process, seconds)
            viewer = frame_viewer.result(seen, seconds + 60.0)
            answer = joins.communicate(timeout=60)[0].decode().strip()
        finally:
            os.kill(stopped.pid, signal.SIGCONT)
            stopped.stop()
            unread.stop()
            _end(joins)
            _end(seen)
    head = ("time", "first MB", "last MB", "slope kB a minute", "another viewer's fps", "joins")
    row = (
        f"{seconds:g} s", f"{samples[0][1] / 1e6:.1f}", f"{samples[-1][1] / 1e6:.1f}",
        f"{60 * slope(samples) / 1000:.0f}", f"{viewer['fps']:.1f}", answer,
    )  # fmt: skip
    return markdown_table(head, [row])


def _sample(process: psutil.Process, seconds: float) -> list[tuple[float, float]]:
    found, began = [], time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        memory = process.memory_info().rss
        found.append((passed, float(memory)))
        time.sleep(_STEP_S)
    return found


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
        process.wait()
