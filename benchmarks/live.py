"""One stream, no browser: 480x270 at 30 fps and Opus in, 960x540 out, a viewer that decodes."""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks import viewer
from benchmarks.machine import cpu_s
from benchmarks.material import CLIP_FOLDER
from benchmarks.server import RunningServer, publishing, running
from benchmarks.sound import with_tone
from benchmarks.table import Row

# Seconds that are not counted, in which rates and latencies settle.
WARM_S = 5.0


class Usage:
    """CPU time and memory of the processes, sampled once a second in a thread."""

    def __init__(self, server: RunningServer) -> None:
        self._processes = server.children()
        self._began = {role: cpu_s(process) for role, process in self._processes.items()}
        self._began_at = time.monotonic()
        self.memory: dict[str, list[float]] = {role: [] for role in self._processes}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="usage")
        self._thread.start()

    def _run(self) -> None:
        # Waiting on the event and not asleep, so that the end of a run does not take another
        # second.
        while not self._stop.wait(1.0):
            for role, process in self._processes.items():
                self.memory[role].append(process.memory_info().rss / 2**20)

    def finish(self) -> dict[str, float]:
        """Returns the CPU time by role, in percent of one core."""
        span = time.monotonic() - self._began_at
        percents = {
            role: 100 * (cpu_s(process) - self._began[role]) / span
            for role, process in self._processes.items()
        }
        self._stop.set()
        self._thread.join()
        return percents


def measure(seconds: float) -> list[Row]:
    """Frames, latency, CPU and memory over ``seconds`` of a steady stream."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running() as server,
        publishing(
            f"{server.url}/whip/bench",
            "--size",
            "480x270",
            "--fps",
            "30",
            "--kbps",
            "800",
            "--stamp",
            clip=_clip(Path(folder)),
        ),
    ):
        server.until_enhancing("bench")
        process = viewer.start(f"{server.url}/whep/bench", WARM_S + seconds + 2)
        time.sleep(WARM_S)
        views = [server.stream("bench") or {}]
        usage = Usage(server)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            # The server keeps the latencies of its last ten seconds.
            time.sleep(min(10.0, max(0.1, until - time.monotonic())))
            views.append(server.stream("bench") or {})
        percents = usage.finish()
        seen = viewer.result(process, 30)
    return _rows(views, percents, usage.memory, seen)


def _clip(folder: Path) -> Path:
    target = folder / "clip.mkv"
    with_tone(CLIP_FOLDER / "handheld.mp4", target)
    return target


def _rows(
    views: list[dict[str, Any]],
    percents: dict[str, float],
    memory: dict[str, list[float]],
    seen: dict[str, Any],
) -> list[Row]:
    before, after = views[0], views[-1]
    frames_in = after["frames"]["in"] - before["frames"]["in"]
    frames_out = after["frames"]["out"] - before["frames"]["out"]
    by_net = after["frames"]["enhanced"] - before["frames"]["enhanced"]
    totals = [view["latency_ms"]["total"] for view in views[1:]]
    p50, p95 = (statistics.median(total[key] for total in totals) for key in ("p50", "p95"))
    worst = f"median of {len(totals)} windows, worst {max(total['p95'] for total in totals):.0f}"
    stages = ", ".join(f"{s['name']} {s['p50']:.1f}" for s in after["latency_ms"]["stages"])
    return [
        Row("frames out / frames in", 100 * frames_out / frames_in, 99.5, "%"),
        Row("of them by the net (the rest resized, late)", 100 * by_net / frames_out, None, "%"),
        Row("delivered at a non-browser viewer", seen["fps"], 29.8, "fps"),
        Row("latency added by the server, p50", p50, 40, "ms", True, stages),
        Row("latency added by the server, p95", p95, 66, "ms", True, worst),
        Row("app CPU, one publisher and one viewer", percents["app"], 15, "% of a core", True),
        Row("worker CPU", percents["worker"], None, "% of a core"),
        Row("memory of the app", max(memory["app"]), 200, "MiB", True),
        Row("memory of the worker", max(memory["worker"]), 600, "MiB", True),
        Row("growth of the app", _growth(memory["app"]), None, "MiB"),
        Row("growth of the worker", _growth(memory["worker"]), None, "MiB"),
        Row(
            "first picture after joining",
            seen["first_s"].get("video", 99.0) * 1000,
            500,
            "ms",
            True,
        ),
    ]


def _growth(samples: list[float]) -> float:
    """Mean of the last tenth less mean of the second tenth (the first one warms up)."""
    tenth = max(1, len(samples) // 10)
    return sum(samples[-tenth:]) / tenth - sum(samples[tenth : 2 * tenth]) / tenth
