"""A real Chromium publishes through the page and watches through the page."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from benchmarks import browser
from benchmarks.glass_to_glass import delays_ms
from benchmarks.server import RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.e2e, pytest.mark.usefixtures("needs_browser")]

PUBLISH = {"width": "320", "height": "180", "kbps": "500", "fps": "15"}


@pytest.fixture(scope="module")
def context(camera: Path) -> Iterator[Any]:
    with browser.chromium(camera) as opened:
        yield opened


def test_a_viewer_sees_the_publishers_frames_at_twice_the_size(
    server: RunningServer, context: Any
) -> None:
    publisher = browser.broadcast(context, server.url, "chrome1", **PUBLISH)
    server.until_enhancing("chrome1")
    viewer = browser.watch(context, server.url, "chrome1")
    viewer.keyboard.press("3")
    browser.until(viewer, "document.querySelector('#enhanced').videoWidth === 640")
    browser.read_stamps(publisher, "#preview", "sent")
    browser.read_stamps(viewer, "#enhanced", "shown")
    viewer.wait_for_timeout(5000)
    sent, shown = browser.stamps(publisher, "sent"), browser.stamps(viewer, "shown")
    read = [row for row in shown if row[0] >= 0]
    assert len(read) > 20
    for one, two in pairwise(read):
        # Time only goes forward. The clip has 15 frames a second and loops after 150.
        passed = (two[5] - one[5]) % 2**32 / 90000
        assert 0 < passed < 10, (one, two)
        wrong = (two[0] - one[0] - passed * 15 + 75) % 150 - 75
        assert abs(wrong) < 15, (one, two)
    assert {(row[3], row[4]) for row in shown} == {(640, 360)}
    delays = sorted(delays_ms(sent, shown))
    assert delays[len(delays) // 2] < 1500
    publisher.close()
    viewer.close()


def test_the_split_shows_the_same_frame_on_both_sides(server: RunningServer, context: Any) -> None:
    publisher = browser.broadcast(context, server.url, "chrome2", **PUBLISH)
    server.until_enhancing("chrome2")
    viewer = browser.watch(context, server.url, "chrome2")
    viewer.keyboard.press("2")
    browser.until(viewer, "window.sharpcast.frames.matched > 10", 30.0)
    last = viewer.evaluate("({...window.sharpcast.frames.last})")
    assert last["source"] == last["enhanced"]
    slider = viewer.locator("#split")
    slider.focus()
    before = int(slider.get_attribute("aria-valuenow"))
    viewer.keyboard.press("ArrowRight")
    assert int(slider.get_attribute("aria-valuenow")) > before
    # The source alone keeps time with the sound too, which comes with the enhanced picture.
    viewer.keyboard.press("1")
    browser.until(viewer, "document.querySelector('.stage').dataset.view === 'source'")
    pairs = viewer.evaluate("window.sharpcast.frames.matched")
    browser.until(viewer, f"window.sharpcast.frames.matched > {pairs} + 10", 30.0)
    assert viewer.evaluate("document.querySelector('.stage').dataset.paint") == "canvas"
    publisher.close()
    viewer.close()


def test_ending_the_broadcast_tells_the_viewer_in_words(
    server: RunningServer, context: Any
) -> None:
    publisher = browser.broadcast(context, server.url, "chrome3", **PUBLISH)
    server.until("the stream", lambda: server.stream("chrome3"))
    viewer = browser.watch(context, server.url, "chrome3")
    publisher.click("#go")
    server.until("the end", lambda: server.stream("chrome3") is None)
    browser.until(viewer, "document.querySelector('#state').dataset.state !== 'playing'")
    assert viewer.locator("#card").inner_text().strip()
    publisher.close()
    viewer.close()


def test_the_style_is_changed_on_the_watch_page_while_the_stream_runs(
    server: RunningServer, context: Any
) -> None:
    publisher = browser.broadcast(context, server.url, "chrome4", **PUBLISH)
    server.until_enhancing("chrome4")
    viewer = browser.watch(context, server.url, "chrome4")
    style = viewer.locator("#style-strength")
    style.wait_for(state="visible")
    style.focus()
    viewer.keyboard.press("End")
    assert style.get_attribute("aria-valuetext") == "crisp"
    server.until(
        "the crisp style",
        lambda: (server.stream("chrome4") or {})["enhancement"]["strength"] == 1,
    )
    publisher.close()
    viewer.close()


def test_the_watch_page_shows_who_makes_the_picture(server: RunningServer, context: Any) -> None:
    publisher = browser.broadcast(context, server.url, "chrome5", **PUBLISH)
    server.until_enhancing("chrome5")
    viewer = browser.watch(context, server.url, "chrome5")
    viewer.keyboard.press("t")
    browser.until(
        viewer, "document.querySelector('#legend').innerText.includes('One worker makes it all: ')"
    )
    viewer.locator("#tint").wait_for(state="visible")
    # As the picture: 320x180 in its own sides, in the place of the video.
    assert viewer.evaluate("[tint.width, tint.height]") == [1280, 720]
    place = "(id) => document.getElementById(id).getBoundingClientRect().x"
    left, right = viewer.evaluate(f"['tint', 'enhanced'].map({place})")
    assert left == right
    viewer.keyboard.press("t")
    viewer.locator("#tint").wait_for(state="hidden")
    publisher.close()
    viewer.close()


WITHOUT_HIGH = """
const createOffer = RTCPeerConnection.prototype.createOffer;
RTCPeerConnection.prototype.createOffer = async function (...args) {
  const offer = await createOffer.apply(this, args);
  return { type: offer.type, sdp: offer.sdp.replace(/level-id=f4001f/g, 'level-id=4d001f') };
};
"""
"""JavaScript that lets a page offer no profile above Main, as a viewer without High does."""

RECEIVED = """async () => {
  const report = await window.sharpcast.player.peers.enhanced.getStats();
  const rows = [...report.values()];
  const video = rows.find((row) => row.type === 'inbound-rtp' && row.kind === 'video');
  return [rows.find((row) => row.id === video.codecId).sdpFmtpLine, video.framesDecoded];
}"""


def test_who_decodes_high_gets_it_and_who_does_not_gets_baseline(
    server: RunningServer, context: Any
) -> None:
    publisher = browser.broadcast(context, server.url, "chrome6", **PUBLISH)
    server.until_enhancing("chrome6")
    pages = [
        browser.watch(context, server.url, "chrome6", script=script)
        for script in ("", WITHOUT_HIGH)
    ]
    for page, profile in zip(pages, ("f4001f", "4d001f"), strict=True):
        parameters, _ = page.evaluate(RECEIVED)
        assert (profile in parameters) is (profile == "f4001f")
        # Each goes on while the other watches.
        goal = browser.decoded_frames(page) + 15
        for _ in range(100):
            if browser.decoded_frames(page) >= goal:
                break
            page.wait_for_timeout(200)
        assert browser.decoded_frames(page) >= goal
        # The source may stand in for a moment while the machine is busy.
        browser.until(page, "document.querySelector('#enhanced').videoWidth === 640")

    def viewers() -> dict[str, int]:
        found = (server.stream("chrome6") or {})["renditions"]
        return {one["name"]: one["viewers"] for one in found if one["viewers"]}

    server.until("both logs", lambda: {"enhanced", "enhanced-h264"} <= set(viewers()))
    for page in (*pages, publisher):
        page.close()
