"""One stream as app, publisher and viewer make it: its record, its source log at the pace of a
camera, the word that it is watched, and the enhanced log read.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from benchmarks.capacity.figures import FrameTimes
from benchmarks.capacity.material import FPS, HEIGHT, WIDTH, CodedFrame
from media.access_unit import AccessUnit, Checkpoint, Flags, Kind
from media.codec import Codec
from wire import clock, control, keys
from wire.batch import Batch
from wire.clock_offset import ClockOffset
from wire.connection import Redis
from wire.jobs import JobQueue
from wire.log import LogReader, LogWriter
from wire.rendition_record import WATCH_RENEW_S, RenditionRegistry, RenditionSpec
from wire.stream_record import StreamRegistry

__all__ = ["Feed"]

_CLOCK_RATE = 90_000
# A time stamp tells the frame again at the other end: frames have no other number there.
_TICKS = _CLOCK_RATE // FPS
_FIRST_PTS = 1_000_000
_READ_EVERY_S = 0.2
"""Seconds between reads of the enhanced log: entries carry the server's time, so nothing is lost by
reading many at once."""


class Feed:
    """``begin``, then ``play`` beside ``stay`` and ``collect``, then ``end``; each once."""

    def __init__(
        self, client: Redis, stream: str, frames: Sequence[CodedFrame], age: ClockOffset
    ) -> None:
        """``age`` knows the server's clock, on which all times are."""
        self.stream = stream
        self.late_ms: list[float] = []
        "Delay of each frame behind its time of appending: the feeder's own fault."
        self.read = 0
        "Units found in the enhanced log."
        self._client = client
        self._frames = frames
        self._registry = StreamRegistry(client)
        self._renditions = RenditionRegistry(client)
        self._jobs = JobQueue(client)
        self._age = age
        self._epoch = 0
        self._job = ""
        self._arrived_ms: list[float] = []
        self._came_out_ms: dict[int, float] = {}

    @property
    def sent(self) -> int:
        """Frames in the source log."""
        return len(self._arrived_ms)

    async def begin(self) -> None:
        """Returns once a worker leads the stream; its first frame is then not replayed."""
        self._epoch = await self._registry.create(
            self.stream, codec="h264", width=WIDTH, height=HEIGHT, fps=float(FPS)
        )
        name = (self.stream, keys.ENHANCED)
        await self._renditions.ensure(*name, self._epoch, RenditionSpec())
        await self._renditions.renew_watch(*name, self._epoch)
        self._job = await self._jobs.enqueue(*name, self._epoch)
        while not (await self._renditions.get(*name)).lead:  # noqa: ASYNC110 - a record, no event
            await asyncio.sleep(0.02)

    async def play(self, begin_at: float, frames: int) -> None:
        """Sends the first so many frames from ``begin_at`` (monotonic) on."""
        writer = LogWriter(
            self._client,
            stream=self.stream,
            rendition=keys.SOURCE,
            epoch=self._epoch,
        )
        for index, frame in enumerate(self._frames[:frames]):
            due = begin_at + index / FPS
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            now_us = clock.now_us()
            self._arrived_ms.append(self._age.redis_us(now_us=now_us) // 1000)
            batch = Batch(epoch=self._epoch, units=(_unit(frame, index, now_us),))
            await writer.append(batch, now_ms=now_us // 1000)
            self.late_ms.append(1000.0 * (time.monotonic() - due))

    async def stay(self) -> None:
        """Keeps the record alive and says that the stream is watched, until cancelled."""
        while True:
            await self._registry.touch(self.stream, self._epoch, renditions=[keys.ENHANCED])
            if await self._renditions.renew_watch(self.stream, keys.ENHANCED, self._epoch):
                await control.to_lead(self._client, self.stream).send(control.RecordChanged())
            await asyncio.sleep(WATCH_RENEW_S)

    async def collect(self) -> None:
        """Reads the enhanced log until cancelled."""
        reader = LogReader(self._client, stream=self.stream, rendition=keys.ENHANCED)
        while True:
            for entry in await reader.read(block_ms=1000):
                for unit in entry.batch.units:
                    self.read += 1
                    index = (unit.pts - _FIRST_PTS) // _TICKS
                    self._came_out_ms[index] = float(entry.id.partition("-")[0])
            await asyncio.sleep(_READ_EVERY_S)

    async def end(self) -> None:
        """The publisher leaves."""
        await self._jobs.finish(self._job)
        await self._registry.end(self.stream, self._epoch, (keys.ENHANCED,))

    def times(self) -> list[FrameTimes]:
        """Returns the times of all frames sent so far."""
        return [
            FrameTimes(arrived, self._came_out_ms.get(index))
            for index, arrived in enumerate(self._arrived_ms)
        ]


def _unit(frame: CodedFrame, index: int, now_us: int) -> AccessUnit:
    return AccessUnit(
        kind=Kind.VIDEO,
        codec=Codec.H264,
        flags=Flags.KEY if frame.is_key else Flags.NONE,
        sequence=index,
        pts=_FIRST_PTS + index * _TICKS,
        clock_rate=_CLOCK_RATE,
        capture_us=now_us,
        arrival_us=now_us,
        payload=frame.payload,
        width=WIDTH,
        height=HEIGHT,
        stamps=((Checkpoint.ARRIVED, now_us), (Checkpoint.LOGGED, now_us)),
    )
