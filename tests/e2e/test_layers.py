"""A real Chromium: two channels of sound, and three simulcast layers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks import browser
from benchmarks.server import RunningServer

pytestmark = [pytest.mark.browser, pytest.mark.e2e, pytest.mark.usefixtures("needs_browser")]


@pytest.fixture(scope="module")
def page(server: RunningServer) -> Iterator[Any]:
    with browser.chromium() as context:
        opened = context.new_page()
        opened.goto(server.url + "/static/favicon.svg")
        yield opened


PICTURE = """
  const canvas = new OffscreenCanvas(960, 540);
  const brush = canvas.getContext('2d');
  const generator = new MediaStreamTrackGenerator({ kind: 'video' });
  const writer = generator.writable.getWriter();
  let number = 0;
  setInterval(async () => {
    brush.fillStyle = `hsl(${(number * 3) % 360} 60% 50%)`;
    brush.fillRect(0, 0, 960, 540);
    brush.fillStyle = 'white';
    brush.fillRect((number * 7) % 600, 100, 40, 80);
    const frame = new VideoFrame(canvas, { timestamp: number * 40000 });
    number += 1;
    await writer.write(frame);
  }, 40);
"""

SEND_STEREO = (
    "async () => {"
    + PICTURE
    + """
  const { WhipPublisher } = await import('/static/js/net/whip.js');
  const audio = new AudioContext({ sampleRate: 48000 });
  await audio.resume();
  const tone = new OscillatorNode(audio, { frequency: 440 });
  const merger = new ChannelMergerNode(audio, { numberOfInputs: 2 });
  const sound = new MediaStreamAudioDestinationNode(audio, { channelCount: 2 });
  tone.connect(merger, 0, 0);
  merger.connect(sound);
  tone.start();
  window.publisher = new WhipPublisher({
    endpoint: '/whip/stereo', token: '', iceServers: [], maxKbps: 800, maxFps: 25,
    size: { width: 640, height: 360 },
  });
  await window.publisher.start(new MediaStream([generator, ...sound.stream.getAudioTracks()]));
}"""
)

HEAR = """async () => {
  const { WhepPlayer } = await import('/static/js/net/whep.js');
  const endpoint = '/whep/stereo?rendition=source';
  window.player = new WhepPlayer({ endpoint, iceServers: [], audio: true });
  await window.player.start();
  const element = new Audio();
  element.muted = true;
  element.srcObject = window.player.media;
  await element.play();
  const audio = new AudioContext({ sampleRate: 48000 });
  await audio.resume();
  const tracks = window.player.media.getAudioTracks();
  const source = audio.createMediaStreamSource(new MediaStream(tracks));
  const splitter = new ChannelSplitterNode(audio, { numberOfOutputs: 2 });
  source.connect(splitter);
  window.ears = [0, 1].map((channel) => {
    const ear = new AnalyserNode(audio, { fftSize: 2048 });
    splitter.connect(ear, channel);
    return ear;
  });
}"""

LOUDNESS = """window.ears.map((ear) => {
  const samples = new Float32Array(ear.fftSize);
  ear.getFloatTimeDomainData(samples);
  return Math.hypot(...samples);
})"""


def test_a_stereo_broadcast_is_heard_in_stereo(server: RunningServer, page: Any) -> None:
    page.evaluate(SEND_STEREO)
    server.until("live", lambda: server.is_live("stereo"))
    page.evaluate(HEAR)
    browser.until(page, f"({LOUDNESS})[0] > 1", 30.0)
    page.wait_for_timeout(1000)
    left, right = page.evaluate(LOUDNESS)
    assert left > 1
    assert right < left / 20
    stats = """(async (peer, kind) => {
      const found = [...(await peer.getStats()).values()];
      const codec = found.find((entry) => entry.type === 'codec' && /opus/.test(entry.mimeType));
      return codec.sdpFmtpLine;
    })"""
    for peer in ("window.publisher.peer", "window.player.peer"):
        assert "stereo=1" in page.evaluate(f"{stats}({peer})")
    page.evaluate("window.player.end(); window.publisher.end();")


SEND_LAYERS = (
    "async () => {"
    + PICTURE
    + """
  const { negotiate } = await import('/static/js/net/sdp-session.js');
  window.peer = new RTCPeerConnection();
  window.peer.addTransceiver(generator, {
    direction: 'sendonly',
    sendEncodings: [
      { rid: 'q', scaleResolutionDownBy: 4 },
      { rid: 'h', scaleResolutionDownBy: 2 },
      { rid: 'f' },
    ],
  });
  window.session = await negotiate(window.peer, '/whip/layers');
}"""
)

SENT = """(async () => {
  const found = [...(await window.peer.getStats()).values()];
  const sent = found.filter((entry) => entry.type === 'outbound-rtp');
  return Object.fromEntries(sent.map((entry) => [entry.rid, entry.framesEncoded]));
})()"""


def layers(server: RunningServer) -> dict[str, Any]:
    """The renditions that are layers, by name."""
    view = server.stream("layers") or {"renditions": []}
    return {r["name"]: r for r in view["renditions"] if r["name"].startswith("source-")}


def test_the_largest_of_three_layers_becomes_the_stream(server: RunningServer, page: Any) -> None:
    page.evaluate(SEND_LAYERS)

    def taken() -> Any:
        found = server.stream("layers")
        return found and found["layer"] == "f" and found["source"]["width"] == 960 and found

    view = server.until("the largest layer", taken, timeout_s=40.0)
    assert (view["source"]["codec"], view["source"]["height"]) == ("vp8", 540)
    # Each layer is a rendition as it comes. A busy browser leaves layers out now and then.

    def all_flow() -> Any:
        found = layers(server)
        names = {"source-f", "source-h", "source-q"}
        return found.keys() == names and all(r["kbps"] > 0 for r in found.values()) and found

    found = server.until("all layers", all_flow, timeout_s=40.0)
    assert [found[f"source-{rid}"]["width"] for rid in "fhq"] == [960, 480, 240]
    sent = page.evaluate(SENT)
    assert set(sent) == {"q", "h", "f"}
    assert all(frames > 0 for frames in sent.values())
    page.evaluate("fetch(window.session, { method: 'DELETE' })")
