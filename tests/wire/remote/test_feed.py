"""A stream's source on its way from a real log to a device."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest

from media.access_unit import AccessUnit
from tests.contract.units import audio, batch, video
from tests.records import begin_stream
from wire import control, keys
from wire.connection import Redis
from wire.link.message import Message
from wire.log import Entry, LogWriter
from wire.remote import feed, units
from wire.remote.feed import Feed
from wire.remote.outlet import Outlet

LANE = 7


class Place:
    """A source log, and what its feed sends."""

    def __init__(self, client: Redis, epoch: int) -> None:
        self.client = client
        self.epoch = epoch
        self.sent: list[tuple[Message, float]] = []
        self.space = 1 << 30
        self.writer = LogWriter(client, stream="cam1", rendition=keys.SOURCE, epoch=epoch)

    def send(self, message: Message, left_s: float) -> bool:
        if self.space <= 0:
            return False
        self.space -= 1
        self.sent.append((message, time.monotonic() + left_s))
        return True

    async def append(self, *appended: AccessUnit) -> str:
        now_ms = int(time.monotonic() * 1000)
        return await self.writer.append(batch(self.epoch, *appended), now_ms=now_ms)

    @contextlib.asynccontextmanager
    async def feeding(self, after: str = "") -> AsyncIterator[bool]:
        outlet = Outlet(lambda data: True, self.send, lambda: 0.0)
        made = Feed(self.client, outlet, stream="cam1", lane=LANE, after=after)
        task = asyncio.create_task(made.run())
        try:
            yield await asyncio.wait_for(made.found, 5)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def entries(self) -> list[Entry]:
        joiner = units.Joiner()
        whole = [joiner.add(message.content) for message, _ in self.sent]
        return [units.parse_entry(each[1]) for each in whole if each is not None]

    async def until(self, *wanted: int) -> None:
        async with asyncio.timeout(5):
            while self.sequences() != list(wanted):  # noqa: ASYNC110 - a list, no event
                await asyncio.sleep(0.01)

    def sequences(self) -> list[int]:
        return [unit.sequence for entry in self.entries() for unit in entry.batch.units]


@pytest.fixture
async def place(redis_client: Redis) -> Place:
    return Place(redis_client, await begin_stream(redis_client))


async def test_it_begins_at_the_last_key_frame_and_goes_on(place: Place) -> None:
    for number in range(5):
        await place.append(video(number, key=number in (0, 2)))
    async with place.feeding() as found:
        assert found
        await place.until(2, 3, 4)
        entry = await place.append(video(5))
        await place.until(2, 3, 4, 5)
    assert place.entries()[-1].id == entry
    assert [message.serial for message, _ in place.sent] == [0, 1, 2, 3]
    assert {(m.kind, m.lane, m.is_precious) for m, _ in place.sent} == {
        (units.SOURCE_UNITS, LANE, True)
    }


async def test_deadlines_never_go_back_so_that_the_link_keeps_the_order(place: Place) -> None:
    await place.append(video(0, key=True))
    async with place.feeding():
        await place.until(0)
        await place.append(video(1))
        await place.until(0, 1)
    (_, first), (_, second) = place.sent
    assert second >= first - 0.01
    assert first - time.monotonic() > units.UNIT_S


async def test_audio_stays_where_it_is(place: Place) -> None:
    await place.append(audio(0), video(0, key=True), audio(1))
    await place.append(audio(2))
    async with place.feeding():
        await place.append(video(1))
        await place.until(0, 1)
    assert len(place.sent) == 2


async def test_it_begins_behind_an_entry(place: Place) -> None:
    await place.append(video(0, key=True))
    after = await place.append(video(1))
    await place.append(video(2))
    async with place.feeding(after) as found:
        assert found
        await place.until(2)


async def test_an_entry_of_long_ago_is_no_place_to_begin(place: Place) -> None:
    await place.append(video(0))
    await place.append(video(1, key=True))
    await place.append(video(2))
    async with place.feeding("1000-0") as found:
        assert found
        await place.until(1, 2)


async def test_a_key_frame_of_long_ago_is_not_replayed_but_another_asked_for(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox = control.to_publisher(place.client, "cam1")
    await mailbox.read(block_ms=1)
    await place.append(video(0, key=True))
    await place.append(video(1))
    monkeypatch.setattr(feed, "MAX_REPLAY_S", -1.0)
    async with place.feeding() as found:
        assert not found
        await place.append(video(2, key=True))
        await place.until(2)
    (request,) = await mailbox.read(block_ms=1000)
    assert request == control.KeyFrameRequest(rendition=keys.SOURCE, reason="a device begins")


async def test_a_log_without_a_key_frame_begins_at_its_end(place: Place) -> None:
    async with place.feeding() as found:
        assert not found
        await place.append(video(0, key=True))
        await place.until(0)


async def test_a_replay_waits_for_space_and_what_is_live_does_not(place: Place) -> None:
    for number in range(70):
        await place.append(video(number, key=number == 0))
    place.space = 10
    async with place.feeding():
        await place.until(*range(10))
        place.space = 1000
        await place.until(*range(70))
        await asyncio.sleep(0.6)  # the end of the log was reached: what follows is live
        place.space = 0
        await place.append(video(70))
        await asyncio.sleep(0.1)
        place.space = 1000
        await place.append(video(71))
        await place.until(*range(70), 71)
    # The one that found no space used up a number, so that the device sees the gap.
    assert [message.serial for message, _ in place.sent][-2:] == [69, 71]


async def test_a_large_entry_goes_in_parts(place: Place) -> None:
    await place.append(video(0, key=True, size=2 * units.PART_BYTES))
    async with place.feeding():
        await place.until(0)
    assert len(place.sent) == 3
