"""WHIP and WHEP clients from npm, in a real Chromium: others' signalling against our server."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks import browser
from benchmarks.server import RunningServer, publishing
from tests.e2e.conftest import SMALL, camera, needs_browser, server
from tests.interop import npm

__all__ = ["camera", "needs_browser", "server"]

pytestmark = [pytest.mark.browser, pytest.mark.e2e, pytest.mark.usefixtures("needs_browser")]

PUBLISH = """async (url) => {
  const { WHIPClient } = await import('/npm/whip.js');
  const media = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
  const pc = window.pc = new RTCPeerConnection();
  for (const track of media.getTracks()) {
    pc.addTransceiver(track, { direction: 'sendonly', streams: [media] });
  }
  window.client = new WHIPClient();
  await window.client.publish(pc, url);
}"""

PLAY = """async (url) => {
  const { WHEPClient } = await import('/npm/whep.js');
  const pc = window.pc = new RTCPeerConnection();
  const video = document.createElement('video');
  document.body.append(video);
  video.muted = true;
  video.autoplay = true;
  window.video = video;
  pc.ontrack = (event) => { video.srcObject = event.streams[0]; };
  pc.addTransceiver('audio', { direction: 'recvonly' });
  pc.addTransceiver('video', { direction: 'recvonly' });
  window.client = new WHEPClient();
  await window.client.view(pc, url);
}"""

LISTEN = """() => {
  const source = new EventSource(window.client.eventSource.url);
  for (const name of ['active', 'layers', 'viewercount']) {
    source.addEventListener(name, (event) => { window[`told_${name}`] = event.data; });
  }
}"""

EYEVINN_PUBLISH = """async (url) => {
  const { WHIPClient } = await import('/npm/eyevinn-whip.js');
  const media = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
  window.client = new WHIPClient({ endpoint: url, opts: {} });
  await window.client.setIceServersFromEndpoint();
  await window.client.ingest(media);
}"""

EYEVINN_PLAY = """async (url) => {
  const { WebRTCPlayer } = await import('/npm/eyevinn-player.js');
  const video = document.createElement('video');
  document.body.append(video);
  video.muted = true;
  video.autoplay = true;
  window.video = video;
  window.player = new WebRTCPlayer({ video, type: 'whep' });
  await window.player.load(new URL(url));
}"""


@pytest.fixture(scope="module")
def clients() -> dict[str, str]:
    """The modules by the paths under which pages import them."""
    return {
        "whip.js": npm.source("whip-whep/whip.js"),
        "whep.js": npm.source("whip-whep/whep.js"),
        "eyevinn-whip.js": npm.bundle("@eyevinn/whip-web-client", "WHIPClient"),
        "eyevinn-player.js": npm.bundle("@eyevinn/webrtc-player", "WebRTCPlayer"),
    }


@pytest.fixture(scope="module")
def context(camera: Path, clients: dict[str, str]) -> Iterator[Any]:
    with browser.chromium(camera) as opened:

        def give(route: Any) -> None:
            name = route.request.url.rpartition("/")[2]
            route.fulfill(body=clients[name], content_type="text/javascript")

        opened.route("**/npm/*.js", give)
        yield opened


@pytest.fixture
def page(server: RunningServer, context: Any) -> Iterator[Any]:
    """A page of the server's own origin."""
    opened = context.new_page()
    opened.goto(f"{server.url}/")
    yield opened
    opened.close()


def units_in(server: RunningServer, name: str) -> float:
    """Pictures that came from the publisher; 0 where nobody publishes."""
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    found = re.findall(rf'sharpcast_units_in_total{{.*stream="{name}".*}} (\S+)', text)
    return sum(float(value) for value in found)


def until_more(server: RunningServer, name: str, count: int = 15) -> None:
    """Waits for pictures of a publisher."""
    before = units_in(server, name)
    server.until("pictures", lambda: units_in(server, name) > before + count)


def is_live(server: RunningServer, name: str) -> bool:
    """True while pictures come."""
    return (server.stream(name) or {}).get("state") == "live"


def test_whip_whep_publishes_restarts_ice_and_ends(server: RunningServer, page: Any) -> None:
    page.evaluate(PUBLISH, f"{server.url}/whip/npm1")
    browser.until(page, "window.pc.connectionState === 'connected'")
    server.until("the stream", lambda: is_live(server, "npm1"))
    tag = page.evaluate("window.client.etag")
    assert tag.startswith('"')
    before = page.evaluate("window.pc.currentRemoteDescription.sdp.match(/ice-ufrag:(.*)/)[1]")
    page.evaluate("window.client.restart()")
    after = page.evaluate("window.pc.currentRemoteDescription.sdp.match(/ice-ufrag:(.*)/)[1]")
    assert (page.evaluate("window.client.etag") != tag, after != before) == (True, True)
    browser.until(page, "['connected', 'completed'].includes(window.pc.iceConnectionState)")
    until_more(server, "npm1")
    page.evaluate("window.client.stop()")
    server.until("the end", lambda: server.stream("npm1") is None)


def test_whip_whep_plays_hears_events_and_selects_a_layer(server: RunningServer, page: Any) -> None:
    with publishing(f"{server.url}/whip/npm2", *SMALL):
        server.until("the stream", lambda: is_live(server, "npm2"))
        page.evaluate(PLAY, f"{server.url}/whep/npm2")
        browser.until(page, "window.video.videoWidth > 0 && window.video.currentTime > 1")
        # The client listens to events without a name; ours have the names of the draft.
        browser.until(
            page, "!!window.client.eventSource && window.client.eventSource.readyState < 2"
        )
        page.evaluate(LISTEN)
        page.evaluate("window.client.selectLayer({ mediaId: '1', rid: 'source' })")
        browser.until(page, "window.video.videoWidth === 160", 30.0)
        page.evaluate("window.client.unselectLayer()")
        browser.until(page, "window.video.videoWidth === 320", 30.0)
        assert page.evaluate("window.client.eventSource.readyState") < 2
        page.evaluate("window.client.stop()")
        server.until("no viewer", lambda: (server.stream("npm2") or {}).get("viewers") == 0)


def test_eyevinns_client_publishes(server: RunningServer, page: Any) -> None:
    page.evaluate(EYEVINN_PUBLISH, f"{server.url}/whip/npm3")
    server.until("the stream", lambda: is_live(server, "npm3"))
    until_more(server, "npm3")
    page.evaluate("window.client.destroy()")
    server.until("the end", lambda: server.stream("npm3") is None)


def test_eyevinns_player_plays(server: RunningServer, page: Any) -> None:
    with publishing(f"{server.url}/whip/npm4", *SMALL):
        server.until("the stream", lambda: is_live(server, "npm4"))
        page.evaluate(EYEVINN_PLAY, f"{server.url}/whep/npm4")
        browser.until(page, "window.video.videoWidth > 0 && window.video.currentTime > 1")
        page.evaluate("window.player.destroy()")
