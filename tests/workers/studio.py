"""A publisher and a viewer on a real Redis, and a worker between them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterable
from typing import Any

from media.access_unit import AccessUnit, Kind
from media.codec import Codec
from wire import clock, control, keys
from wire.batch import Batch
from wire.bitrates import BitrateTable
from wire.connection import REDIS_DOWN, Redis
from wire.errors import StreamGone
from wire.heartbeat import ModelInfo
from wire.jobs import JobQueue
from wire.log import LogReader, LogWriter
from wire.rendition_record import WATCH_RENEW_S, RenditionRecord, RenditionRegistry, RenditionSpec
from wire.site import RedisSite
from wire.stream_record import StreamRegistry
from workers.encode.step import OutputConfig
from workers.process.worker import Worker
from workers.scheduling.capacity import Capacity
from workers.session.config import SessionConfig
from workers.upscale.model_cache import ModelCache

from .clips import as_arrived

MODEL = "tiny"
TINY = ModelInfo(
    name=MODEL,
    title="Tiny",
    scale=2,
    macs_per_pixel=10,
    parameters=10,
    licence="none",
    precisions=["fp32"],
)
BITRATES = BitrateTable.parse(("640x360=1200", "960x540=2500", "1280x720=4000"))


def lead_config(
    name: str,
    *,
    codec: Codec = Codec.H264,
    ms_per_frame: float = 1.0,
    streams: float = 8.0,
    enhance_unwatched: bool = False,
) -> SessionConfig:
    """A worker's configuration that claims to have measured the given numbers."""
    return SessionConfig(
        worker=name,
        model=MODEL,
        output=OutputConfig(codec=codec, preset="ultrafast", bitrates=BITRATES),
        capacity=Capacity(
            streams=streams,
            ms_per_frame=ms_per_frame,
            macs={MODEL: 10, "other": 10},
            model=MODEL,
            scales={MODEL: 2, "other": 2, "tiny3": 3},
        ),
        enhance_unwatched=enhance_unwatched,
    )


@contextlib.asynccontextmanager
async def working(client: Redis, nets: ModelCache, config: SessionConfig) -> AsyncIterator[Worker]:
    """A worker that runs until the end of the block."""
    site = RedisSite(client, config.worker)
    worker = Worker(site, nets, config, engines=[nets.engine.info.name], zoo=[TINY])
    task = asyncio.create_task(worker.run(), name="worker under test")
    try:
        yield worker
    finally:
        worker.stop()
        await asyncio.wait_for(task, 4)


class Publisher:
    """Holds a stream's record and writes its source log, as the app does."""

    def __init__(self, client: Redis, stream: str = "cam1") -> None:
        self._client = client
        self.stream = stream
        self.registry = StreamRegistry(client)
        self.renditions = RenditionRegistry(client)
        self.epoch = 0
        self.jobs: dict[str, str] = {}
        "Entry ids of the jobs by rendition."
        self.key_requests: list[control.KeyFrameRequest] = []
        self._feedback = control.to_publisher(client, stream)

    async def begin(self, *, watched: bool = True, **fields: Any) -> None:
        """Makes the records and the job of the default rendition; stale connections of a restart
        are shaken off. ``watched``: somebody waits for it already. ``fields`` of the rendition's
        record are set there.
        """
        while True:
            try:
                return await self._begin(watched, **fields)
            except REDIS_DOWN:
                await asyncio.sleep(0.05)

    async def _begin(self, watched: bool, **fields: Any) -> None:
        own = {
            name: fields.pop(name) for name in RenditionRecord.__struct_fields__ if name in fields
        }
        self.epoch = await self.registry.create(
            self.stream, epoch=self.epoch, codec="h264", fps=30.0, **fields
        )
        await self.add(keys.ENHANCED, watched=watched, **own)
        self._writer = LogWriter(
            self._client, stream=self.stream, rendition=keys.SOURCE, epoch=self.epoch
        )

    async def add(self, name: str, *, watched: bool = True, **fields: Any) -> None:
        """Adds a rendition with its job."""
        await self.renditions.ensure(self.stream, name, self.epoch, RenditionSpec())
        if fields:
            await self.set(name, **fields)
        if watched:
            await self.renditions.renew_watch(self.stream, name, self.epoch)
        queue = JobQueue(self._client)
        self.jobs[name] = await queue.enqueue(self.stream, name, self.epoch)

    async def set(self, name: str = keys.ENHANCED, **fields: Any) -> None:
        """Sets fields of a rendition's record."""
        await self.renditions.set_config(self.stream, name, self.epoch, **fields)

    async def record(self, name: str = keys.ENHANCED) -> RenditionRecord:
        """Returns a rendition's record."""
        return await self.renditions.get(self.stream, name)

    async def remove(self, name: str) -> None:
        """Removes a rendition, as an operator does."""
        await self.renditions.remove(self.stream, name, self.epoch)
        del self.jobs[name]

    async def end(self) -> None:
        """Ends the stream."""
        await self.registry.end(self.stream, self.epoch, self.jobs)

    async def send(self, unit: AccessUnit) -> None:
        """Appends one unit as having arrived now."""
        await self._writer.append(
            Batch(epoch=self.epoch, units=(as_arrived(unit),)), now_ms=clock.now_us() // 1000
        )

    async def play(self, units: Iterable[AccessUnit], *, speed: float = 1.0) -> None:
        """Sends units at the pace of their time stamps, and keeps the record alive."""
        begun, first, touched = time.monotonic(), None, 0.0
        for unit in units:
            first = unit.pts if first is None else first
            due = begun + (unit.pts - first) / unit.clock_rate / speed
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if time.monotonic() - touched > 0.5:
                touched = time.monotonic()
                await self.registry.touch(self.stream, self.epoch, renditions=self.jobs)
            await self.send(unit)

    async def stay(self) -> None:
        """Keeps the record alive until cancelled."""
        while True:
            await self.registry.touch(self.stream, self.epoch, renditions=self.jobs)
            await asyncio.sleep(0.5)

    async def collect_requests(self) -> None:
        """Notes key-frame requests until cancelled."""
        while True:
            try:
                for message in await self._feedback.read(block_ms=200):
                    if isinstance(message, control.KeyFrameRequest):
                        self.key_requests.append(message)
            except REDIS_DOWN:
                await asyncio.sleep(0.1)


class Viewer:
    """Reads an enhanced log, and says so; ``units`` grows while the block lasts."""

    def __init__(self, client: Redis, stream: str = "cam1", rendition: str = "enhanced") -> None:
        self._client = client
        self._stream = stream
        self._rendition = rendition
        self._reader = LogReader(client, stream=stream, rendition=rendition)
        self.units: list[AccessUnit] = []
        self.epochs: list[int] = []
        self.seen_at: list[float] = []

    async def want(self) -> None:
        """Says until cancelled that the stream is watched."""
        registry, renditions = StreamRegistry(self._client), RenditionRegistry(self._client)
        name, codec = keys.rendition_of(self._rendition)
        while True:
            try:
                record = await registry.get(self._stream)
                if await renditions.renew_watch(self._stream, name, record.epoch, codec):
                    message = control.RecordChanged()
                    await control.to_lead(self._client, self._stream).send(message)
            except (StreamGone, *REDIS_DOWN):
                await asyncio.sleep(0.1)
                continue
            await asyncio.sleep(WATCH_RENEW_S)

    async def watch(self) -> None:
        """Reads until cancelled."""
        while True:
            try:
                entries = await self._reader.read(block_ms=500)
            except REDIS_DOWN:
                await asyncio.sleep(0.1)
                continue
            for entry in entries:
                for unit in entry.batch.units:
                    assert unit.kind is Kind.VIDEO
                    self.units.append(unit)
                    self.epochs.append(entry.batch.epoch)
                    self.seen_at.append(time.monotonic())

    async def until(self, count: int, *, timeout_s: float = 20.0) -> None:
        """Waits for that many units."""
        deadline = time.monotonic() + timeout_s
        while len(self.units) < count:
            assert time.monotonic() < deadline, f"{len(self.units)} of {count} units came"
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def watching(viewer: Viewer, *publishers: Publisher) -> AsyncIterator[None]:
    """Reads for the viewer, and collects the publishers' key-frame requests."""
    works = [
        viewer.watch(),
        viewer.want(),
        *(publisher.collect_requests() for publisher in publishers),
    ]
    tasks = [asyncio.create_task(work) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
