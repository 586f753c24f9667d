"""A helper's source on a real Redis: one publisher's pictures, and what is known of lost frames."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import numpy as np
import pytest

from wire import keys
from wire.connection import Redis
from wire.log import LogWriter
from wire.site import RedisSite
from workers.team.helper_source import HelperSource
from workers.team.recent_pictures import Presence

from ..clips import Clip, units
from ..process.test_worker import until
from ..studio import Publisher
from .leading import decoded

CLIP = Clip(frames=12, key_every=8)


class Place:
    """A publisher without a job, and a source that follows it."""

    def __init__(self, client: Redis) -> None:
        self.client = client
        self.publisher = Publisher(client)
        self.changes = 0
        self.source: HelperSource
        self._tasks: list[asyncio.Task[None]] = []

    def _changed(self) -> None:
        self.changes += 1

    async def begin(self) -> None:
        publisher = self.publisher
        publisher.epoch = await publisher.registry.create("cam1", codec="h264", fps=30.0)
        publisher._writer = LogWriter(
            self.client, stream="cam1", rendition=keys.SOURCE, epoch=publisher.epoch
        )

    def follow(self, epoch: int) -> HelperSource:
        site = RedisSite(self.client, "w1").stream("cam1")
        self.source = HelperSource(site, "cam1", epoch, changed=self._changed)
        self._tasks.append(asyncio.create_task(self.source.run()))
        return self.source

    async def close(self) -> None:
        self.source.close()
        self.source.close()
        async with asyncio.timeout(10):
            await asyncio.gather(*self._tasks)


@pytest.fixture
async def place(client: Redis) -> AsyncIterator[Place]:
    made = Place(client)
    await made.begin()
    yield made
    await made.close()
    assert made.source.is_closed


async def test_pictures_are_those_of_the_units(place: Place) -> None:
    clip = list(units(CLIP))
    source = place.follow(place.publisher.epoch)
    assert source.size is None and source.fault == ""
    for unit in clip:
        await place.publisher.send(unit)
    await until(lambda: source.pictures.presence(11) is Presence.HERE)
    expected = decoded(clip)
    for sequence, luma in expected.items():
        here = source.pictures.luma(sequence)
        assert here is not None and np.array_equal(here, luma)
    assert source.size == (64, 48) and place.changes == len(clip)


async def test_frames_that_cannot_be_decoded_are_gone_and_tell_so(place: Place) -> None:
    clip = list(units(CLIP))
    source = place.follow(place.publisher.epoch)
    for unit in (*clip[:3], *clip[4:7]):
        await place.publisher.send(unit)
    await until(lambda: source.pictures.presence(6) is Presence.GONE)
    found = [source.pictures.presence(n) for n in range(8)]
    gone, coming = [Presence.GONE] * 4, [Presence.COMING]
    assert found == [Presence.HERE] * 3 + gone + coming
    assert place.changes == 6
    await place.publisher.send(clip[8])
    await until(lambda: source.pictures.presence(8) is Presence.HERE)


async def test_units_of_another_publisher_are_not_taken(place: Place) -> None:
    source = place.follow(place.publisher.epoch + 1)
    for unit in units(CLIP):
        await place.publisher.send(unit)
    await until(lambda: source._follower.epoch == place.publisher.epoch)
    await asyncio.sleep(0.1)
    assert len(source.pictures) == 0 and source.size is None


async def test_it_closes_within_a_moment(place: Place) -> None:
    source = place.follow(place.publisher.epoch)
    await asyncio.sleep(0.05)
    begun = time.monotonic()
    source.close()
    await asyncio.gather(*place._tasks)
    assert time.monotonic() - begun < 1.0 and source.is_closed
