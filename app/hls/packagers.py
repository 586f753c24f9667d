"""The packagers of this node: one for each rendition that players ask for, within limits."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator

from app.delivery.rendition_choice import USUAL, Coding, PlayRequest, choose
from app.errors import (
    BadOffer,
    Full,
    RedisAway,
    RenditionNotFound,
    StreamNotFound,
    TooMany,
)
from app.hls.packager import Packager
from app.streams.ingest_state import State
from app.streams.readers import RenditionReaders
from app.streams.stream_directory import StreamDirectory
from app.task_set import TaskSet
from media.cmaf.tracks import is_packable
from media.codec_table import BY_NAME, ENCODED, title_of
from wire import keys
from wire.rendition_record import RenditionRecord
from wire.stream_record import StreamRecord, parse_layers

MAX_PACKAGERS = 32
"""Packagers of one node: each keeps up to 48 MiB, and takes 2 % of a core."""

MAX_WAITING = 4_000
"""Requests that wait for what is still to come: two each of 2,000 players."""

MAX_WAITING_PER_ADDRESS = 800
"""Such requests of one address, so that it does not keep all others out; 200 people have 400."""

_RETURN_CHECK_S = 0.5
_RETURN_S = 4.0
"""A stream is looked for so long behind the end of its reader, before its playlist ends."""

PACKABLE = frozenset(each.name for each in BY_NAME.values() if is_packable(each.codec))
"""Names of the codecs that have a place in CMAF."""


def codecs_for(record: StreamRecord, rendition: str, output: str) -> frozenset[str]:
    """Returns the codecs in which players take a rendition.

    An enhanced one is taken in the codec that it is encoded in, so that it does not change where
    its lead copies the source for a while.
    """
    if rendition == keys.SOURCE or keys.is_layer(rendition):
        return PACKABLE
    usual = output or USUAL
    return frozenset({usual}) if usual in PACKABLE else frozenset({ENCODED[0].name})


def log_of(record: StreamRecord, rendition: str, enhanced: RenditionRecord | None) -> str:
    """Returns the log whose units a rendition is packaged of. Raises RenditionNotFound."""
    output = (enhanced.output or enhanced.codec) if enhanced is not None else ""
    codecs = codecs_for(record, rendition, output)
    request = PlayRequest(rendition, False, codecs, codecs)
    try:
        return choose(request, Coding(source=record.codec, output=output))
    except BadOffer as error:
        raise RenditionNotFound(
            f"{record.id} is sent as {title_of(record.codec)}, which HLS cannot carry: take an "
            "enhanced rendition, or watch by WHEP."
        ) from error


class Packagers:
    """Begins packagers with the first request, and ends them some seconds behind the last one."""

    def __init__(self, directory: StreamDirectory, readers: RenditionReaders) -> None:
        self._directory = directory
        self._readers = readers
        self._tasks = TaskSet()
        self._packagers: dict[tuple[str, str], Packager] = {}
        self._waiting: Counter[str] = Counter()
        self.refused: dict[str, int] = {
            "hls_packagers": 0,
            "hls_waiting": 0,
            "hls_waiting_address": 0,
        }
        """Requests not served, by the limit that was met; for /metrics."""
        self._closing = False

    def all(self) -> list[Packager]:
        """Returns all packagers."""
        return list(self._packagers.values())

    def find(self, stream: str, rendition: str) -> Packager | None:
        """Returns the packager of a rendition that is at work, None without one."""
        return self._packagers.get((stream, rendition))

    async def get(self, stream: str, rendition: str) -> Packager:
        """Returns the packager of a rendition, which begins where there is none.

        Raises StreamNotFound, RenditionNotFound, Full, RedisAway.
        """
        found = self.find(stream, rendition)
        if found is not None and (found.is_reading or found.window.is_playable):
            found.ask()
            if found.is_reading or not found.window.is_over:
                return found
        record = await self.live(stream)
        log_name = await self._log(record, rendition)
        # Another request may have begun it meanwhile.
        found = self.find(stream, rendition) or self._make(stream, rendition)
        found.ask()
        if not found.is_reading:
            found.read(self._readers.get(record, log_name))
        return found

    async def live(self, stream: str) -> StreamRecord:
        """Returns the record of a stream. Raises StreamNotFound, RedisAway."""
        record = await self._directory.record(stream)
        if record is None:
            raise StreamNotFound(f"Nobody publishes {stream} at the moment.")
        return record

    @contextlib.asynccontextmanager
    async def waiting(self, address: str) -> AsyncIterator[None]:
        """Counts a request that waits, until the block ends. Raises Full or TooMany."""
        if self._waiting[address] >= MAX_WAITING_PER_ADDRESS:
            self.refused["hls_waiting_address"] += 1
            raise TooMany("Too many requests of this address wait for segments.", retry_after_s=1)
        if self._waiting.total() >= MAX_WAITING:
            self.refused["hls_waiting"] += 1
            raise Full("Too many requests wait for segments.")
        self._waiting[address] += 1
        try:
            yield
        finally:
            self._waiting[address] -= 1
            if not self._waiting[address]:
                del self._waiting[address]

    async def close(self) -> None:
        """Ends all packagers."""
        self._closing = True
        await self._tasks.cancel()
        for packager in self.all():
            packager.stop()
        self._packagers.clear()

    def _make(self, stream: str, rendition: str) -> Packager:
        if len(self._packagers) >= MAX_PACKAGERS:
            self.refused["hls_packagers"] += 1
            raise Full("The server packages as many renditions for HLS as it may.")
        made = Packager(stream, rendition, on_end=self._ended)
        self._packagers[stream, rendition] = made
        return made

    async def _log(self, record: StreamRecord, rendition: str) -> str:
        layers = [layer.rendition for layer in parse_layers(record.layers)]
        if rendition in (keys.SOURCE, *layers):
            if not record.codec:
                raise StreamNotFound(record.reason or f"{record.id} has no picture yet.")
            return log_of(record, rendition, None)
        known = await self._directory.renditions(record)
        if rendition not in known and rendition != keys.ENHANCED:
            raise RenditionNotFound.among(record.id, rendition, [*layers, *known])
        return log_of(record, rendition, known.get(rendition))

    def _ended(self, packager: Packager) -> None:
        """Called when a packager's reader has ended, or nobody asked for long."""
        if self._closing or not packager.is_needed:
            self._packagers.pop((packager.stream, packager.rendition), None)
            return
        name = f"hls-return {packager.stream} {packager.rendition}"
        self._tasks.spawn(self._follow(packager), name)

    async def _follow(self, packager: Packager) -> None:
        """Goes on with the stream's next publisher; ends the playlist where none comes."""
        waited = 0.0
        while waited < _RETURN_S:
            await asyncio.sleep(_RETURN_CHECK_S)
            waited += _RETURN_CHECK_S
            if packager.is_reading:
                return
            with contextlib.suppress(StreamNotFound, RenditionNotFound, RedisAway):
                record = await self.live(packager.stream)
                if record.state == State.LIVE.value and record.epoch != packager.epoch:
                    log_name = await self._log(record, packager.rendition)
                    if not packager.is_reading:
                        packager.read(self._readers.get(record, log_name))
                    return
        packager.finish()
        # Players learn of the end, then nothing is kept.
        await packager.wait_until_idle()
        if not packager.is_reading:
            self._packagers.pop((packager.stream, packager.rendition), None)
