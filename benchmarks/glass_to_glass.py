"""Glass to glass in a real Chromium that publishes and watches on this same machine."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import browser
from benchmarks.material import CLIP_FOLDER
from benchmarks.server import running
from benchmarks.stamps import write_y4m
from benchmarks.table import Row

WARM_S = 12.0
"""Chromium ramps its bitrate up in the first seconds."""


def delays_ms(sent: list[list[float]], shown: list[list[float]]) -> list[float]:
    """Viewer's time less publisher's preview time, for each frame number seen on both sides.

    A looping clip repeats its numbers: the last preview before the view counts.
    """
    previews: dict[int, list[float]] = {}
    for number, _, at, *_ in sent:
        previews.setdefault(int(number), []).append(at)
    found = []
    for number, _, at, *_ in shown:
        # 2 s are far above any delay that is measured and far below the 10 s after which the
        # numbers of the clip come again.
        before = [t for t in previews.get(int(number), []) if at - 2000 < t <= at]
        if number >= 0 and before:
            found.append(at - max(before))
    return found


def measure(seconds: float) -> list[Row]:
    """Median and p95 of the delay, and the frame rate at the viewer."""
    with tempfile.TemporaryDirectory() as folder, running() as server:
        clip = Path(folder) / "stamped.y4m"
        write_y4m(CLIP_FOLDER / "handheld.mp4", clip, width=480, height=270, fps=30, count=300)
        with browser.chromium(clip, width=800, height=600) as context:
            publisher = browser.broadcast(
                context, server.url, "glass", width="480", height="270", kbps="800"
            )
            server.until_enhancing("glass")
            viewer = browser.watch(context, server.url, "glass")
            viewer.keyboard.press("3")
            time.sleep(WARM_S)
            browser.read_stamps(publisher, "#preview", "sent")
            browser.read_stamps(viewer, "#enhanced", "shown")
            began, decoded = time.monotonic(), browser.decoded_frames(viewer)
            time.sleep(seconds)
            decoded = browser.decoded_frames(viewer) - decoded
            decoded_fps = decoded / (time.monotonic() - began)
            sent, shown = browser.stamps(publisher, "sent"), browser.stamps(viewer, "shown")
            view = server.stream("glass") or {}
    return _rows(sent, shown, decoded_fps, view)


def _rows(
    sent: list[list[float]], shown: list[list[float]], decoded_fps: float, view: dict[str, Any]
) -> list[Row]:
    delays = sorted(delays_ms(sent, shown))
    unreadable = sum(row[0] < 0 for row in shown)
    # Counted between the first and the last frame: the span before and after them is not the
    # browser's.
    fps = (len(shown) - 1) / ((shown[-1][2] - shown[0][2]) / 1000)
    total = view["latency_ms"]["total"]
    note = f"browser included; server's part p50 {total['p50']:.0f}, p95 {total['p95']:.0f} ms"
    last = len(delays) - 1
    return [
        Row("glass to glass in Chromium, median", delays[last // 2], 120, "ms", True, note),
        Row("glass to glass in Chromium, p95", delays[round(last * 0.95)], 160, "ms", True),
        Row("delivered at Chromium (decoded)", decoded_fps, 28, "fps"),
        Row(
            "of it presented by its software compositor",
            fps,
            None,
            "fps",
            False,
            f"{unreadable} stamps unreadable",
        ),
    ]
