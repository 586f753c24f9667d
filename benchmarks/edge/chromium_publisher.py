"""A real Chromium that publishes a clip by WHIP; what it says of itself goes to standard output.

``python -m benchmarks.edge.chromium_publisher HTTP_URL STREAM CLIP.y4m JSON_OPTIONS``, until it is
killed.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import msgspec

from benchmarks import browser
from benchmarks.edge.ingest_figures import Sample

EVERY_MS = 100

PUBLISH = """async ({stream, token, codec, maxKbps, scales, without}) => {
  const media = await navigator.mediaDevices.getUserMedia({video: {width: 640, height: 360}});
  const track = media.getVideoTracks()[0];
  // A camera that moves is degraded in size first, as the broadcast page has it.
  track.contentHint = 'motion';
  const peer = new RTCPeerConnection();
  const encodings = scales.map((scale, place) => ({
    ...(scales.length > 1 ? {rid: 'hml'[place]} : {}),
    scaleResolutionDownBy: scale,
    ...(maxKbps[place] ? {maxBitrate: 1000 * maxKbps[place]} : {}),
  }));
  const line = peer.addTransceiver(track, {direction: 'sendonly', sendEncodings: encodings});
  const kinds = RTCRtpSender.getCapabilities('video').codecs;
  const first = kinds.filter((kind) => kind.mimeType === 'video/' + codec);
  line.setCodecPreferences([...first, ...kinds.filter((kind) => !first.includes(kind))]);
  await peer.setLocalDescription(await peer.createOffer());
  const offer = peer.localDescription.sdp.split('\\r\\n').filter(
    (line) => !without || !line.includes(without)).join('\\r\\n');
  const answer = await fetch('/whip/' + stream, {
    method: 'POST', body: offer,
    headers: {'Content-Type': 'application/sdp', Authorization: 'Bearer ' + token},
  });
  const sdp = await answer.text();
  if (answer.status !== 201) throw new Error(answer.status + ' ' + sdp);
  await peer.setRemoteDescription({type: 'answer', sdp});
  window.publisher = {peer, line, sdp};
}"""

_ASK = """async () => {
  const found = {frames: 0, bytes: 0, target_bps: 0, available_bps: 0, width: 0, limited: ''};
  (await window.publisher.peer.getStats()).forEach((row) => {
    if (row.type === 'outbound-rtp') {
      if (!row.rid || row.rid === 'h') {
        found.frames = row.framesSent || 0;
        found.width = row.frameWidth || 0;
        found.limited = row.qualityLimitationReason || '';
      }
      found.bytes += row.bytesSent || 0;
      found.target_bps += row.targetBitrate || 0;
    }
    if (row.type === 'candidate-pair' && row.nominated) {
      found.available_bps = row.availableOutgoingBitrate || 0;
    }
  });
  return found;
}"""


def main(url: str, stream: str, clip: str, options: str) -> None:
    """Publishes and tells; never returns."""
    asked = {
        "stream": stream,
        "codec": "VP8",
        "maxKbps": [0],
        "scales": [1],
        "without": "",
        **json.loads(options),
    }
    host = url.split("/")[2].split(":")[0]
    browser.FLAGS.append(f"--unsafely-treat-insecure-origin-as-secure={url}")
    with browser.chromium(Path(clip), host=host) as context:
        page = context.new_page()
        page.goto(f"{url}/healthz")
        page.evaluate(PUBLISH, asked)
        while True:
            found = page.evaluate(_ASK)
            sample = msgspec.convert({"at_s": time.time(), **found}, Sample, strict=False)
            sys.stdout.buffer.write(msgspec.json.encode(sample) + b"\n")
            sys.stdout.buffer.flush()
            page.wait_for_timeout(EVERY_MS)


if __name__ == "__main__":
    main(*sys.argv[1:5])
