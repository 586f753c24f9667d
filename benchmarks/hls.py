"""HLS played by hls.js in a real Chromium, and by many plain players: latency and cost."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks import browser, hls_players
from benchmarks.material import CLIP_FOLDER
from benchmarks.server import RunningServer, publishing, running
from benchmarks.table import Row

HLS_JS = Path("build/npm/node_modules/hls.js/dist/hls.mjs")
"""The tests in ``tests/interop`` fetch it by name."""

PLAYERS = 200
WARM_S = 12.0
"""A player finds its place behind the end in the first seconds."""

PLAY = """async ({url, level}) => {
  const { default: Hls } = await import('/npm/hls.mjs');
  const video = document.createElement('video');
  video.muted = true;
  document.body.append(video);
  const hls = new Hls({ lowLatencyMode: true, enableWorker: false, startLevel: level });
  Object.assign(window, { hls, video, faults: [] });
  hls.on(Hls.Events.ERROR, (_, data) => window.faults.push([data.details, data.fatal]));
  hls.on(Hls.Events.MANIFEST_PARSED, () => {
    hls.currentLevel = level;
    void video.play();
  });
  hls.loadSource(url);
  hls.attachMedia(video);
}"""
"""Plays a level of a stream in a page; ``hls.mjs`` is given by a route of the browser."""

LATENCY = "window.hls.playingDate ? Date.now() - window.hls.playingDate.getTime() : null"
"""Wall clock less capture time of the picture that is shown (EXT-X-PROGRAM-DATE-TIME), in ms."""


def give_hls_js(context: Any, text: str) -> None:
    """Lets pages import hls.js from their own server."""
    context.route(
        "**/npm/hls.mjs", lambda route: route.fulfill(body=text, content_type="text/javascript")
    )


def latencies_ms(page: Any, seconds: float) -> list[float]:
    """Latencies of the picture that a page shows, ten a second."""
    found = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = page.evaluate(LATENCY)
        if value is not None:
            found.append(float(value))
        time.sleep(0.1)
    return found


def measure(seconds: float) -> list[Row]:
    """Latency of both renditions in hls.js, then the app's time for one packager and many
    players."""
    rows: list[Row] = []
    with running() as server, publishing(f"{server.url}/whip/hls", clip=_clip()):
        server.until_enhancing("hls")
        if not browser.missing() and HLS_JS.exists():
            rows += _in_browser(server, min(seconds, 30.0))
        rows += _cost(server, min(seconds, 20.0))
    return rows


def _clip() -> Path:
    return CLIP_FOLDER / "handheld.mp4"


def _in_browser(server: RunningServer, seconds: float) -> list[Row]:
    rows = []
    with tempfile.TemporaryDirectory(), browser.chromium() as context:
        give_hls_js(context, HLS_JS.read_text())
        for level, name in enumerate(("source", "enhanced")):
            page = context.new_page()
            page.goto(f"{server.url}/")
            given = {"url": f"{server.url}/hls/hls/index.m3u8", "level": level}
            page.evaluate(PLAY, given)
            browser.until(page, "window.video.currentTime > 1")
            time.sleep(WARM_S)
            found = sorted(latencies_ms(page, seconds))
            stalls = sum("bufferStalled" in each[0] for each in page.evaluate("window.faults"))
            page.close()
            note = f"hls.js with parts; {stalls} stalls"
            what = f"HLS, {name}: capture to picture"
            rows += [
                Row(f"{what}, median", _at(found, 0.5), 3000, "ms", True, note),
                Row(f"{what}, p95", _at(found, 0.95), 3000, "ms", True),
            ]
    return rows


def _cost(server: RunningServer, seconds: float) -> list[Row]:
    app = server.children()["app"]
    idle = _cores(app, lambda: time.sleep(seconds))
    address = f"{server.url}/hls/hls/source/index.m3u8"
    one = _cores(app, lambda: hls_players.play(address, count=1, seconds=seconds))
    figures: list[hls_players.Figures] = []
    many = _cores(
        app, lambda: figures.append(hls_players.play(address, count=PLAYERS, seconds=seconds))
    )
    found = figures[0]
    note = f"{found.requests / seconds:.0f} requests a second, {found.failed} failed"
    delays = sorted(found.delays_ms)
    return [
        Row(
            "HLS: the app with one packager and one player", 100 * (one - idle), None, "% of a core"
        ),
        Row(
            f"HLS: the app with {PLAYERS} players",
            100 * (many - idle),
            None,
            "% of a core",
            True,
            note,
        ),
        Row("HLS: end of a part to its arrival, median", _at(delays, 0.5), None, "ms", True),
        Row("HLS: end of a part to its arrival, p95", _at(delays, 0.95), None, "ms", True),
    ]


def _cores(process: psutil.Process, work: Any) -> float:
    """The part of a core that a process takes while ``work`` runs."""
    before, began = process.cpu_times(), time.monotonic()
    work()
    after = process.cpu_times()
    used = after.user + after.system - before.user - before.system
    return float(used / (time.monotonic() - began))


def _at(found: list[float], part: float) -> float:
    if not found:
        return float("nan")
    if part == 0.5:
        return statistics.median(found)
    return found[round((len(found) - 1) * part)]
