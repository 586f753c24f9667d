"""Workers with free capacity: ``wire/free_workers.py`` on each kind of server."""

from __future__ import annotations

import asyncio

import pytest

from tests.contract.admin import command
from wire import keys
from wire.connection import Redis
from wire.free_workers import SAMPLE, SHOWN_MS, FreeWorker, FreeWorkers


def worker(name: str, load: float = 0.0, rtt_ms: float = 0.0) -> FreeWorker:
    return FreeWorker(name=name, capacity=2.0, load=load, rtt_ms=rtt_ms)


async def test_workers_are_drawn_as_they_were_shown(client: Redis) -> None:
    free = FreeWorkers(client)
    assert await free.draw() == []
    await free.show(worker("a", 0.5))
    await free.show(worker("b", rtt_ms=40.0))
    assert sorted(await free.draw(), key=lambda each: each.name) == [
        worker("a", 0.5),
        worker("b", rtt_ms=40.0),
    ]


async def test_a_worker_that_is_shown_again_replaces_what_it_was(client: Redis) -> None:
    free = FreeWorkers(client)
    await free.show(worker("a", 0.5))
    await free.show(worker("a", 1.5))
    assert await free.draw() == [worker("a", 1.5)]


async def test_a_worker_that_hides_is_not_drawn(client: Redis) -> None:
    free = FreeWorkers(client)
    await free.show(worker("a"))
    await free.show(worker("b"))
    await free.hide("a")
    await free.hide("unknown")
    assert await free.draw() == [worker("b")]


async def test_no_more_are_drawn_than_were_asked_for(client: Redis) -> None:
    free = FreeWorkers(client)
    for number in range(3 * SAMPLE):
        await free.show(worker(f"w{number}"))
    drawn = await free.draw()
    assert len({each.name for each in drawn}) == SAMPLE
    assert len(await free.draw(3)) == 3


async def test_workers_come_in_random_order(client: Redis) -> None:
    free = FreeWorkers(client)
    for name in "abc":
        await free.show(worker(name))
    first = {(await free.draw())[0].name for _ in range(60)}
    assert first == {"a", "b", "c"}


async def test_every_worker_is_drawn_in_time(client: Redis) -> None:
    free = FreeWorkers(client)
    for number in range(20):
        await free.show(worker(f"w{number}"))
    seen: set[str] = set()
    for _ in range(200):
        seen |= {each.name for each in await free.draw(4)}
    assert len(seen) == 20


async def test_a_worker_that_died_is_forgotten_by_whoever_draws_it(client: Redis) -> None:
    free = FreeWorkers(client, expiry_ms=1_000)
    await free.show(worker("dead"))
    for _ in range(5):
        await asyncio.sleep(0.5)
        await free.show(worker("a"))
    assert await free.draw() == [worker("a")]
    assert await command(client, "HLEN", keys.FREE_WORKERS) == 1


async def test_the_list_expires_with_its_last_worker(client: Redis) -> None:
    await FreeWorkers(client).show(worker("a"))
    assert SHOWN_MS / 2 < await command(client, "PTTL", keys.FREE_WORKERS) <= SHOWN_MS


@pytest.mark.parametrize("value", ["", "x", "9999999999.1 {", "9999999999.1 {}", "9999999999.1 7"])
async def test_entries_that_say_nothing_are_left_out(client: Redis, value: str) -> None:
    await command(client, "HSET", keys.FREE_WORKERS, "odd", value)
    free = FreeWorkers(client)
    await free.show(worker("a"))
    assert await free.draw() == [worker("a")]


async def test_a_key_of_another_kind_is_made_anew(client: Redis) -> None:
    free = FreeWorkers(client)
    await command(client, "SET", keys.FREE_WORKERS, "a string")
    assert await free.draw() == []
    await free.show(worker("a"))
    await command(client, "DEL", keys.FREE_WORKERS)
    await command(client, "SET", keys.FREE_WORKERS, "a string")
    await free.hide("a")
    await free.show(worker("b"))
    assert await free.draw() == [worker("b")]
