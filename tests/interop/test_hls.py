"""HLS as others play it: hls.js in a real Chromium, and FFmpeg's demuxer."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import av
import pytest

from benchmarks import browser
from benchmarks.hls import LATENCY, PLAY, give_hls_js
from benchmarks.server import RunningServer, publishing
from tests.e2e.conftest import SMALL, needs_browser, server
from tests.interop import npm

__all__ = ["needs_browser", "server"]

pytestmark = [pytest.mark.e2e]


@pytest.fixture(scope="module")
def context() -> Iterator[Any]:
    if browser.missing():
        pytest.skip(browser.missing())
    text = npm.source("hls.js/dist/hls.mjs")
    with browser.chromium() as opened:
        give_hls_js(opened, text)
        yield opened


def play(context: Any, server: RunningServer, stream: str, level: int) -> Any:
    """A page of the server's own origin in which hls.js plays."""
    page = context.new_page()
    page.goto(f"{server.url}/")
    page.evaluate(PLAY, {"url": f"{server.url}/hls/{stream}/index.m3u8", "level": level})
    return page


def fatal(page: Any) -> list[Any]:
    """Errors from which hls.js could not go on."""
    return [each for each in page.evaluate("window.faults") if each[1]]


@pytest.mark.browser
@pytest.mark.usefixtures("needs_browser")
def test_hls_js_plays_both_renditions_with_low_latency(server: RunningServer, context: Any) -> None:
    with publishing(f"{server.url}/whip/hls1", *SMALL):
        server.until_enhancing("hls1")
        for level, width in ((0, 160), (1, 320)):
            page = play(context, server, "hls1", level)
            browser.until(page, f"window.video.videoWidth === {width}", timeout_s=40)
            browser.until(page, "window.video.currentTime > 4 && !window.video.paused")
            assert page.evaluate("window.hls.levels.length") == 2
            assert page.evaluate("window.hls.latestLevelDetails?.partList?.length ?? 1") > 0
            # What it is on a quiet machine is measured by `python -m benchmarks hls`.
            browser.until(page, f"({LATENCY}) < 6000")
            assert fatal(page) == []
            page.close()


@pytest.mark.browser
@pytest.mark.usefixtures("needs_browser")
def test_hls_js_changes_the_rendition_while_it_plays(server: RunningServer, context: Any) -> None:
    with publishing(f"{server.url}/whip/hls2", *SMALL):
        server.until_enhancing("hls2")
        page = play(context, server, "hls2", 0)
        browser.until(page, "window.video.videoWidth === 160", timeout_s=40)
        page.evaluate("() => { window.hls.nextLevel = 1; }")
        browser.until(page, "window.video.videoWidth === 320", timeout_s=40)
        before = page.evaluate("window.video.currentTime")
        browser.until(page, f"window.video.currentTime > {before} + 2")
        assert fatal(page) == []
        page.close()


def test_ffmpeg_plays_both_renditions(server: RunningServer) -> None:
    with publishing(f"{server.url}/whip/hls3", *SMALL):
        server.until_enhancing("hls3")
        for name, width in (("source", 160), ("enhanced", 320)):
            address = f"{server.url}/hls/hls3/{name}/index.m3u8"
            with av.open(address, "r", timeout=30) as opened:
                frames = itertools.islice(opened.decode(video=0), 40)
                assert {frame.width for frame in frames} == {width}
