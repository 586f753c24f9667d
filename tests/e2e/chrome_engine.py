"""A receiver on libwebrtc, the engine inside Chrome: ``python -m tests.e2e.chrome_engine URL N``.

Prints what its own statistics say of the received video, after N frames or 15 s. It runs in a
process of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import urllib.request
from typing import Any

import webrtc


def _post(url: str, sdp: str) -> str:
    request = urllib.request.Request(url, sdp.encode(), {"Content-Type": "application/sdp"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(answer.read().decode())


_MAX_S = 15.0


async def watch(url: str, frames: int) -> dict[str, Any]:
    """Frames decoded, and their size."""
    peer = webrtc.RTCPeerConnection()
    gathered = asyncio.Event()
    peer.on("icecandidate", lambda event: gathered.set() if event.candidate is None else None)
    for kind in ("video", "audio"):
        peer.add_transceiver(kind, webrtc.RTCRtpTransceiverInit(direction="recvonly"))
    await peer.set_local_description(await peer.create_offer())
    async with asyncio.timeout(5):
        await gathered.wait()
    offer = peer.local_description
    assert offer is not None
    answer = await asyncio.to_thread(_post, url, offer.sdp)
    await peer.set_remote_description(webrtc.RTCSessionDescription("answer", answer))
    found: dict[str, Any] = {}
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_MAX_S):
            while found.get("frames", 0) < frames:
                await asyncio.sleep(0.2)
                found = await _received(peer)
    peer.close()
    return found


async def _received(peer: Any) -> dict[str, Any]:
    row: Any  # each kind of report has attributes of its own, which wrtc does not type
    for row in (await peer.get_stats()).values():
        if row.type == "inbound-rtp" and row.kind == "video":
            return {
                "frames": row.frames_decoded,
                "size": [row.frame_width, row.frame_height],
                "dropped": row.frames_dropped,
            }
    return {}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(watch(sys.argv[1], int(sys.argv[2])))))
