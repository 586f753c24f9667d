"""``python -m benchmarks.faults.soak MINUTES`` tells what grows while viewers come and go.

Beside a viewer that stays, viewers join and leave all the time, one is stopped (its kernel's
buffers fill), one never reads its track, and a worker is killed now and then. Memory, file
descriptors and the loop's tasks are taken every ten seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from typing import Any

import numpy as np
import psutil

from benchmarks import machine, whep
from benchmarks.faults.measure import running
from benchmarks.faults.stack import Stack
from benchmarks.server import environment

_SAMPLE_S = 10.0
_KILL_EVERY_S = 120.0
_WARM_S = 60.0


async def join_and_leave(url: str, seconds: float) -> int:
    """Lets viewers join one after the other, each for a moment. Returns their number."""
    count, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        peer = whep.new_peer()
        peer.addTransceiver("video", direction="recvonly")  # a track that nobody reads
        await peer.setLocalDescription(await peer.createOffer())
        with contextlib.suppress(OSError):
            place = await whep.join(peer, url)
            await asyncio.sleep(0.1)
            if count % 2:  # every other one says goodbye
                await whep.leave(place)
            count += 1
        await peer.close()
    return count


class Samples:
    """Samples of the memory, file descriptors and tasks of the app and the worker, over time."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.rows: list[tuple[float, dict[str, float]]] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="samples")
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(_SAMPLE_S):
            with contextlib.suppress(psutil.NoSuchProcess, OSError, AssertionError):
                self.rows.append((time.monotonic(), self._take()))

    def _take(self) -> dict[str, float]:
        found: dict[str, float] = {}
        for role, process in self._stack.server.children().items():
            found[f"{role} memory MiB"] = process.memory_info().rss / 2**20
            found[f"{role} file descriptors"] = float(process.num_fds())
        found |= _tasks(f"http://127.0.0.1:{self._stack.port}/metrics")
        return found

    def finish(self) -> None:
        """Ends the thread that takes the samples."""
        self._stop.set()
        self._thread.join()

    def lines(self) -> list[str]:
        """Returns a table: of each figure its values and its slope, from after the warm-up on."""
        if not self.rows:
            return []
        # Caches and allocators grow in the first minute; a slope with that minute would look like a
        # leak.
        begin = self.rows[0][0] + min(_WARM_S, (self.rows[-1][0] - self.rows[0][0]) / 3)
        rows = [row for row in self.rows if row[0] >= begin]
        lines = ["| figure | first | last | highest | slope |", "|---|---|---|---|---|"]
        for name in sorted({name for _, figures in rows for name in figures}):
            points = [(at, figures[name]) for at, figures in rows if name in figures]
            values = [value for _, value in points]
            lines.append(
                f"| {name} | {values[0]:.0f} | {values[-1]:.0f} | {max(values):.0f} "
                f"| {slope_per_h(points):+.1f} an hour |"
            )
        return lines


def slope_per_h(points: list[tuple[float, float]]) -> float:
    """Returns the slope of the straight line through the points (s, value), by hour."""
    if len(points) < 2:
        return 0.0
    times, values = (np.array(column) for column in zip(*points, strict=True))
    return float(np.polyfit(times - times[0], values, 1)[0]) * 3600


def _tasks(url: str) -> dict[str, float]:
    """Reads the gauges of /metrics whose growth would be a leak."""
    found: dict[str, float] = {}
    with urllib.request.urlopen(url, timeout=5) as answer:
        for line in answer.read().decode().splitlines():
            match = re.match(
                r"(sharpcast_(?:\w*tasks|viewers|sessions))(?:\{.*\})? ([\d.e+]+)", line
            )
            if match:
                found[match[1]] = found.get(match[1], 0.0) + float(match[2])
    return found


def soak(minutes: float) -> list[str]:
    """Runs for so many minutes; returns the lines of the report."""
    end = time.monotonic() + 60 * minutes
    with running(1, workers=1) as (stack, viewers):
        url = f"http://127.0.0.1:{stack.port}/whep/{viewers.names[0]}"
        stalled = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.faults.watcher", url, os.devnull],
            env=environment(),
            start_new_session=True,
        )
        time.sleep(3.0)
        # After it joined: a stopped viewer is one whose socket fills, not one that never connects.
        stalled.send_signal(signal.SIGSTOP)
        samples = Samples(stack)
        joined: list[int] = []

        def join() -> None:
            joined.append(asyncio.run(join_and_leave(url, end - time.monotonic())))

        thread = threading.Thread(target=join, name="joins")
        thread.start()
        killed = 0
        try:
            next_kill = time.monotonic() + _KILL_EVERY_S
            while time.monotonic() < end:
                time.sleep(1.0)
                if time.monotonic() > next_kill:
                    next_kill += _KILL_EVERY_S
                    killed += _kill_worker(stack)
        finally:
            thread.join()
            samples.finish()
            stalled.kill()
            stalled.wait()
        said = (
            f"{minutes:g} minutes, {sum(joined)} viewers joined and left, {killed} workers killed"
        )
        return [said, "", *samples.lines()]


def _kill_worker(stack: Stack) -> int:
    worker: Any = stack.server.children().get("worker")
    if worker is None:
        return 0
    worker.kill()
    return 1


if __name__ == "__main__":
    print(machine.describe())
    print("\n".join(soak(float(sys.argv[1]) if len(sys.argv) > 1 else 10.0)))
