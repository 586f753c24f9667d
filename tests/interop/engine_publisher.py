"""A publisher on libwebrtc: ``python -m tests.interop.engine_publisher URL SECONDS``.

It sends a moving picture as VP8 in three simulcast layers, restarts ICE in the middle, and ends its
session. It prints what its own statistics say: bytes before and after the restart. It runs in a
process of its own.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import urllib.request
from typing import Any

import webrtc

WIDTH, HEIGHT, FPS = 320, 180, 15
FRAGMENT = "application/trickle-ice-sdpfrag"


def request(method: str, url: str, body: str = "", **headers: str) -> tuple[str, Any]:
    """The body and the headers of an answer."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    query = urllib.request.Request(url, body.encode() or None, sent, method=method)
    with urllib.request.urlopen(query, timeout=10) as answer:
        return answer.read().decode(), answer.headers


def picture(number: int) -> bytes:
    """An I420 picture with a bar that moves."""
    row = bytearray([60]) * WIDTH
    left = number * 8 % (WIDTH - 32)
    row[left : left + 32] = b"\xdc" * 32
    return bytes(row) * HEIGHT + b"\x80" * (WIDTH * HEIGHT // 2)


async def send(generator: Any, stop: asyncio.Event) -> None:
    """Writes pictures at their times until it is told to stop."""
    writer = generator.writable.get_writer()
    number = 0
    while not stop.is_set():
        init = webrtc.VideoFrameBufferInit(
            format="I420", coded_width=WIDTH, coded_height=HEIGHT, timestamp=number * 10**6 // FPS
        )
        await writer.write(webrtc.VideoFrame(picture(number), init))
        number += 1
        await asyncio.sleep(1 / FPS)


async def bytes_sent(peer: Any) -> int:
    """Bytes of media that left."""
    rows = (await peer.get_stats()).values()
    return sum(row.bytes_sent for row in rows if row.type == "outbound-rtp")


async def offered(peer: Any, *, restarts: bool = False) -> str:
    """An offer with all candidates."""
    gathered = asyncio.Event()
    peer.on("icecandidate", lambda event: gathered.set() if event.candidate is None else None)
    if restarts:
        peer.restart_ice()
    await peer.set_local_description(await peer.create_offer())
    async with asyncio.timeout(5):
        await gathered.wait()
    found: str = peer.local_description.sdp
    return found


async def restart(peer: Any, session: str, answer: str) -> str:
    """Restarts ICE by PATCH; the new entity tag."""
    sdp = await offered(peer, restarts=True)
    lines = [line for line in sdp.split("\r\n") if line.startswith(("a=ice-ufrag", "a=ice-pwd"))]
    body = "\r\n".join(dict.fromkeys(lines)) + "\r\n"
    text, headers = await asyncio.to_thread(
        request, "PATCH", session, body, Content_Type=FRAGMENT, If_Match="*"
    )
    for name in ("ufrag", "pwd"):
        value = re.findall(rf"a=ice-{name}:(\S+)", text)[0]
        answer = re.sub(rf"a=ice-{name}:\S+", f"a=ice-{name}:{value}", answer)
    await peer.set_remote_description(webrtc.RTCSessionDescription("answer", answer))
    return str(headers["etag"])


async def publish(url: str, seconds: float) -> dict[str, Any]:
    """What came of a session."""
    peer, stop = webrtc.RTCPeerConnection(), asyncio.Event()
    generator = webrtc.VideoTrackGenerator()
    layers = [
        webrtc.RTCRtpEncodingParameters(rid=rid, scale_resolution_down_by=scale)
        for rid, scale in (("h", 1.0), ("l", 2.0))
    ]
    peer.add_transceiver(
        generator.track,
        webrtc.RTCRtpTransceiverInit(direction="sendonly", send_encodings=layers),
    )
    sdp = await offered(peer)
    answer, headers = await asyncio.to_thread(
        request, "POST", url, sdp, Content_Type="application/sdp"
    )
    await peer.set_remote_description(webrtc.RTCSessionDescription("answer", answer))
    sending = asyncio.create_task(send(generator, stop), name="send")
    await asyncio.sleep(seconds / 2)
    before, tag = await bytes_sent(peer), await restart(peer, headers["location"], answer)
    await asyncio.sleep(seconds / 2)
    after, state = await bytes_sent(peer), str(peer.connection_state)
    await asyncio.to_thread(request, "DELETE", headers["location"])
    stop.set()
    await sending
    peer.close()
    return {
        "before": before,
        "after": after,
        "state": state,
        "tags": [headers["etag"], tag],
        "simulcast": re.findall(r"a=simulcast:(.*?)\r", answer),
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(publish(sys.argv[1], float(sys.argv[2])))))
