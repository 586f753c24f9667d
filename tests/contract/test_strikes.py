"""Strikes in the record, over each server."""

from __future__ import annotations

import pytest

from wire.connection import Redis
from wire.streams import StreamRegistry
from wire.strikes import Strikes

STREAM = "cam1"


class Fleet:
    """A live stream, and workers that take its lead."""

    def __init__(self, client: Redis, session: int) -> None:
        self.registry = StreamRegistry(client)
        self.strikes = Strikes(client)
        self.session = session

    async def lead(self, name: str, *, decodes: bool = True) -> int:
        epoch = await self.registry.take_lead(STREAM, self.session, name)
        if decodes:
            await self.strikes.decodes(STREAM, epoch, decodes=True)
        return epoch

    async def count(self) -> int:
        return (await self.registry.get(STREAM)).strikes


@pytest.fixture
async def fleet(client: Redis) -> Fleet:
    return Fleet(client, await StreamRegistry(client).create(STREAM))


async def test_a_lead_that_decoded_and_did_not_let_go_is_a_strike_for_the_stream(
    fleet: Fleet,
) -> None:
    first = await fleet.lead("a")
    assert await fleet.count() == 0
    await fleet.lead("b")
    record = await fleet.registry.get(STREAM)
    assert (record.strikes, record.struck, record.decoding) == (1, first, True)
    assert abs(record.struck_us - record.epoch) < 1_000_000
    await fleet.lead("b")  # a worker of the same name, started anew
    assert await fleet.count() == 2


async def test_a_lead_that_only_copied_or_slept_is_none(fleet: Fleet) -> None:
    await fleet.lead("a", decodes=False)
    epoch = await fleet.lead("b")
    await fleet.strikes.decodes(STREAM, epoch, decodes=False)
    await fleet.lead("c")
    assert await fleet.count() == 0


async def test_a_lead_that_let_go_is_none(fleet: Fleet) -> None:
    epoch = await fleet.lead("a")
    await fleet.registry.drop_lead(STREAM, epoch)
    await fleet.lead("b")
    assert await fleet.count() == 0


async def test_a_lead_that_failed_is_one_and_not_another_one_when_it_is_replaced(
    fleet: Fleet,
) -> None:
    epoch = await fleet.lead("a")
    await fleet.strikes.strike(STREAM, epoch)
    record = await fleet.registry.get(STREAM)
    assert (record.strikes, record.lead, record.decoding) == (1, "", False)
    await fleet.lead("b")
    await fleet.strikes.strike(STREAM, epoch)  # late
    assert await fleet.count() == 1


async def test_a_lead_that_was_only_held_up_takes_its_strike_back_once(fleet: Fleet) -> None:
    epoch = await fleet.lead("a")
    await fleet.lead("b")
    assert await fleet.count() == 1
    await fleet.strikes.alive(STREAM, epoch)
    await fleet.strikes.alive(STREAM, epoch)
    assert await fleet.count() == 0
    last = await fleet.lead("c")
    await fleet.strikes.alive(STREAM, epoch)
    assert await fleet.count() == 1
    await fleet.strikes.forgive(STREAM, epoch)
    assert await fleet.count() == 1
    await fleet.strikes.forgive(STREAM, last)
    assert await fleet.count() == 0


async def test_a_stream_without_a_record_has_none(fleet: Fleet) -> None:
    await fleet.registry.end(STREAM, fleet.session, ())
    await fleet.strikes.decodes(STREAM, 5, decodes=True)
    await fleet.strikes.strike(STREAM, 5)
    await fleet.strikes.alive(STREAM, 5)
    await fleet.strikes.forgive(STREAM, 5)
    assert await fleet.registry.list() == []
