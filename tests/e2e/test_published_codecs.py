"""A real Chromium publishes VP9 and AV1, and another of its pages watches both renditions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks import browser
from benchmarks.material import CLIP_FOLDER
from benchmarks.server import RunningServer
from benchmarks.stamps import write_y4m

pytestmark = [pytest.mark.browser, pytest.mark.e2e, pytest.mark.usefixtures("needs_browser")]

SIZE = (480, 270)
"""Large enough for libwebrtc to make two spatial layers of it."""

PUBLISH = {"width": str(SIZE[0]), "height": str(SIZE[1]), "kbps": "800", "fps": "15"}

# The page prefers H.264; this browser has nothing but one codec, and perhaps layers.
ONE_CODEC = """
const all = RTCRtpSender.getCapabilities.bind(RTCRtpSender);
RTCRtpSender.getCapabilities = (kind) => {
  const found = all(kind);
  if (kind === 'video') {
    const wanted = (c) => c.mimeType === 'video/rtx'
      || (c.mimeType === MIME && /(profile-id|profile)=0/.test(c.sdpFmtpLine));
    found.codecs = found.codecs.filter(wanted);
  }
  return found;
};
const add = RTCPeerConnection.prototype.addTransceiver;
RTCPeerConnection.prototype.addTransceiver = function (track, init = {}) {
  const [first = {}] = init.sendEncodings ?? [];
  const encodings = [{ ...first, scalabilityMode: MODE }];
  const layered = { ...init, sendEncodings: encodings };
  return add.call(this, track, track.kind === 'video' ? layered : init);
};
"""

# What a peer connection says of its video: codec, size, frames, layers.
REPORT = """async (peer) => {
  const rows = [...(await peer.getStats()).values()];
  const video = rows.find((row) => /bound-rtp$/.test(row.type) && row.kind === 'video'
    && !row.type.startsWith('remote'));
  if (!video) return null;
  return {
    codec: rows.find((row) => row.id === video.codecId)?.mimeType,
    size: [video.frameWidth, video.frameHeight],
    frames: video.framesDecoded ?? video.framesEncoded,
    mode: video.scalabilityMode,
  };
}"""


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    camera = tmp_path_factory.mktemp("camera") / "stamped.y4m"
    write_y4m(CLIP_FOLDER / "handheld.mp4", camera, width=SIZE[0], height=SIZE[1], fps=15, count=60)
    with browser.chromium(camera) as opened:
        yield opened


def report(page: Any, peer: str) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(f"({REPORT})(window.sharpcast.{peer})")
    return found


def until_enhanced(viewer: Any) -> None:
    """Waits for the enhanced pictures: on a busy machine the source stands in for them."""
    found: dict[str, Any] = {}
    for _ in range(80):
        found = report(viewer, "player.peers.enhanced")
        if (found["codec"], found["size"]) == ("video/H264", [960, 540]):
            return
        viewer.wait_for_timeout(250)
    raise AssertionError(f"the viewer still gets {found}")


@pytest.mark.parametrize(
    ("codec", "mode"), [("VP9", "L1T1"), ("VP9", "L2T3_KEY"), ("AV1", "L1T1"), ("AV1", "L1T2")]
)
def test_what_chromium_publishes_is_watched_as_it_is_and_enhanced(
    server: RunningServer, context: Any, codec: str, mode: str
) -> None:
    name = f"{codec.lower()}-{mode}"
    script = ONE_CODEC.replace("MODE", repr(mode)).replace("MIME", repr(f"video/{codec}"))
    publisher = browser.broadcast(context, server.url, name, script=script, **PUBLISH)
    server.until_enhancing(name)
    viewer = browser.watch(context, server.url, name)
    viewer.keyboard.press("2")
    # The same frame of both renditions, again and again: both arrive and are decoded.
    browser.until(viewer, "window.sharpcast.frames.matched > 10", 30.0)
    sent = report(publisher, "peer")
    assert (sent["codec"], sent["mode"], sent["size"]) == (f"video/{codec}", mode, list(SIZE))
    source = report(viewer, "player.peers.source")
    assert (source["codec"], source["size"]) == (f"video/{codec}", list(SIZE))
    until_enhanced(viewer)
    view = server.stream(name)
    assert view is not None
    assert (view["source"]["codec"], view["source"]["width"], view["source"]["height"]) == (
        codec.lower(),
        *SIZE,
    )
    assert view["renditions"][1]["width"] == 960
    # No loss on loopback: a viewer's decoder goes on without asking for key frames.
    frames = source["frames"]
    viewer.wait_for_timeout(2000)
    assert report(viewer, "player.peers.source")["frames"] > frames + 15
    publisher.close()
    viewer.close()
