"""Strikes in the record, over each server."""

from __future__ import annotations

import pytest

from tests.records import begin_stream, take_lead
from wire import keys
from wire.connection import Redis
from wire.rendition_record import RenditionRegistry
from wire.stream_record import StreamRegistry
from wire.strikes import Strikes

STREAM, NAME = "cam1", keys.ENHANCED


class Fleet:
    """A live stream, and workers that take its lead."""

    def __init__(self, client: Redis, source_epoch: int) -> None:
        self.client = client
        self.registry = RenditionRegistry(client)
        self.strikes = Strikes(client)
        self.source_epoch = source_epoch

    async def lead(self, name: str, *, decodes: bool = True) -> int:
        epoch = await take_lead(self.client, self.source_epoch, name)
        if decodes:
            await self.strikes.decodes(STREAM, NAME, epoch, decodes=True)
        return epoch

    async def count(self) -> int:
        return (await self.registry.get(STREAM, NAME)).strikes


@pytest.fixture
async def fleet(client: Redis) -> Fleet:
    return Fleet(client, await begin_stream(client))


async def test_a_lead_that_decoded_and_did_not_let_go_is_a_strike_for_the_stream(
    fleet: Fleet,
) -> None:
    first = await fleet.lead("a")
    assert await fleet.count() == 0
    await fleet.lead("b")
    record = await fleet.registry.get(STREAM, NAME)
    assert (record.strikes, record.struck, record.decoding) == (1, first, True)
    assert abs(record.struck_us - record.epoch) < 1_000_000
    await fleet.lead("b")  # a worker of the same name, started anew
    assert await fleet.count() == 2


async def test_a_lead_that_only_copied_or_slept_is_none(fleet: Fleet) -> None:
    await fleet.lead("a", decodes=False)
    epoch = await fleet.lead("b")
    await fleet.strikes.decodes(STREAM, NAME, epoch, decodes=False)
    await fleet.lead("c")
    assert await fleet.count() == 0


async def test_a_lead_that_let_go_is_none(fleet: Fleet) -> None:
    epoch = await fleet.lead("a")
    await fleet.registry.drop_lead(STREAM, NAME, epoch)
    await fleet.lead("b")
    assert await fleet.count() == 0


async def test_a_lead_that_failed_is_one_and_not_another_one_when_it_is_replaced(
    fleet: Fleet,
) -> None:
    epoch = await fleet.lead("a")
    await fleet.strikes.strike(STREAM, NAME, epoch)
    record = await fleet.registry.get(STREAM, NAME)
    assert (record.strikes, record.lead, record.decoding) == (1, "", False)
    await fleet.lead("b")
    await fleet.strikes.strike(STREAM, NAME, epoch)  # late
    assert await fleet.count() == 1


async def test_a_lead_that_was_only_held_up_takes_its_strike_back_once(fleet: Fleet) -> None:
    epoch = await fleet.lead("a")
    await fleet.lead("b")
    assert await fleet.count() == 1
    await fleet.strikes.alive(STREAM, NAME, epoch)
    await fleet.strikes.alive(STREAM, NAME, epoch)
    assert await fleet.count() == 0
    last = await fleet.lead("c")
    await fleet.strikes.alive(STREAM, NAME, epoch)
    assert await fleet.count() == 1
    await fleet.strikes.forgive(STREAM, NAME, epoch)
    assert await fleet.count() == 1
    await fleet.strikes.forgive(STREAM, NAME, last)
    assert await fleet.count() == 0


async def test_a_stream_without_a_record_has_none(fleet: Fleet) -> None:
    await StreamRegistry(fleet.client).end(STREAM, fleet.source_epoch, [NAME])
    await fleet.strikes.decodes(STREAM, NAME, 5, decodes=True)
    await fleet.strikes.strike(STREAM, NAME, 5)
    await fleet.strikes.alive(STREAM, NAME, 5)
    await fleet.strikes.forgive(STREAM, NAME, 5)
    assert await fleet.registry.list_all([(STREAM, NAME)]) == []
