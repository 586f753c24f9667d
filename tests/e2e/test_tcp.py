"""A real Chromium whose network lets no UDP through publishes and watches over TCP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import browser
from benchmarks.server import RunningServer, free_port, running
from tests.e2e.conftest import SETTINGS

pytestmark = [pytest.mark.browser, pytest.mark.e2e, pytest.mark.usefixtures("needs_browser")]

NO_UDP = """
const take = RTCPeerConnection.prototype.setRemoteDescription;
RTCPeerConnection.prototype.setRemoteDescription = function (description) {
  const sdp = description.sdp.replace(/a=candidate:\\S+ 1 udp .*\\r\\n/g, '');
  return take.call(this, { type: description.type, sdp });
};
"""
"""Leaves the candidates of TCP in each answer."""

PATH = """async (peer) => {
  const rows = [...(await peer.getStats()).values()];
  const transport = rows.find((row) => row.type === 'transport');
  const pair = rows.find((row) => row.id === transport?.selectedCandidatePairId);
  return rows.find((row) => row.id === pair?.remoteCandidateId)?.protocol;
}"""
"""The protocol of the path that is used; undefined until the browser lists one, which may take a
moment longer than the first picture."""


@pytest.fixture
def server() -> Iterator[RunningServer]:
    with running(ice_tcp_port=str(free_port()), **SETTINGS) as started:
        yield started


def test_a_stream_comes_and_goes_over_tcp(server: RunningServer, camera: Path) -> None:
    with browser.chromium(camera) as context:
        context.add_init_script(NO_UDP)
        publisher = browser.broadcast(
            context, server.url, "tcp", width="320", height="180", kbps="500", fps="15"
        )
        viewer = browser.watch(context, server.url, "tcp")
        browser.until(viewer, "window.sharpcast.player.peers.source !== undefined", 20.0)
        browser.until(viewer, "document.querySelector('video').videoWidth > 0", 20.0)
        path = f"({PATH})(window.sharpcast.player.peers.source)"
        browser.until(viewer, f"{path}.then((protocol) => protocol !== undefined)", 20.0)
        assert viewer.evaluate(path) == "tcp"
        publisher.close()
        viewer.close()
