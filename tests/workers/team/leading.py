"""A lead's side of a team, by hand: it invites, gives tasks and collects what comes back."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import AsyncIterator
from typing import TypeVar

import msgspec
import numpy as np

from media.access_unit import AccessUnit
from models.manifest import load_manifest
from tests.workers.upscale.test_temporal_session import wait
from wire import keys
from wire.connection import Redis, command
from wire.site import RedisSite, Site
from wire.team import (
    Dismiss,
    Failed,
    Invite,
    Result,
    Task,
    TaskRegion,
    TeamMailbox,
    TeamMessage,
)
from workers.decode.decoder import UnitDecoder
from workers.process.worker import Worker
from workers.temporal.region_selection import Region
from workers.upscale.model_cache import ModelCache
from workers.upscale.region_net import RegionNet

from ..studio import TINY, lead_config

MODEL = "live-s"
EPOCH = 7
MessageT = TypeVar("MessageT", bound=TeamMessage)
Bytes = np.ndarray


@dataclasses.dataclass
class Lead:
    """Leads one rendition; ``said`` grows while ``listening`` lasts."""

    client: Redis
    name: str = "lead"
    stream: str = "cam1"
    rendition: str = "enhanced"

    def __post_init__(self) -> None:
        self.post = TeamMailbox(self.client, self.name)
        self.said: list[tuple[str, TeamMessage]] = []
        self.number = 0

    def all(self, kind: type[MessageT], sender: str | None = None) -> list[MessageT]:
        """Messages of a kind, in the order in which they came."""
        return [
            message
            for name, message in self.said
            if isinstance(message, kind) and sender in (None, name)
        ]

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Reads its inbox until the end of the block."""
        task = asyncio.create_task(self._listen())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _listen(self) -> None:
        while True:
            for received in await self.post.read(200):
                self.said.append((received.sender, received.message))

    async def invite(self, helper: str, source_epoch: int, **fields: object) -> None:
        """Invites a worker once."""
        known = {
            "model": MODEL,
            "strength": 0.0,
            "quality": 50,
            "epoch": EPOCH,
            "source_epoch": source_epoch,
        }
        invite = Invite(stream=self.stream, rendition=self.rendition, **known | fields)  # type: ignore[arg-type]
        await self.post.send(helper, invite, 2.0)

    @contextlib.asynccontextmanager
    async def inviting(
        self, *helpers: str, source_epoch: int, **fields: object
    ) -> AsyncIterator[None]:
        """Invites workers twice a second until the end of the block."""

        async def repeat() -> None:
            while True:
                for helper in helpers:
                    await self.invite(helper, source_epoch, **fields)
                await asyncio.sleep(0.5)

        task = asyncio.create_task(repeat())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def dismiss(self, helper: str) -> None:
        """Ends an invitation."""
        message = Dismiss(stream=self.stream, rendition=self.rendition, epoch=EPOCH)
        await self.post.send(helper, message, 2.0)

    async def task(
        self, helper: str, sequence: int, *regions: Region, left_s: float = 5.0, epoch: int = EPOCH
    ) -> int:
        """Gives a task and returns its number."""
        self.number += 1
        task = Task(
            stream=self.stream,
            rendition=self.rendition,
            epoch=epoch,
            number=self.number,
            sequence=sequence,
            regions=tuple(
                TaskRegion(each.top, each.left, each.height, each.width) for each in regions
            ),
            quality=50,
        )
        await self.post.send(helper, task, left_s)
        return self.number

    async def until(
        self, kind: type[MessageT], count: int = 1, *, sender: str | None = None
    ) -> list[MessageT]:
        """Waits for that many messages of a kind and returns them."""
        deadline = time.monotonic() + 20
        while len(self.all(kind, sender)) < count:
            assert time.monotonic() < deadline, f"only {self.said} came"
            await asyncio.sleep(0.01)
        return self.all(kind, sender)

    async def answer(self, number: int) -> Result | Failed:
        """Waits for the end of a task."""
        deadline = time.monotonic() + 20
        while True:
            for _, message in self.said:
                if isinstance(message, Result | Failed) and message.number == number:
                    return message
            assert time.monotonic() < deadline, f"task {number} was not answered: {self.said}"
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def helping(
    client: Redis, nets: ModelCache, name: str, site: Site | None = None
) -> AsyncIterator[Worker]:
    """A worker without jobs, until the end of the block; next to Redis without another ``site``."""
    site = site or RedisSite(client, name)
    worker = Worker(site, nets, lead_config(name), engines=[nets.engine.info.name], zoo=[TINY])
    task = asyncio.create_task(worker.run(), name=f"worker {name}")
    try:
        yield worker
    finally:
        worker.stop()
        await asyncio.wait_for(task, 4)


def decoded(units: list[AccessUnit]) -> dict[int, Bytes]:
    """The decoded luma of units by sequence."""
    decoder = UnitDecoder(units[0].codec)
    found = {}
    for unit in units:
        for tag, picture in decoder.decode(unit.payload, unit.sequence):
            found[tag] = picture.y.copy()
    return found


def whole(nets: ModelCache, luma: Bytes, strength: float = 0.0, model: str = MODEL) -> Bytes:
    """The net's picture of all of a decoded one."""
    height, width = luma.shape
    wait(nets, model, (width, height))
    session = nets.ready_dynamic(model, width, height)
    assert session is not None
    net = RegionNet(load_manifest(model), session)
    net.take(luma)
    begin, scale = net.scale * net.halo, net.scale
    return net.whole(strength)[begin : begin + scale * height, begin : begin + scale * width].copy()


async def send_raw(client: Redis, to: str, *, number: int, regions: list[list[int]]) -> None:
    """Sends a task with regions that no message may have."""
    fields = {
        "type": "task",
        "stream": "cam1",
        "rendition": "enhanced",
        "epoch": EPOCH,
        "number": number,
        "sequence": 0,
        "regions": regions,
        "quality": 20,
    }
    data = msgspec.msgpack.encode(fields)
    key = client.key(keys.team(to))
    await command(client, "XADD", key, "*", "m", data, "from", "lead", "left", 1000)
