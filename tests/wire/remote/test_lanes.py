from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest

from tests.contract.units import batch, video
from tests.records import begin_stream, take_lead
from wire import keys
from wire.connection import Redis
from wire.errors import BadMessage
from wire.jobs import Job
from wire.link.message import Message
from wire.log import LogReader
from wire.remote import calls, units
from wire.remote.lanes import MAX_LANES, Lanes
from wire.remote.outlet import Outlet


class Place:
    """Lanes of a device, and what it is told."""

    def __init__(self, client: Redis) -> None:
        self.client = client
        self.told: list[calls.FromGateway] = []
        self.tasks: list[asyncio.Task[None]] = []
        outlet = Outlet(self._tell, lambda message, left_s: True, lambda: 0.0)
        self.lanes = Lanes(client, outlet, self._spawn)

    def _tell(self, data: bytes) -> bool:
        self.told.append(calls.parse_from_gateway(data))
        return True

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        self.tasks.append(asyncio.create_task(work, name=name))
        return self.tasks[-1]

    def put(self, lane: int, serial: int, epoch: int, *, key: bool = False) -> None:
        (part,) = units.cut(units.encode_units(batch(epoch, video(serial, key=key))))
        self.lanes.put(Message(units.RENDITION_UNITS, lane, serial, part))

    async def until_told(self, kind: type[object]) -> Any:
        async with asyncio.timeout(5):
            while not any(isinstance(each, kind) for each in self.told):  # noqa: ASYNC110 - a list
                await asyncio.sleep(0.01)
        return next(each for each in self.told if isinstance(each, kind))


@pytest.fixture
async def place(redis_client: Redis) -> AsyncIterator[Place]:
    made = Place(redis_client)
    yield made
    for task in made.tasks:
        task.cancel()
    await asyncio.gather(*made.tasks, return_exceptions=True)


def job(source_epoch: int) -> Job:
    return Job("1-0", "cam1", keys.ENHANCED, source_epoch)


async def test_a_lane_is_used_once_at_a_time(place: Place) -> None:
    await place.lanes.follow("cam1", 1, "")
    with pytest.raises(BadMessage, match="lane 1 is in use"):
        await place.lanes.follow("cam1", 1, "")
    with pytest.raises(BadMessage, match="lane 1 is in use"):
        place.lanes.open_log(job(1), keys.ENHANCED, 1, 1)
    place.lanes.unfollow(1)
    place.lanes.unfollow(1)
    place.lanes.open_log(job(1), keys.ENHANCED, 1, 1)
    with pytest.raises(BadMessage, match="no log of lane 2"):
        place.lanes.clear_log(2, 1)


async def test_a_device_has_so_many_lanes(place: Place) -> None:
    for lane in range(MAX_LANES):
        entry = Job(f"{lane}-0", "cam1", keys.ENHANCED, 1)
        place.lanes.open_log(entry, keys.ENHANCED, 1, lane)
    with pytest.raises(BadMessage, match="at most"):
        place.lanes.open_log(Job("x-0", "cam1", keys.ENHANCED, 1), keys.ENHANCED, 1, MAX_LANES)


async def test_a_log_that_is_opened_again_closes_the_first(place: Place) -> None:
    for lane in range(3 * MAX_LANES):
        place.lanes.open_log(job(1), keys.ENHANCED, 1, lane)
    place.put(0, 0, 1)
    assert place.lanes.stray_units == 1


async def test_logs_are_written_and_closed_with_their_job(place: Place) -> None:
    source_epoch = await begin_stream(place.client)
    epoch = await take_lead(place.client, source_epoch)
    place.lanes.open_log(job(source_epoch), keys.ENHANCED, epoch, 1)
    place.put(1, 0, epoch, key=True)
    reader = LogReader(place.client, stream="cam1", rendition=keys.ENHANCED)
    assert len(await reader.read(block_ms=5000)) == 1
    place.lanes.close_logs("2-0")
    place.put(1, 1, epoch)
    assert len(await reader.read(block_ms=5000)) == 1
    place.lanes.close_logs("1-0")
    place.put(1, 2, epoch)
    assert place.lanes.stray_units == 1


async def test_the_device_is_told_of_losses_and_of_the_end(place: Place) -> None:
    source_epoch = await begin_stream(place.client)
    epoch = await take_lead(place.client, source_epoch)
    place.lanes.open_log(job(source_epoch), "enhanced-vp8", epoch, 1)
    place.put(1, 1, epoch)
    wanted = await place.until_told(calls.KeyFrameWanted)
    assert (wanted.stream, wanted.rendition) == ("cam1", "enhanced-vp8")
    await take_lead(place.client, source_epoch, "b")
    place.put(1, 2, epoch, key=True)
    lost = await place.until_told(calls.JobLost)
    assert (lost.entry, lost.error) == ("1-0", "Fenced")
