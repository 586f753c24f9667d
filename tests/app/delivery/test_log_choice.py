"""The choice of the log that a viewer reads, over real records."""

from __future__ import annotations

from typing import Any

import pytest

from app.delivery.log_choice import LogChoice
from app.delivery.quality_levels import SMALLER
from app.delivery.rendition_choice import PlayRequest
from app.errors import RenditionNotFound, RenditionsFull
from app.streams.stream_directory import StreamDirectory
from tests.records import begin_stream
from wire import keys
from wire.connection import Redis
from wire.rendition_record import MAX_RENDITIONS, RenditionRegistry, RenditionSpec
from wire.stream_record import StreamRecord

FACTS: dict[str, Any] = {"kbps": 1350.0, "codec": "h264", "width": 480, "height": 270}


def asks(rendition: str) -> PlayRequest:
    return PlayRequest(rendition, True, frozenset({"h264"}), frozenset({"h264"}))


class House:
    """One stream."""

    def __init__(self, client: Redis) -> None:
        self.directory = StreamDirectory(client, ingest=lambda _: None)
        self.choice = LogChoice(self.directory)
        self.registry = RenditionRegistry(client)

    async def record(self) -> StreamRecord:
        """The stream's record as it is now."""
        found = await self.directory.record("cam1")
        assert found is not None
        return found

    async def log(self, rendition: str) -> str:
        """The log for who asks for a rendition."""
        return await self.choice.log(await self.record(), asks(rendition))


@pytest.fixture
async def house(redis_client: Redis) -> House:
    await begin_stream(redis_client, "cam1", **FACTS)
    return House(redis_client)


async def test_each_rendition_has_its_log(house: House) -> None:
    assert await house.log(keys.ENHANCED) == keys.ENHANCED
    assert await house.log(keys.SOURCE) == keys.SOURCE
    assert await house.choice.log(await house.record(), None) == keys.SOURCE
    with pytest.raises(RenditionNotFound):
        await house.log("other")


async def test_the_smaller_one_is_added_when_it_is_first_asked_for(house: House) -> None:
    assert SMALLER not in (await house.record()).renditions
    assert await house.log(SMALLER) == SMALLER
    record = await house.registry.get("cam1", SMALLER)
    assert (record.factor, record.kbps) == (-1, 540)
    assert await house.log(SMALLER) == SMALLER


async def test_what_an_operator_made_of_it_stays(house: House) -> None:
    record = await house.record()
    await house.registry.ensure("cam1", SMALLER, record.epoch, RenditionSpec(factor=-4, kbps=200))
    assert await house.log(SMALLER) == SMALLER
    assert (await house.registry.get("cam1", SMALLER)).kbps == 200


async def test_a_source_that_is_small_serves_for_it(redis_client: Redis) -> None:
    await begin_stream(redis_client, "cam1", **{**FACTS, "kbps": 300.0})
    house = House(redis_client)
    assert await house.log(SMALLER) == keys.SOURCE
    assert SMALLER not in (await house.record()).renditions


async def test_a_stream_with_all_its_renditions_has_no_place_for_it(house: House) -> None:
    record = await house.record()
    for number in range(MAX_RENDITIONS - 1):
        await house.registry.ensure("cam1", f"r{number}", record.epoch, RenditionSpec())
    with pytest.raises(RenditionsFull):
        await house.log(SMALLER)
