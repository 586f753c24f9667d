from __future__ import annotations

import pytest

from tests.contract.conftest import Place
from tests.contract.test_heartbeat import beat
from tests.contract.test_jobs import ready, take_over_soon
from wire import keys
from wire.connection import REDIS_DOWN, Redis
from wire.departed import take_off
from wire.heartbeat import Heartbeats


async def test_a_worker_that_died_leaves_the_lists_and_its_jobs(
    client: Redis, place: Place
) -> None:
    dead, alive = await ready(client, "dead", "alive")
    for name in ("dead", "alive"):
        await Heartbeats(client).beat(beat(name))
    await dead.enqueue("cam1", keys.ENHANCED, 1)
    assert await dead.claim(block_ms=100) is not None
    assert await take_off(place.url, place.prefix, "dead") == 1
    assert [each.name for each in await Heartbeats(client).list()] == ["alive"]
    assert [each.name for each in await Heartbeats(client).draw()] == ["alive"]
    assert (await take_over_soon(alive)).stream == "cam1"


async def test_one_that_held_nothing_leaves_the_lists_too(client: Redis, place: Place) -> None:
    await Heartbeats(client).beat(beat("idle"))
    assert await take_off(place.url, place.prefix, "idle") == 0
    assert await Heartbeats(client).list() == []


async def test_without_a_redis_its_leases_lapse() -> None:
    with pytest.raises(REDIS_DOWN):
        await take_off("redis://127.0.0.1:1", "", "dead")
