"""The simulcast layers of one stream, and the writer of those logs that somebody reads."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from app.streams.layer_feed import LayerFeed
from app.streams.layer_limit import LayerLimit
from media.access_unit import AccessUnit, Checkpoint
from wire import keys
from wire.batch import Batch
from wire.clock import now_us
from wire.connection import REDIS_DOWN, RETRY_S, Redis
from wire.errors import Fenced, LogFull, StreamGone
from wire.heartbeat import Heartbeats
from wire.log import LogWriter
from wire.stream_record import encode_layers

MAX_FEEDS = 8
"""Layers of one stream: an offer has six at most, and a publisher that returns may name others."""


class LayerFeeds:
    """All layers of a stream, by rendition. ``write`` is a task of the ingest session."""

    def __init__(self, client: Redis, stream: str, epoch: int) -> None:
        self._client = client
        self._stream = stream
        self._epoch = epoch
        self._feeds: dict[str, LayerFeed] = {}
        self._writers: dict[str, LogWriter] = {}
        self._wake = asyncio.Event()
        self._ask: Callable[[str], None] = lambda _: None
        self._limit = LayerLimit()
        self.source: AccessUnit | None = None
        "The source's last picture, on whose time line the layers stand."

    def connect(self, ask: Callable[[str], None]) -> None:
        """Goes on with another connection; ``ask`` asks it for a key frame of a layer."""
        self._ask = ask
        for name, feed in self._feeds.items():
            feed.replace_connection(lambda name=name: self._ask(name))  # type: ignore[misc]

    def take(self, rendition: str, unit: AccessUnit) -> None:
        """Takes a picture of a layer; what is beyond ``MAX_FEEDS`` is no rendition."""
        feed = self._feeds.get(rendition)
        if feed is None:
            if len(self._feeds) >= MAX_FEEDS:
                return
            feed = LayerFeed(rendition, self._epoch, lambda: self._ask(rendition))
            self._feeds[rendition] = feed
        if feed.take(unit, self.source, now=time.monotonic()):
            self._wake.set()

    def get(self, rendition: str) -> LayerFeed | None:
        """Returns a layer that the publisher sends or sent."""
        return self._feeds.get(rendition)

    def watch(self, rendition: str) -> None:
        """Notes that somebody reads the log of a layer."""
        feed = self._feeds.get(rendition)
        if feed is not None:
            feed.watch(now=time.monotonic())
            self._wake.set()

    def is_wanted(self, rendition: str) -> bool:
        """True while anybody gets the layer."""
        feed = self._feeds.get(rendition)
        return feed is not None and feed.is_wanted(now=time.monotonic())

    def listed(self) -> str:
        """Returns the layers that flow as the stream's record has them, the largest first."""
        now = time.monotonic()
        found = [each for feed in self._feeds.values() if (each := feed.listed(now=now))]
        return encode_layers(sorted(found, key=lambda each: -each.width * each.height))

    @property
    def max_pixels(self) -> int | None:
        """Size of pictures that workers enhance: a larger layer is not to be the source."""
        return self._limit.pixels

    async def judge(self, lead: str) -> None:
        """Limits the source to what ``lead``, the worker with the default rendition, enhances.

        Raises one of REDIS_DOWN.
        """
        now, source = time.monotonic(), self.source
        flowing = sum(feed.listed(now=now) is not None for feed in self._feeds.values())
        if flowing < 2 or source is None:
            return
        beats = await Heartbeats(self._client).find([lead], "") if lead else []
        found = (each for beat in beats for each in beat.streams if each.stream == self._stream)
        work = next((each for each in found if each.rendition == keys.ENHANCED), None)
        self._limit.judge(work, source.width * source.height, now=now)

    @property
    def dropped(self) -> int:
        """Units that did not reach the log of a layer while somebody read it."""
        return sum(sum(feed.dropped.values()) for feed in self._feeds.values())

    async def write(self) -> None:
        """Writes the logs that are read, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            for rendition, feed in tuple(self._feeds.items()):
                if feed.is_watched(now=time.monotonic()):
                    await self._write(self._writer(rendition), feed)

    def _writer(self, rendition: str) -> LogWriter:
        if rendition not in self._writers:
            self._writers[rendition] = LogWriter(
                self._client, stream=self._stream, rendition=rendition, epoch=self._epoch
            )
        return self._writers[rendition]

    async def _write(self, writer: LogWriter, feed: LayerFeed) -> None:
        while units := feed.pop():
            at = now_us()
            batch = Batch(self._epoch, tuple(u.stamped(Checkpoint.LOGGED, at) for u in units))
            try:
                await writer.append(batch, now_ms=at // 1000)
            except (StreamGone, Fenced):
                return  # the session mends the record, or ends
            except LogFull:
                feed.lose("log_full")
            except REDIS_DOWN:
                feed.put_back(units)
                self._wake.set()
                await asyncio.sleep(RETRY_S)
                return
