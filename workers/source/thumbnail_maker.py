"""A small picture of a stream every few seconds, of what is decoded anyway."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from wire import clock
from wire.connection import REDIS_DOWN
from wire.site import SiteStream
from wire.stream_logger import StreamLogger
from wire.thumbnail import MAX_BYTES, Thumbnail
from workers.media.jpeg import encode_small
from workers.media.picture import Picture
from workers.runtime.loop_callback import on_loop

log = logging.getLogger(__name__)

PERIOD_S = 5.0
"""Time between two pictures: 1.4 ms of a core each, on a thread of their own."""


class DecodedSource(Protocol):
    """The decoder of a stream, and whose stream it is."""

    @property
    def epoch(self) -> int:
        """The publisher's epoch of what is decoded."""

    def show_next(self, taker: Callable[[Picture], None]) -> None:
        """Hands the next decoded picture to ``taker``, on the decoder's thread."""


class ThumbnailMaker:
    """Leaves a picture with the site every ``period_s`` while pictures are decoded."""

    def __init__(
        self, site: SiteStream, source: DecodedSource, stream: str, *, period_s: float = PERIOD_S
    ) -> None:
        self._site = site
        self._source = source
        self._period_s = period_s
        self._log = StreamLogger(log, stream=stream, session="")

    async def run(self) -> None:
        """Works until cancelled. Asks for no picture: it waits for one that others need."""
        came: asyncio.Queue[Picture] = asyncio.Queue(1)
        while True:
            # One picture for each call, so the queue never holds a second.
            self._source.show_next(on_loop(came.put_nowait))
            picture = await came.get()
            await self._show(self._source.epoch, picture)
            del picture
            await asyncio.sleep(self._period_s)

    async def _show(self, epoch: int, picture: Picture) -> None:
        try:
            jpeg = await asyncio.to_thread(encode_small, picture)
        except (OSError, ValueError) as error:
            # FFmpeg's errors are both. A picture that cannot be made small is no reason to end.
            self._log.info("no thumbnail: %s", error, extra={"action": "thumbnail_failed"})
            return
        if len(jpeg) > MAX_BYTES:
            return
        try:
            await self._site.show(epoch, Thumbnail(clock.now_us(), jpeg))
        except REDIS_DOWN:
            return
