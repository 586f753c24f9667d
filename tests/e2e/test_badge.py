"""What the watch page says of the picture, in a real Chromium with a real worker.

Each test changes what viewers are sent and notes in the browser when the first such frame is shown
and when the badge says so. Frames are told apart by their size: the original's is half of the
enhanced picture's.
"""

from __future__ import annotations

import signal
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks import browser
from benchmarks.server import RunningServer, publishing, running
from tests.e2e.conftest import SETTINGS, SMALL

pytestmark = [pytest.mark.browser, pytest.mark.e2e, pytest.mark.usefixtures("needs_browser")]

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
  const say = () => seen.badges.push([performance.now(), badge.dataset.enhanced]);
  new MutationObserver(say).observe(badge, {subtree: true, childList: true, attributes: true});
  say();
}"""

TOLD_S = 0.5
"""The badge is to be true so soon after a change."""
NOISE_S = 1.5
"""What a machine that runs other tests too may add."""


@pytest.fixture(scope="module")
def product() -> Iterator[RunningServer]:
    with running(**SETTINGS) as started:
        yield started


@pytest.fixture
def viewer(product: RunningServer) -> Iterator[Any]:
    with publishing(f"{product.url}/whip/badge", *SMALL), browser.chromium() as context:
        product.until_enhancing("badge")
        page = browser.watch(context, product.url, "badge")
        until_badge(page, "true", 60.0)
        page.evaluate(FOLLOW)
        yield page


def says(words: str) -> str:
    """A script that is true while the badge says so."""
    return f"document.querySelector('#enhanced-label').textContent.includes('{words}')"


def until_badge(page: Any, is_enhanced: str, timeout_s: float = 30.0) -> None:
    what = f"document.querySelector('#enhanced-label').dataset.enhanced === '{is_enhanced}'"
    browser.until(page, what, timeout_s)


def lag_s(page: Any) -> float:
    """Seconds from the last frame of the enhanced size to the badge that says it is not; below 0
    where the badge knew before, since the worker resized some frames.
    """
    seen = page.evaluate("window.seen")
    shown = min((at for at, width in seen["frames"] if width == 160), default=0.0)
    told = min(at for at, said in seen["badges"] if said == "false")
    return float(told - shown) / 1000 if shown else 0.0


def patch(server: RunningServer, **fields: Any) -> None:
    assert server.request("PATCH", "/api/v1/streams/badge", fields) == 200


def test_the_badge_follows_the_operators_switch(product: RunningServer, viewer: Any) -> None:
    browser.until(viewer, says("live-s"))
    patch(product, enhance=False)
    browser.until(viewer, says("switched off"), 30.0)
    assert lag_s(viewer) < TOLD_S + NOISE_S
    patch(product, enhance=True)
    browser.until(viewer, says("live-s"), 60.0)


def test_the_badge_says_that_the_worker_is_gone(product: RunningServer, viewer: Any) -> None:
    product.children()["worker"].send_signal(signal.SIGKILL)
    until_badge(viewer, "false")
    assert lag_s(viewer) < TOLD_S + NOISE_S
    # Another worker takes over.
    until_badge(viewer, "true", 60.0)


def test_what_the_broadcaster_wants_is_shown_and_said(product: RunningServer, viewer: Any) -> None:
    path = "/api/v1/streams/badge/consent"
    assert product.request("PUT", path, {"enhance": False}) == 200
    browser.until(viewer, says("as the broadcaster wants it"), 30.0)
    assert product.request("PUT", path, {"enhance": True}) == 200
    until_badge(viewer, "true", 60.0)


def test_views_change_at_once_without_a_new_session(viewer: Any) -> None:
    browser.until(viewer, "document.querySelector('#stage').dataset.source === 'true'", 30.0)
    viewer.evaluate(
        """() => {
          window.changes = [];
          window.posts = performance.getEntriesByType('resource').length;
          addEventListener('keydown', ({timeStamp}) => requestAnimationFrame(() =>
            requestAnimationFrame((now) => window.changes.push(now - timeStamp))), true);
        }"""
    )
    for key, view in [("3", "enhanced"), ("1", "source"), ("2", "split"), ("3", "enhanced")]:
        viewer.keyboard.press(key)
        browser.until(viewer, f"document.querySelector('#stage').dataset.view === '{view}'")
        # The source goes on behind the enhanced picture.
        assert viewer.evaluate("window.sharpcast.player.sourceState") == "playing"
    # Each is told a frame of the page after the view has changed.
    browser.until(viewer, "window.changes.length >= 4")
    changes = viewer.evaluate("window.changes")
    assert len(changes) == 4
    assert min(changes) < 100


def test_a_still_shows_the_same_frame_of_both_sides(viewer: Any, tmp_path: Path) -> None:
    viewer.keyboard.press("2")
    browser.until(viewer, "window.sharpcast.player.aligned", 30.0)
    with viewer.expect_download(timeout=30000) as waiting:
        viewer.keyboard.press("p")
    saved = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(saved)
    assert saved.name.startswith("badge_") and saved.suffix == ".png"
    width, height = struct.unpack(">II", saved.read_bytes()[16:24])
    # Two pictures of 320x180, and a line of words.
    assert width == 640 and 180 < height < 220
