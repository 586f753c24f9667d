"""Asks the publisher for a key frame, at most twice a second, while somebody wants one."""

from __future__ import annotations

import asyncio

from wire import control, keys
from wire.connection import REDIS_DOWN, Redis

PERIOD_S = 0.5


class KeyFrameRequester:
    """``want`` as often as you like, from the loop; ``run`` sends."""

    def __init__(self, client: Redis, stream: str) -> None:
        self._mailbox = control.to_publisher(client, stream)
        self._why = ""
        self._wanted = asyncio.Event()

    def want(self, why: str) -> None:
        """A key frame of the source is needed."""
        self._why = why
        self._wanted.set()

    def met(self) -> None:
        """A key frame came; what was not sent yet need not be."""
        self._wanted.clear()

    async def run(self) -> None:
        """Sends wishes until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            request = control.KeyFrameRequest(rendition=keys.SOURCE, reason=self._why)
            try:
                await self._mailbox.send(request)
            except REDIS_DOWN:
                self._wanted.set()
            await asyncio.sleep(PERIOD_S)
