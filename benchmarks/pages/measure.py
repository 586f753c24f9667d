"""Measures first picture, badge, views, grid and a long admin list: the rows of ``pages``."""

from __future__ import annotations

import contextlib
import functools
import statistics
import time
from typing import Any

from benchmarks import browser
from benchmarks.machine import cpu_s
from benchmarks.pages import admin_list
from benchmarks.server import RunningServer, publishing, running
from benchmarks.table import Row

CHANGES = 10
"""Times that the operator's switch and the view are changed."""

SMALL_STREAMS = 15
"""Streams beside the large one of the grid."""

_MAIN = ("--size", "480x270", "--fps", "30", "--kbps", "600")
_SMALL = ("--size", "160x90", "--fps", "15", "--kbps", "200")
"""A stream that every machine enhances in time beside browser and publisher: what is timed there is
the path, and not how many frames a busy worker only enlarges.
"""
_OTHERS = ("--size", "160x90", "--fps", "5", "--kbps", "40")

FOLLOW = """() => {
  const video = document.querySelector('#enhanced');
  const badge = document.querySelector('#enhanced-label');
  const seen = window.seen = {frames: [], badges: []};
  const note = (now) => {
    const width = video.videoWidth;
    if (seen.frames.at(-1)?.[1] !== width) seen.frames.push([now, width]);
    video.requestVideoFrameCallback(note);
  };
  video.requestVideoFrameCallback(note);
  const say = () => {
    const is = badge.dataset.enhanced;
    if (seen.badges.at(-1)?.[1] !== is) seen.badges.push([performance.now(), is]);
  };
  new MutationObserver(say).observe(badge, {subtree: true, childList: true, attributes: true});
  say();
}"""
"""Notes when the picture's width and the badge change: an original is half as wide."""

_TIME_KEYS = """() => {
  window.changes = [];
  addEventListener('keydown', ({timeStamp}) => requestAnimationFrame(() =>
    requestAnimationFrame((now) => window.changes.push(now - timeStamp))), true);
}"""


def measure(seconds: float) -> list[Row]:
    """Returns all rows; ``seconds`` is how long each processor time is taken."""
    return [*first_picture(), *_with_a_viewer(), *_grid(seconds), *admin_list.measure()]


def first_picture() -> list[Row]:
    """Measures the time from the command to an enhanced picture in a browser, all installed."""
    with browser.chromium() as context:
        # The browser and the publisher's file are there before: what is timed is the product.
        began = time.monotonic()
        with running() as server:
            ready = time.monotonic() - began
            with publishing(f"{server.url}/whip/first", *_SMALL):
                page = context.new_page()
                server.until("the stream", lambda: server.is_live("first"))
                live = time.monotonic() - began
                page.goto(f"{server.url}/watch/first?rendition=enhanced")
                badge = "document.querySelector('#enhanced-label').dataset.enhanced === 'true'"
                browser.until(page, badge, 60.0)
                took = time.monotonic() - began
    note = f"worker ready after {ready:.1f} s, stream live after {live:.1f} s"
    return [Row("`sharpcast up` to the first enhanced picture, warm", took, 3.0, "s", True, note)]


def badge_delays_ms(seen: dict[str, list[Any]], small: int) -> list[float]:
    """Returns, for each change of the badge, ms since the first picture that was so.

    ``small`` is the width of the original. Below 0: the badge said it before the picture came.
    """
    frames = [(at, str(width > small).lower()) for at, width in seen["frames"] if width]
    found = []
    # The first entry of each is what was there when the notes began.
    for at, said in seen["badges"][1:]:
        near = [shown for shown, kind in frames[1:] if kind == said]
        if near:
            found.append(at - min(near, key=lambda shown: abs(at - shown)))
    return found


def _with_a_viewer() -> list[Row]:
    with (
        running() as server,
        publishing(f"{server.url}/whip/badge", *_SMALL),
        browser.chromium() as context,
    ):
        server.until_enhancing("badge")
        page = browser.watch(context, server.url, "badge")
        badge = "document.querySelector('#enhanced-label').dataset.enhanced === '{}'"
        browser.until(page, badge.format("true"), 60.0)
        page.evaluate(FOLLOW)
        for change in range(CHANGES):
            wanted = bool(change % 2)
            server.request("PATCH", "/api/v1/streams/badge", {"enhance": wanted})
            browser.until(page, badge.format(str(wanted).lower()), 30.0)
            page.wait_for_timeout(1500)
        delays = badge_delays_ms(page.evaluate("window.seen"), 160)
        views = _views(page)
    note = f"{len(delays)} changes by the operator's switch, median {statistics.median(delays):.0f}"
    pressed = f"{len(views)} key presses, median {statistics.median(views):.0f}"
    return [
        Row(
            "first other picture to the badge that says so, worst",
            max(delays),
            500,
            "ms",
            True,
            note,
        ),
        Row("key to another view, painted, worst", max(views), 100, "ms", True, pressed),
    ]


def _views(page: Any) -> list[float]:
    page.evaluate(_TIME_KEYS)
    playing = "document.querySelector('#stage').dataset.source === 'true'"
    page.keyboard.press("2")
    browser.until(page, playing, 30.0)
    for change in range(CHANGES):
        page.keyboard.press("312"[change % 3])
        page.wait_for_timeout(300)
    found: list[float] = page.evaluate("window.changes")
    return found[1:]


def _grid(seconds: float) -> list[Row]:
    """Processor time of the worker and the app, with one viewer of one stream, then of the grid."""
    names = [f"small{n}" for n in range(SMALL_STREAMS)]
    with running() as server, contextlib.ExitStack() as stack, browser.chromium() as context:
        stack.enter_context(publishing(f"{server.url}/whip/main", *_MAIN))
        for name in names:
            stack.enter_context(publishing(f"{server.url}/whip/{name}", *_OTHERS))
        for name in ("main", *names):
            server.until(f"{name} live", functools.partial(server.is_live, name), 90.0)
        page = browser.watch(context, server.url, "main")
        alone = _percents(server, seconds)
        page.goto(f"{server.url}/grid?large=main")
        playing = (
            "[...document.querySelectorAll('#tiles video')].filter((v) => v.videoWidth).length"
        )
        browser.until(page, f"{playing} >= {SMALL_STREAMS + 1}", 60.0)
        grid = _percents(server, seconds)
    return [
        Row(
            f"worker with a grid of {SMALL_STREAMS + 1}, over a viewer of its large stream",
            100 * grid["worker"] / alone["worker"],
            110,
            "%",
            True,
            f"{alone['worker']:.1f} % of a core alone, {grid['worker']:.1f} % for the grid",
        ),
        Row(
            "app, the same",
            100 * grid["app"] / alone["app"],
            None,
            "%",
            True,
            f"{alone['app']:.1f} % alone, {grid['app']:.1f} % for the grid",
        ),
    ]


def _percents(server: RunningServer, seconds: float) -> dict[str, float]:
    """Percent of one core by role, behind some seconds in which rates settle."""
    time.sleep(5.0)
    processes = {role: server.children()[role] for role in ("app", "worker")}
    before = {role: cpu_s(process) for role, process in processes.items()}
    began = time.monotonic()
    time.sleep(seconds)
    span = time.monotonic() - began
    return {
        role: 100 * (cpu_s(process) - before[role]) / span for role, process in processes.items()
    }
