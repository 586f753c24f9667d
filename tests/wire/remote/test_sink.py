"""Batches of a device on their way into a real log."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from media.access_unit import AccessUnit
from tests.contract.units import batch, video
from tests.records import begin_stream, take_lead
from wire import keys
from wire.connection import Redis
from wire.errors import Fenced, StreamGone
from wire.jobs import Job
from wire.log import LogReader, LogWriter
from wire.remote import units
from wire.remote.sink import Sink
from wire.stream_record import StreamRegistry

NAME = keys.ENHANCED


class Place:
    """A sink into the log of a stream's default rendition."""

    def __init__(self, client: Redis, source_epoch: int, epoch: int) -> None:
        self.client = client
        self.source_epoch = source_epoch
        self.epoch = epoch
        self.lost: list[str] = []
        writer = LogWriter(client, stream="cam1", rendition=NAME, epoch=epoch)
        job = Job("1-0", "cam1", NAME, source_epoch)
        self.sink = Sink(writer, job, NAME, lost=self.lost.append)
        self._serial = 0

    def put(
        self, *sent: AccessUnit, turn: int = 0, lose: bool = False, epoch: int | None = None
    ) -> None:
        content = units.encode_units(batch(epoch or self.epoch, *sent))
        for part in units.cut(content, turn):
            if not lose:
                self.sink.put(self._serial % 65536, part)
            self._serial += 1

    async def kept(self) -> list[int]:
        reader = LogReader(self.client, stream="cam1", rendition=NAME)
        entries = await reader.read(block_ms=1)
        return [unit.sequence for entry in entries for unit in entry.batch.units]

    async def until_kept(self, *wanted: int) -> None:
        async with asyncio.timeout(5):
            while await self.kept() != list(wanted):  # noqa: ASYNC110 - Redis tells nobody
                await asyncio.sleep(0.01)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        task = asyncio.create_task(self.sink.run())
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def place(redis_client: Redis) -> Place:
    source_epoch = await begin_stream(redis_client)
    return Place(redis_client, source_epoch, await take_lead(redis_client, source_epoch))


async def test_batches_are_appended_in_order(place: Place) -> None:
    async with place.running():
        for number in range(10):
            place.put(video(number, key=number == 0))
        await place.until_kept(*range(10))
    assert place.lost == []


async def test_large_batches_come_in_parts(place: Place) -> None:
    async with place.running():
        place.put(video(0, key=True, size=3 * units.PART_BYTES))
        place.put(video(1))
        await place.until_kept(0, 1)


async def test_behind_a_lost_batch_nothing_is_written_before_a_key_frame(place: Place) -> None:
    async with place.running():
        place.put(video(0, key=True))
        place.put(video(1), lose=True)
        place.put(video(2))
        place.put(video(3))
        await place.until_kept(0)
        async with asyncio.timeout(5):
            while not place.lost:  # noqa: ASYNC110 - a list, no event
                await asyncio.sleep(0.01)
        place.put(video(4))
        place.put(video(5, key=True))
        place.put(video(6))
        await place.until_kept(0, 5, 6)
    assert place.lost == ["a batch was lost on its way"]


async def test_what_is_no_batch_costs_a_key_frame(place: Place) -> None:
    async with place.running():
        place.put(video(0, key=True))
        place.sink.put(1, units.cut(b"nonsense")[0])
        place._serial = 2
        place.put(video(2))
        place.put(video(3, key=True))
        await place.until_kept(0, 3)
    assert place.lost == ["a batch could not be read"]


async def test_batches_of_another_epoch_are_left_out(place: Place) -> None:
    async with place.running():
        place.put(video(0, key=True))
        place.put(video(1, key=True), epoch=place.epoch + 1)
        place.put(video(2))
        await place.until_kept(0, 2)


async def test_the_log_is_emptied_even_if_nothing_follows(place: Place) -> None:
    async with place.running():
        place.put(video(0, key=True))
        await place.until_kept(0)
        place.sink.clear(1)
        await place.until_kept()
        place.sink.clear(1)  # the device repeats itself
        place.put(video(1, key=True), turn=1)
        await place.until_kept(1)


async def test_batches_before_the_emptying_that_come_late_are_left_out(place: Place) -> None:
    async with place.running():
        place.sink.clear(1)
        place.put(video(0, key=True))
        place.put(video(1, key=True), turn=1)
        place.put(video(2), turn=1)
        await place.until_kept(1, 2)


async def test_batches_behind_the_emptying_may_be_there_before_the_order(place: Place) -> None:
    async with place.running():
        place.put(video(0, key=True))
        place.put(video(1, key=True), turn=1)
        await place.until_kept(1)
        place.sink.clear(1)
        place.put(video(2), turn=1)
        await place.until_kept(1, 2)


async def test_turns_go_on_behind_65535(place: Place) -> None:
    place.sink._turn = place.sink._turn_wanted = 65535
    async with place.running():
        place.put(video(0, key=True), turn=65535)
        await place.until_kept(0)
        place.sink.clear(0)
        place.put(video(1, key=True), turn=0)
        await place.until_kept(1)


@pytest.mark.parametrize("is_ended", [False, True])
async def test_a_lead_that_is_over_ends_it(place: Place, is_ended: bool) -> None:
    if is_ended:
        await StreamRegistry(place.client).end("cam1", place.source_epoch, [NAME])
    else:
        await take_lead(place.client, place.source_epoch, "b")
    async with place.running() as task:
        place.put(video(0, key=True))
        with pytest.raises(StreamGone if is_ended else Fenced):
            await asyncio.wait_for(task, 5)
