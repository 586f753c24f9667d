"""The whole server is killed and started again: pages and commands come back by themselves."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from benchmarks import browser
from benchmarks.server import RunningServer, free_port, running
from tests.e2e.conftest import SETTINGS

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

WATCH_BACK = """() => {
  const marks = window.marks = {};
  const now = () => performance.now();
  let wasAway = false;
  setInterval(async () => {
    try {
      const answer = await fetch('/healthz', {cache: 'no-store'});
      if (wasAway && answer.ok) marks.server ??= now();
    } catch { wasAway = true; }
  }, 50);
  setInterval(() => {
    const video = document.querySelector('#enhanced');
    const state = document.querySelector('#state').dataset.state;
    const said = `${state} ${document.querySelector('#card-title, #error').textContent}`;
    if (marks.said?.at(-1)?.[1] !== said) (marks.said ??= []).push([Math.round(now()), said]);
    if (marks.server === undefined) return;
    if (video === null ? state === 'live' : state === 'playing' && video.readyState >= 2) {
      marks.page ??= now();
    }
  }, 20);
}"""
"""Notes when the server answers again, and when the page is as it should be after that. A page that
has not noticed yet looks as it should, so its own word for trouble must have come before."""

RETURN_S = 30.0
"""For a busy machine; on a quiet one it is 3 s, of which the test prints what was needed."""


def kill(server: RunningServer) -> None:
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()


@pytest.mark.browser
@pytest.mark.usefixtures("needs_browser")
def test_pages_come_back_after_the_app_was_killed(camera: Path) -> None:
    port = free_port()
    with browser.chromium(camera) as context:
        with running(port=port, **SETTINGS) as first:
            sender = browser.broadcast(
                context, first.url, "garden", width="320", height="180", fps="15"
            )
            first.until_enhancing("garden")
            viewer = browser.watch(context, first.url, "garden")
            for page in (sender, viewer):
                page.evaluate(WATCH_BACK)
            kill(first)
            for page in (sender, viewer):
                left = (
                    "!['live', 'playing'].includes(document.querySelector('#state').dataset.state)"
                )
                browser.until(page, left, 15)
        with running(port=port, **SETTINGS) as second:
            waits = [_waited_s(page) for page in (sender, viewer)]
            assert second.stream("garden") is not None
            frames = browser.decoded_frames(viewer)
            second.until("more frames", lambda: browser.decoded_frames(viewer) > frames + 3)
    print(f"back after {waits[0]:.1f} s (broadcast) and {waits[1]:.1f} s (watch)")
    assert max(waits) < RETURN_S, [page.evaluate("window.marks") for page in (sender, viewer)]


def _waited_s(page: Any) -> float:
    """From the server's first answer to a page as it should be, in seconds."""
    browser.until(page, "window.marks.page !== undefined", RETURN_S)
    return float(page.evaluate("(window.marks.page - window.marks.server) / 1000"))
