"""A publisher that changes size or codec at will: aiortc's own encoders over WHIP."""

from __future__ import annotations

import asyncio
import fractions
import time
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack
from av import VideoFrame

from cli.publisher.stamp import burn


class Picture(MediaStreamTrack):
    """Moving noise with a frame number; ``size`` may change between frames."""

    kind = "video"

    def __init__(self, size: tuple[int, int], fps: int) -> None:
        super().__init__()
        self.size = size
        self.number = 0
        self._fps = fps
        self._began = time.monotonic()
        self._noise = np.random.default_rng(1).integers(40, 215, (90, 160), dtype=np.uint8)

    async def recv(self) -> VideoFrame:
        """The next frame when its time has come."""
        await asyncio.sleep(max(0.0, self._began + self.number / self._fps - time.monotonic()))
        width, height = self.size
        texture = np.kron(self._noise, np.ones((8, 8), np.uint8))
        luma = np.ascontiguousarray(np.roll(texture, self.number * 2, 1)[:height, :width])
        burn(luma, self.number)
        chroma = np.full((height // 2, width), 128, np.uint8)
        frame = VideoFrame.from_ndarray(np.vstack([luma, chroma]), format="yuv420p")
        frame.pts = self.number * 90000 // self._fps
        frame.time_base = fractions.Fraction(1, 90000)
        self.number += 1
        return frame


async def publish(
    url: str, *, mime: str, size: tuple[int, int], fps: int, work: Callable[[Picture], Any]
) -> None:
    """Publishes while ``await work(track)`` runs."""
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    track = Picture(size, fps)
    peer.addTrack(track)
    codecs = [c for c in RTCRtpSender.getCapabilities("video").codecs if c.mimeType == mime]
    peer.getTransceivers()[0].setCodecPreferences(codecs)
    peer.getTransceivers()[0].direction = "sendonly"
    await peer.setLocalDescription(await peer.createOffer())
    async with httpx.AsyncClient() as http:
        answer = await http.post(
            url,
            content=peer.localDescription.sdp,
            headers={"Content-Type": "application/sdp"},
        )
        answer.raise_for_status()
        await peer.setRemoteDescription(RTCSessionDescription(answer.text, "answer"))
        try:
            await work(track)
        finally:
            await http.delete(answer.headers["Location"])
            await peer.close()
