"""A real Chromium that watches a stream by WHEP; each shown picture goes to standard output.

``python -m benchmarks.edge.chromium_viewer HTTP_URL STREAM RENDITION``, until it is killed.
"""

from __future__ import annotations

import sys

import msgspec

from benchmarks import browser

EVERY_MS = 100

_WATCH = """async ({url, stream, rendition}) => {
  const peer = new RTCPeerConnection();
  peer.addTransceiver('video', {direction: 'recvonly'});
  peer.addTransceiver('audio', {direction: 'recvonly'});
  const element = document.createElement('video');
  element.autoplay = element.muted = true;
  document.body.append(element);
  const media = new MediaStream();
  peer.addEventListener('track', ({track}) => {
    media.addTrack(track);
    element.srcObject = media;
    element.play().catch(() => undefined);
  });
  await peer.setLocalDescription(await peer.createOffer());
  const answer = await fetch(`${url}/whep/${stream}?rendition=${rendition}`, {
    method: 'POST', body: peer.localDescription.sdp, headers: {'Content-Type': 'application/sdp'},
  });
  const sdp = await answer.text();
  if (answer.status !== 201) throw new Error(answer.status + ' ' + sdp);
  await peer.setRemoteDescription({type: 'answer', sdp});
  window.viewer = {peer, sdp, shown: []};
  const note = (now, frame) => {
    window.viewer.shown.push([
      (performance.timeOrigin + now) / 1000, frame.width, frame.height, frame.rtpTimestamp || 0]);
    element.requestVideoFrameCallback(note);
  };
  element.requestVideoFrameCallback(note);
  return sdp.includes('transport-cc');
}"""

_ASK = "() => window.viewer.shown.splice(0)"


class Shown(msgspec.Struct, frozen=True):
    """One picture that was shown."""

    at_s: float
    "Unix time."
    width: int
    height: int
    ticks: int
    "RTP time."


def main(url: str, stream: str, rendition: str) -> None:
    """Watches and tells; never returns."""
    host = url.split("/")[2].split(":")[0]
    browser.FLAGS.append(f"--unsafely-treat-insecure-origin-as-secure={url}")
    with browser.chromium(host=host) as context:
        page = context.new_page()
        page.goto(f"{url}/healthz")
        asked = {"url": url, "stream": stream, "rendition": rendition}
        print(f"transport-cc: {page.evaluate(_WATCH, asked)}", file=sys.stderr, flush=True)
        while True:
            for at_s, width, height, ticks in page.evaluate(_ASK):
                shown = Shown(at_s, int(width), int(height), int(ticks))
                sys.stdout.buffer.write(msgspec.json.encode(shown) + b"\n")
            sys.stdout.buffer.flush()
            page.wait_for_timeout(EVERY_MS)


if __name__ == "__main__":
    main(*sys.argv[1:4])
