"""Moves viewers among the renditions of their stream, each as its connection allows."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from app.delivery.adaptation import Adaptation
from app.delivery.playback_session import PlaybackSession
from app.delivery.quality_levels import SMALLER, levels, smaller_spec
from app.delivery.rendition_choice import PlayRequest
from app.delivery.rtp_fanout import RtpFanout
from app.errors import BadOffer, RedisAway, RenditionNotFound, RenditionsFull
from app.rtp.viewer_bandwidth import PathSigns
from app.streams.rendition_reader import RenditionReader
from app.streams.stream_directory import StreamDirectory
from wire import keys
from wire.stream_logger import StreamLogger
from wire.stream_record import StreamRecord

log = logging.getLogger(__name__)

PERIOD_S = 0.1
"""Time between two looks at a viewer: feedback comes ten to twenty times a second."""

RECORD_AGE_S = 2.0
"""A stream's record is read anew after so long; its rate changes slowly."""


class SignsOfPath(Protocol):
    """The part of a viewer's connection that tells of its path."""

    def signs(self) -> PathSigns: ...


@dataclasses.dataclass(frozen=True, slots=True)
class AdaptedViewer:
    """One viewer that leaves the choice of the rendition to its connection."""

    stream: str
    epoch: int
    request: PlayRequest
    playback: PlaybackSession
    path: SignsOfPath
    adaptation: Adaptation = dataclasses.field(default_factory=Adaptation)


@dataclasses.dataclass(frozen=True, slots=True)
class RenditionAccess:
    """The ways by which the adapter gets at renditions."""

    log_of: Callable[[StreamRecord, PlayRequest], Awaitable[str]]
    "Returns the log to read. Raises BadOffer, RenditionNotFound, RedisAway."
    fanout: Callable[[StreamRecord, str], RtpFanout]
    kbps: Callable[[str, int], dict[str, float]]
    "Returns the measured rates of a stream's renditions, by stream and epoch."


class ViewerAdapter:
    """Decides for each viewer, and has its playback change. ``changes`` counts by direction."""

    def __init__(
        self,
        directory: StreamDirectory,
        access: RenditionAccess,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._directory = directory
        self._access = access
        self._clock = clock
        self._records: dict[str, tuple[float, StreamRecord | None]] = {}
        self.changes: collections.Counter[str] = collections.Counter()

    async def step(self, viewers: Iterable[AdaptedViewer]) -> None:
        """Looks at each viewer once."""
        for viewer in viewers:
            # Renditions of Redis that cannot be read now are read at the next step.
            try:
                await self._adapt(viewer)
            except RedisAway:
                return

    async def _adapt(self, viewer: AdaptedViewer) -> None:
        record = await self._record(viewer.stream)
        if record is None or record.epoch != viewer.epoch or not record.kbps:
            return
        spec = smaller_spec(record.kbps, record.height)
        now, shown = self._clock(), keys.rendition_of(viewer.playback.rendition)[0]
        wanted = viewer.adaptation.decide(
            levels(
                record.kbps,
                self._access.kbps(record.id, record.epoch),
                has_source=record.codec in viewer.request.codecs,
                has_smaller=spec is not None or shown == SMALLER,
            ),
            shown,
            viewer.path.signs(),
            now=now,
        )
        awaited = keys.rendition_of(viewer.playback.awaits)[0]
        if wanted == shown:
            viewer.playback.stay()
        elif wanted != awaited:
            await self._change(viewer, record, wanted)

    async def _change(self, viewer: AdaptedViewer, record: StreamRecord, wanted: str) -> None:
        try:
            request = dataclasses.replace(viewer.request, rendition=wanted)
            log_name = await self._access.log_of(record, request)
        except (BadOffer, RenditionNotFound, RenditionsFull):
            return  # it stays, and the adaptation gives up by itself
        viewer.playback.change(self._access.fanout(record, log_name))
        StreamLogger(log, stream=viewer.stream).info(
            "a viewer is to see %s, since %s",
            wanted,
            viewer.adaptation.reason,
            extra={"action": "adapt"},
        )
        order = (SMALLER, keys.SOURCE, keys.ENHANCED)
        shown = keys.rendition_of(viewer.playback.rendition)[0]
        is_up = wanted in order and shown in order and order.index(wanted) > order.index(shown)
        self.changes["up" if is_up else "down"] += 1

    async def _prepare(self, record: StreamRecord) -> None:
        """Adds the smaller rendition before it is wanted: a worker that has the job begins in a
        fraction of the time, and makes nothing until somebody watches.
        """
        spec = smaller_spec(record.kbps, record.height)
        if spec is not None:
            with contextlib.suppress(RenditionsFull):
                await self._directory.need_rendition(record, SMALLER, spec)

    async def _record(self, stream: str) -> StreamRecord | None:
        at, record = self._records.get(stream, (float("-inf"), None))
        now = self._clock()
        if now - at > RECORD_AGE_S:
            record = await self._directory.record(stream)
            if record is not None:
                await self._prepare(record)
            # Streams that ended long ago go, so that the table does not keep all that ever were.
            self._records = {
                name: entry for name, entry in self._records.items() if now - entry[0] < 60.0
            }
            self._records[stream] = (now, record)
        return record


def measured_kbps(readers: Iterable[RenditionReader], stream: str, epoch: int) -> dict[str, float]:
    """Returns the rates in kbit/s of the renditions of a stream that are read, by name."""
    now = time.monotonic()
    return {
        keys.rendition_of(reader.rendition)[0]: reader.meter.kbps(now=now)
        for reader in readers
        if (reader.stream, reader.session) == (stream, epoch)
    }
