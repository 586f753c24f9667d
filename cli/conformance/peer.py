"""A real publisher and a real player for rules that need media, on aiortc.

An engine other than the server's own may be behind the address, so nothing is taken from it but
the answer.
"""

from __future__ import annotations

import asyncio
import fractions
import time
from collections.abc import Awaitable, Callable
from typing import Any

import av
import numpy as np
from aiortc import (
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
    VideoStreamTrack,
)
from aiortc.exceptions import InvalidAccessError, InvalidStateError, OperationError
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError

from cli.conformance.verdict import Unmet

CONNECT_S = 15.0
"""Time limit of ICE and DTLS in seconds."""

_WIDTH, _HEIGHT, _FPS = 160, 120, 10
"""A small and slow picture: its coding must not load the machine that is tested."""

_CLOCK_HZ = 90_000

UNUSABLE = (
    InvalidAccessError,
    InvalidStateError,
    OperationError,
    # What aiortc's reader of SDP raises besides.
    AssertionError,
    AttributeError,
    LookupError,
    ValueError,
)
"""Errors that a bad answer leads to."""

PostOffer = Callable[[str], Awaitable[str]]
"""Posts an SDP offer and returns the answer."""


class PatternTrack(VideoStreamTrack):
    """A bar that moves."""

    def __init__(self) -> None:
        super().__init__()
        self._count = 0
        self._begun = time.monotonic()

    async def recv(self) -> av.VideoFrame:
        """Returns the next picture at its time."""
        wait = self._begun + self._count / _FPS - time.monotonic()
        await asyncio.sleep(max(0.0, wait))
        picture = np.full((_HEIGHT, _WIDTH, 3), 64, np.uint8)
        left = self._count * 4 % (_WIDTH - 16)
        picture[:, left : left + 16] = 220
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts = self._count * _CLOCK_HZ // _FPS
        frame.time_base = fractions.Fraction(1, _CLOCK_HZ)
        self._count += 1
        return frame


class LivePeer:
    """A connection to a server; ``close`` ends it without a word to the HTTP side."""

    def __init__(self) -> None:
        # No STUN server by default: aiortc's own default is a public one.
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._readers: list[asyncio.Task[None]] = []
        self.pictures = 0
        "Pictures that were received and decoded."

    @property
    def state(self) -> str:
        """The state of the connection, as in W3C's API."""
        return str(self._connection.connectionState)

    async def publish(self, post: PostOffer) -> None:
        """Connects as a publisher. Raises Unmet."""
        self._connection.addTrack(AudioStreamTrack())
        self._connection.addTrack(PatternTrack())
        for transceiver in self._connection.getTransceivers():
            transceiver.direction = "sendonly"
        await self._connect(post)

    async def play(self, post: PostOffer) -> None:
        """Connects as a player, and decodes what comes. Raises Unmet."""
        self._connection.on("track", self._read)
        for kind in ("audio", "video"):
            self._connection.addTransceiver(kind, direction="recvonly")
        await self._connect(post)

    async def _connect(self, post: PostOffer) -> None:
        await self._connection.setLocalDescription(await self._connection.createOffer())
        answer = await post(self._connection.localDescription.sdp)
        try:
            await self._connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        except UNUSABLE as error:
            reason = str(error) or type(error).__name__
            raise Unmet(f"the answer cannot be used: {reason}") from error
        if not await self.reaches("connected", within_s=CONNECT_S):
            raise Unmet(f"not connected after {CONNECT_S:.0f} s: {self.state}")

    async def reaches(self, *states: str, within_s: float) -> bool:
        """Waits for one of the states; False if none comes in time."""
        end = time.monotonic() + within_s
        while self.state not in states:
            if time.monotonic() > end:
                return False
            await asyncio.sleep(0.05)
        return True

    async def sees(self, pictures: int, *, within_s: float) -> bool:
        """Waits for this many pictures; False if they do not come in time."""
        end = time.monotonic() + within_s
        while self.pictures < pictures:
            if time.monotonic() > end:
                return False
            await asyncio.sleep(0.05)
        return True

    def _read(self, track: Any) -> None:
        loop = asyncio.get_running_loop()
        self._readers.append(loop.create_task(self._count(track), name=f"read-{track.kind}"))

    async def _count(self, track: Any) -> None:
        try:
            while True:
                await track.recv()
                self.pictures += track.kind == "video"
        except MediaStreamError:
            return

    async def vanish(self) -> None:
        """Takes the peer off the net without a word, as a machine that loses its power."""
        for transceiver in self._connection.getTransceivers():
            # aiortc has no way to be impolite; the sockets are aioice's.
            ice: Any = transceiver.sender.transport.transport
            await ice._connection.close()

    async def close(self) -> None:
        """Ends the connection."""
        await self._connection.close()
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)
