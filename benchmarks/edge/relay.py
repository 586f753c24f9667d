"""A plain relay on aiortc: ``python -m benchmarks.edge.relay PORT``.

As in aiortc's examples (a peer per client, ``MediaRelay`` in between) but for one thing: coded
frames pass it as they are, or it would decode and encode for every viewer.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
from fractions import Fraction
from typing import Any

import aiortc.rtcrtpreceiver
from aiortc import RTCSessionDescription
from aiortc.contrib.media import MediaRelay
from av.packet import Packet

from benchmarks import whep


class PassThrough:
    """Takes the place of a decoder."""

    def __init__(self, clock_rate: int) -> None:
        self._clock_rate = clock_rate

    def decode(self, frame: Any) -> list[Any]:
        """Returns the coded frame as it is."""
        packet: Packet[Any] = Packet(frame.data)
        packet.pts, packet.time_base = frame.timestamp, Fraction(1, self._clock_rate)
        return [packet]


class Relay:
    """One publisher and its viewers."""

    def __init__(self) -> None:
        self._relay = MediaRelay()
        self._tracks: dict[str, Any] = {}
        self._receiver: Any = None
        self._peers: set[Any] = set()

    async def answer(self, path: str, sdp: str) -> str:
        """Answers an offer for ``/whip`` or ``/whep``."""
        peer = whep.new_peer()
        self._peers.add(peer)

        @peer.on("connectionstatechange")
        async def changed() -> None:
            if peer.connectionState in ("failed", "closed"):
                self._peers.discard(peer)
                await peer.close()

        if path.startswith("/whip"):
            peer.on("track", lambda track: self._tracks.__setitem__(track.kind, track))
        await peer.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        for transceiver in peer.getTransceivers():
            if path.startswith("/whip"):
                if transceiver.kind == "video":
                    self._receiver = transceiver.receiver
                continue
            transceiver.sender.replaceTrack(self._relay.subscribe(self._tracks[transceiver.kind]))
            transceiver.direction = "sendonly"
            if transceiver.kind == "video":
                sender: Any = transceiver.sender
                sender._send_keyframe = self._ask_publisher
        await peer.setLocalDescription(await peer.createAnswer())
        return peer.localDescription.sdp

    def _ask_publisher(self) -> None:
        for ssrc in self._receiver._RTCRtpReceiver__remote_streams:
            asyncio.get_running_loop().create_task(
                self._receiver._send_rtcp_pli(ssrc), name="relay-pli"
            )

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers one request of HTTP."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, path, _ = head.split(" ", 2)
        length = next(
            (int(line.partition(":")[2]) for line in head.lower().split("\r\n")
             if line.startswith("content-length:")), 0,
        )  # fmt: skip
        body = (await reader.readexactly(length)).decode()
        answer = await self.answer(path, body) if method == "POST" else ""
        code = "201 Created" if answer else "200 OK"
        port = writer.get_extra_info("sockname")[1]
        writer.write(
            f"HTTP/1.1 {code}\r\nLocation: http://127.0.0.1:{port}/{secrets.token_hex(8)}\r\n"
            f"Content-Type: application/sdp\r\nConnection: close\r\n"
            f"Content-Length: {len(answer)}\r\n\r\n{answer}".encode()
        )
        await writer.drain()
        writer.close()


async def _main(port: int) -> None:
    receiving: Any = aiortc.rtcrtpreceiver
    receiving.get_decoder = lambda codec: PassThrough(codec.clockRate)
    relay = Relay()
    server = await asyncio.start_server(relay.serve, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1])))
