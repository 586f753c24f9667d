"""Requests of key frames to the publisher, at most two a second, while somebody wants one."""

from __future__ import annotations

import asyncio

from wire.connection import REDIS_DOWN
from wire.site import SiteStream

PERIOD_S = 0.5
"""Seconds between two requests: a key frame is on its way for a round trip, and one more would cost
the publisher's uplink as much as several pictures."""


class KeyFrameRequester:
    """Collects requests (``want``, from the loop, as often as need be) and sends them (``run``)."""

    def __init__(self, stream: SiteStream) -> None:
        self._stream = stream
        self._why = ""
        self._wanted = asyncio.Event()

    def want(self, why: str) -> None:
        """Notes that a key frame of the source is needed."""
        self._why = why
        self._wanted.set()

    def met(self) -> None:
        """Notes that a key frame came; what was not sent yet need not be."""
        self._wanted.clear()

    async def run(self) -> None:
        """Sends requests until cancelled."""
        while True:
            await self._wanted.wait()
            # Cleared before sending: what is wanted while the message is on its way may be about a
            # later loss, which the key frame that answers this message would not mend.
            self._wanted.clear()
            try:
                await self._stream.ask_key_frame(self._why)
            except REDIS_DOWN:
                # Asked again after the pause, unless a key frame comes by itself meanwhile.
                self._wanted.set()
            await asyncio.sleep(PERIOD_S)
