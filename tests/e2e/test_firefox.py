"""Firefox with its default privacy, beside Chromium, in a network with an ordinary interface."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest

from benchmarks import browser
from benchmarks.material import CLIP_FOLDER
from benchmarks.server import RunningServer, free_port, publishing, running
from benchmarks.stamps import JAVASCRIPT, frames
from tests.certificates import write_certificate
from tests.e2e import bidi
from tests.e2e.bidi import Firefox, Page, firefox
from tests.e2e.conftest import SETTINGS
from tests.e2e.island import ADDRESS, island

pytestmark = [pytest.mark.browser, pytest.mark.e2e]

TOKENS: dict[str, Any] = {"publish_token": "to-publish", "admin_token": "to-rule-all"}
WIDTH, HEIGHT, FPS = 320, 180, 15
PREFIX = "/live"

DECODED = """(async () => {
  const report = await window.sharpcast.player.peers.enhanced.getStats();
  return [...report.values()].find((row) => row.type === 'inbound-rtp' && row.kind === 'video')
    ?.framesDecoded ?? 0;
})()"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Runs where the browsers run, by HTTPS, at the interface's address, and also below a path."""
    lack = bidi.missing()
    if lack:
        pytest.skip(lack)
    cert, key = write_certificate(tmp_path_factory.mktemp("tls"), hosts=[ADDRESS])
    port = free_port()
    settings: dict[str, Any] = {
        "http_host": ADDRESS,
        "public_url": f"https://{ADDRESS}:{port}{PREFIX}",
        "tls_cert": str(cert),
        "tls_key": str(key),
    }
    with island(), running(port=port, **settings, **TOKENS, **SETTINGS) as started:
        yield started


@pytest.fixture(scope="module")
def fox(server: RunningServer) -> Iterator[Firefox]:
    with firefox() as started:
        yield started


@pytest.fixture(scope="module")
def webm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds of stamped pictures that every browser plays."""
    target = tmp_path_factory.mktemp("film") / "stamped.webm"
    with av.open(str(target), "w") as container:
        video: Any = container.add_stream("libvpx", rate=FPS, options={"deadline": "realtime"})
        video.width, video.height, video.pix_fmt, video.bit_rate = WIDTH, HEIGHT, "yuv420p", 10**6
        for luma, u, v in frames(CLIP_FOLDER / "handheld.mp4", WIDTH, HEIGHT, 150):
            frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
            for plane, samples in zip(frame.planes, (luma, u, v), strict=True):
                padded = bytearray(plane.buffer_size)
                for row, line in enumerate(samples):
                    start = row * plane.line_size
                    padded[start : start + line.size] = line.tobytes()
                plane.update(bytes(padded))
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    return target


def numbers_seen(page: Page, selector: str, seconds: float) -> list[int]:
    """Frame numbers read from the pictures of a <video>, in the order in which they were shown."""
    page.evaluate(f"(({JAVASCRIPT})(document.querySelector('{selector}'), 'seen'), true)")
    page.until(f"performance.now() > {1000 * seconds} + (window.began ??= performance.now())")
    rows = page.evaluate("window.stamps_seen")
    return [int(row[0]) for row in rows if row[0] >= 0]


def test_firefox_watches_an_enhanced_stream_that_was_sent_as_h264(
    server: RunningServer, fox: Firefox
) -> None:
    sent = ("--token", TOKENS["publish_token"], "--size", "320x180", "--fps", "15", "--stamp")
    with publishing(f"{server.url}/whip/pattern", *sent):
        server.until_enhancing("pattern")
        page = fox.open(f"{server.url}{PREFIX}/watch/pattern?view=enhanced&rendition=enhanced")
        page.until("document.querySelector('#stage').dataset.playing === 'true'", 15)
        page.until("document.querySelector('#enhanced').videoWidth === 640", 15)
        before = page.evaluate(DECODED)
        seen = numbers_seen(page, "#enhanced", 3)
        assert page.evaluate(DECODED) > before + 2 * FPS
        assert len(set(seen)) > FPS
        assert seen == sorted(seen)
        page.close()


def test_firefox_broadcasts_a_file_and_chromium_watches_it_enhanced(
    server: RunningServer, fox: Firefox, webm: Path
) -> None:
    lack = browser.missing()
    if lack:
        pytest.skip(lack)
    page = fox.open(f"{server.url}/broadcast?stream=film&source=file&mic=0&width=320&height=180")
    page.choose_file("#file", webm)
    page.evaluate("document.querySelector('#token').value = 'to-publish'")
    page.click("#go")
    page.until("document.querySelector('#state').dataset.state === 'live'", 15)
    server.until_enhancing("film")
    with browser.chromium(host=ADDRESS, trusting=True) as context:
        viewer = context.new_page()
        viewer.goto(f"{server.url}/watch/film?view=enhanced&rendition=enhanced")
        browser.until(viewer, "document.querySelector('#enhanced').videoWidth === 640", 20)
        browser.read_stamps(viewer, "#enhanced", "shown")
        viewer.wait_for_timeout(3000)
        numbers = [int(row[0]) for row in browser.stamps(viewer, "shown") if row[0] >= 0]
    assert len(set(numbers)) > FPS
    page.click("#go")
    server.until("the end", lambda: server.stream("film") is None)
    page.close()


def test_firefox_says_what_it_lacks_to_broadcast(server: RunningServer, fox: Firefox) -> None:
    # The page remembers what was chosen for an earlier broadcast, unless its address says it.
    page = fox.open(f"{server.url}{PREFIX}/broadcast?stream=lens&mic=0&source=camera")
    assert page.evaluate("document.querySelector('#obstacle').hidden")
    page.click("#go")
    page.until("!document.querySelector('#error').hidden")
    assert page.text("#error").startswith("No such device was found.")
    page.evaluate("document.querySelector('input[value=file]').click()")
    page.click("#go")
    page.until("document.querySelector('#error').textContent === 'Choose a video file first.'")
    page.close()
