"""A publisher on libwebrtc without a browser (``wrtc``), with a picture that takes any rate.

``python -m benchmarks.edge.wrtc_publisher HTTP_URL STREAM TOKEN``, until it is killed; it tells the
same of itself as ``chromium_publisher.py``.
"""

from __future__ import annotations

import asyncio
import sys
import time
import urllib.request
from typing import Any

import msgspec
import numpy as np

from benchmarks.edge.ingest_figures import Sample

WIDTH, HEIGHT, FPS = 640, 360, 30

EVERY = 3
"""Frames between two reports of itself."""


def _post(url: str, token: str, sdp: str) -> str:
    headers = {"Content-Type": "application/sdp", "Authorization": f"Bearer {token}"}
    request = urllib.request.Request(url, sdp.encode(), headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(answer.read().decode())


def pictures() -> list[bytes]:
    """Returns grey noise, smoothed and moving: I420 planes."""
    rng = np.random.default_rng(1)
    base = rng.integers(60, 180, (HEIGHT // 4, WIDTH // 4), np.uint8)
    large = np.kron(base, np.ones((4, 4), np.uint8))
    found = []
    for number in range(30):
        luma = np.roll(large, 2 * number, axis=1) + rng.integers(0, 12, large.shape, np.uint8)
        chroma = np.full(WIDTH * HEIGHT // 2, 128, np.uint8)
        found.append(luma.tobytes() + chroma.tobytes())
    return found


async def publish(url: str, stream: str, token: str) -> None:
    """Publishes and tells; never returns."""
    import webrtc

    peer: Any = webrtc.RTCPeerConnection()
    generator = webrtc.VideoTrackGenerator()
    writer = generator.writable.get_writer()
    gathered = asyncio.Event()
    peer.on("icecandidate", lambda event: gathered.set() if event.candidate is None else None)
    peer.add_transceiver(generator.track, webrtc.RTCRtpTransceiverInit(direction="sendonly"))
    await peer.set_local_description(await peer.create_offer())
    async with asyncio.timeout(5):
        await gathered.wait()
    answer = await asyncio.to_thread(
        _post, f"{url}/whip/{stream}", token, peer.local_description.sdp
    )
    await peer.set_remote_description(webrtc.RTCSessionDescription("answer", answer))
    frames, number = pictures(), 0
    began = time.monotonic()
    while True:
        init = webrtc.VideoFrameBufferInit("I420", WIDTH, HEIGHT, number * 1_000_000 // FPS)
        await writer.write(webrtc.VideoFrame(frames[number % len(frames)], init))
        number += 1
        if number % EVERY == 0:
            sys.stdout.buffer.write(msgspec.json.encode(await _sample(peer)) + b"\n")
            sys.stdout.buffer.flush()
        await asyncio.sleep(max(0.0, began + number / FPS - time.monotonic()))


async def _sample(peer: Any) -> Sample:
    found: dict[str, Any] = {"frames": 0, "bytes": 0}
    for row in (await peer.get_stats()).values():
        if row.type == "outbound-rtp":
            found["frames"] = row.frames_sent or 0
            found["bytes"] = row.bytes_sent or 0
            found["target_bps"] = row.target_bitrate or 0.0
            found["width"] = row.frame_width or 0
        elif row.type == "candidate-pair" and row.nominated:
            found["available_bps"] = row.available_outgoing_bitrate or 0.0
    return Sample(at_s=time.time(), **found)


if __name__ == "__main__":
    asyncio.run(publish(*sys.argv[1:4]))
