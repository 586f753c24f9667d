"""A followed source on a real Redis: where it begins, what it hands on, and when it rests."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator

import pytest

from media.access_unit import AccessUnit
from wire import clock, keys
from wire.clock_offset import ClockOffset
from wire.connection import Redis
from wire.log import LogWriter
from wire.site import RedisSite
from workers.media.frame_task import FrameTask
from workers.media.route import Route
from workers.media.source_frame import Taker
from workers.source.source_follower import REPLAY_S, SourceFollower

from ...contract.units import audio
from ..clips import Clip, units
from ..process.test_worker import until
from ..studio import Publisher


class Everything:
    """Takes every unit for itself, and notes what it is told."""

    def __init__(self) -> None:
        self.units: list[tuple[int, bool]] = []
        "Sequence of each unit, and whether it was replayed."
        self.repeats = 0
        self.pictures: list[int] = []
        self.dropped: list[tuple[int, str]] = []
        self.takes = True

    async def take(self, unit: AccessUnit, *, is_replay: bool, now: float) -> tuple[Taker, ...]:
        self.units.append((unit.sequence, is_replay))
        return (Taker(self, Route.DECODE),) if self.takes else ()

    def repeat(self) -> None:
        self.repeats += 1

    def offer(self, task: FrameTask) -> bool:
        assert task.picture is not None
        self.pictures.append(task.unit.sequence)
        return True

    def drop(self, task: FrameTask, reason: str) -> None:
        self.dropped.append((task.unit.sequence, reason))


class Place:
    """A follower, its taker and a publisher."""

    def __init__(self, client: Redis) -> None:
        self.publisher = Publisher(client)
        self.taker = Everything()
        self.errors: list[Exception] = []
        site = RedisSite(client, "w1").stream("cam1")
        self.follower = SourceFollower(
            site, "cam1", self.taker, clock_offset=ClockOffset(), failed=self.errors.append
        )

    async def read_all(self, *sent: AccessUnit) -> None:
        """Sends units, and waits until the last of them became a picture or none."""
        for unit in sent:
            await self.publisher.send(unit)
        taker = self.taker
        await until(lambda: bool(taker.units) and taker.units[-1][0] == sent[-1].sequence)


@pytest.fixture
async def place(client: Redis) -> AsyncIterator[Place]:
    made = Place(client)
    await made.publisher.begin()
    made.follower.decoder.start()
    tasks = [asyncio.create_task(work) for work in (made.follower.read(), made.follower.ask())]
    try:
        yield made
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        made.follower.decoder.close()
        assert await asyncio.to_thread(made.follower.decoder.join, 5)
    assert made.errors == []


async def test_it_begins_at_the_last_key_frame_and_passes_over_audio(place: Place) -> None:
    clip = list(units(Clip(frames=12, key_every=5)))
    for unit in clip[:8]:
        await place.publisher.send(unit)
    await place.publisher.send(audio(3))
    place.follower.set_awake(True)
    await until(lambda: len(place.taker.units) == 3)
    await place.read_all(*clip[8:])
    assert [sequence for sequence, _ in place.taker.units] == [*range(5, 12)]
    await until(lambda: place.taker.pictures == [*range(5, 12)])
    assert place.follower.epoch == place.publisher.epoch


async def test_it_reads_nothing_before_it_is_awake_and_begins_anew_after_a_rest(
    place: Place,
) -> None:
    clip = list(units(Clip(frames=9, key_every=4)))
    await place.publisher.send(clip[0])
    assert place.taker.units == []
    place.follower.set_awake(True)
    await place.read_all(clip[1])
    place.follower.set_awake(False)
    # What the read that waits already brings is the last.
    await place.read_all(clip[2])
    for unit in clip[3:7]:
        await place.publisher.send(unit)
    place.follower.set_awake(True)
    await place.read_all(clip[7])
    assert [sequence for sequence, _ in place.taker.units] == [0, 1, 2, 4, 5, 6, 7]
    await until(lambda: place.taker.pictures == [0, 1, 2, 4, 5, 6, 7])


async def test_what_stood_long_in_the_log_is_a_replay_until_it_has_caught_up(place: Place) -> None:
    clip = list(units(Clip(frames=6)))
    for unit in clip[:3]:
        await place.publisher.send(unit)
    await asyncio.sleep(REPLAY_S + 0.2)
    place.follower.set_awake(True)
    await place.read_all(*clip[3:])
    assert place.taker.units == [(n, n < 3) for n in range(6)]


async def test_units_that_are_lost_cost_pictures_until_a_key_frame_which_is_asked_for(
    place: Place,
) -> None:
    requests = asyncio.create_task(place.publisher.collect_requests())
    await asyncio.sleep(0.1)
    clip = list(units(Clip(frames=8, key_every=6)))
    place.follower.set_awake(True)
    await place.read_all(*clip[:2], *clip[3:])
    await until(lambda: place.taker.pictures == [0, 1, 6, 7])
    assert place.taker.dropped == [(n, "no_key_frame") for n in range(3, 6)]
    await until(lambda: bool(place.publisher.key_requests))
    requests.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await requests


async def test_a_unit_that_stands_there_twice_is_taken_once(place: Place) -> None:
    clip = list(units(Clip(frames=3)))
    place.follower.set_awake(True)
    await place.read_all(clip[0], clip[1], clip[1], clip[0], clip[2])
    assert place.taker.repeats == 2
    assert [sequence for sequence, _ in place.taker.units] == [0, 1, 2]


async def test_what_nobody_takes_is_not_decoded(place: Place) -> None:
    place.taker.takes = False
    place.follower.set_awake(True)
    await place.read_all(*units(Clip(frames=3)))
    assert place.follower.decoder.decoded == 0 and place.taker.dropped == []


async def test_the_time_of_redis_is_known(place: Place) -> None:
    await place.follower.compare_clocks()
    assert abs(place.follower.redis_us() - clock.now_us()) < 1_000_000


async def test_the_epoch_is_that_of_the_unit_just_read(place: Place, client: Redis) -> None:
    publisher = place.publisher
    place.follower.set_awake(True)
    first, second = units(Clip(frames=2, key_every=1))
    await place.read_all(first)
    before = place.follower.epoch
    publisher.epoch = await publisher.registry.create("cam1", over=True, codec="h264", fps=30.0)
    publisher._writer = LogWriter(
        client, stream="cam1", rendition=keys.SOURCE, epoch=publisher.epoch
    )
    await place.read_all(dataclasses.replace(second, sequence=7))
    assert place.follower.epoch == publisher.epoch > before
