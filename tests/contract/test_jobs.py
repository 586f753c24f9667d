from __future__ import annotations

import asyncio
import time

import pytest

from tests.contract.admin import command
from wire import keys
from wire.connection import Redis, wait_until_up
from wire.embedded import EmbeddedServer
from wire.jobs import (
    LEASE_MS,
    MAX_LISTED,
    SEARCH_CALLS,
    SEARCH_EXPIRY_MS,
    Job,
    JobOrigin,
    JobQueue,
)


async def ready(client: Redis, *names: str) -> list[JobQueue]:
    """The queues of workers that have met the group's absence already."""
    queues = [JobQueue(client, consumer=name) for name in names]
    for queue in queues:
        await queue.claim(block_ms=1)
    return queues


async def claimed(queue: JobQueue, stream: str = "cam1", epoch: int = 1) -> Job:
    """A job that the queue made, and holds."""
    await queue.enqueue(stream, keys.ENHANCED, epoch)
    job = await queue.claim(block_ms=100)
    assert job is not None
    return job


async def find_handed(queue: JobQueue) -> Job | None:
    await queue.renew_all([])
    return await queue.find_handed()


async def take_over_soon(queue: JobQueue) -> Job:
    deadline = time.monotonic() + 3.0
    while (job := await queue.take_over()) is None:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    return job


async def test_a_job_says_which_rendition_of_which_stream_and_publisher(client: Redis) -> None:
    (worker,) = await ready(client, "a")
    entry = await JobQueue(client).enqueue("cam1", keys.ENHANCED, 77)
    assert await worker.claim(block_ms=100) == Job(
        entry=entry, stream="cam1", rendition="enhanced", source_epoch=77
    )


async def test_a_job_made_before_any_worker_came_is_claimed(client: Redis) -> None:
    entry = await JobQueue(client).enqueue("cam1", keys.ENHANCED, 77)
    worker = JobQueue(client, consumer="a")
    assert await worker.claim(block_ms=100) is None  # makes the group
    job = await worker.claim(block_ms=100)
    assert job is not None
    assert job.entry == entry


async def test_each_of_twenty_jobs_is_claimed_once_by_eight_racing_workers(client: Redis) -> None:
    offers = JobQueue(client)
    entries = {await offers.enqueue(f"cam{number}", keys.ENHANCED, number) for number in range(20)}
    claimed: list[str] = []

    async def work(name: str) -> None:
        queue = JobQueue(client, consumer=name)
        while len(claimed) < 20:
            job = await queue.claim(block_ms=20)
            if job is not None:
                claimed.append(job.entry)
                assert await queue.renew(job)

    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        for number in range(8):
            group.create_task(work(f"w{number}"), name=f"w{number}")
    assert len(claimed) == 20
    assert set(claimed) == entries


async def test_a_waiting_worker_wakes_when_a_job_is_made(client: Redis) -> None:
    (worker,) = await ready(client, "a")
    async with asyncio.TaskGroup() as group:
        claiming = group.create_task(worker.claim(block_ms=8_000), name="claim")
        await asyncio.sleep(0.05)
        started = time.monotonic()
        await JobQueue(client).enqueue("cam1", keys.ENHANCED, 1)
        assert await claiming is not None
    assert time.monotonic() - started < 1.0


async def test_a_renewed_lease_is_not_taken_over(client: Redis) -> None:
    a, b = await ready(client, "a", "b")
    job = await claimed(a)
    for _ in range(3):
        await a.release(job)  # as if it had lapsed
        assert await a.renew(job)
        assert await b.take_over() is None
    assert await b.claim(block_ms=1) is None


async def test_a_lapsed_lease_is_taken_over_once_and_its_late_holder_is_told(
    client: Redis,
) -> None:
    a, b, c = await ready(client, "a", "b", "c")
    job = await claimed(a)
    claimed_at = time.monotonic()
    assert await take_over_soon(b) == job
    assert time.monotonic() - claimed_at > LEASE_MS / 1000 - 0.1
    assert await c.take_over() is None
    assert not await a.renew(job)
    await a.release(job)
    assert await c.take_over() is None
    assert await b.renew(job)


async def test_a_lapsed_lease_is_found_behind_many_that_are_renewed(client: Redis) -> None:
    a, dead, b = await ready(client, "a", "dead", "b")
    held: list[Job] = []
    for number in range(40):
        await a.enqueue(f"cam{number}", keys.ENHANCED, number)
        job = await (a if number < 39 else dead).claim(block_ms=100)
        assert job is not None
        held.append(job)
    await dead.release(held[-1])
    assert await b.take_over(min_idle_ms=600_000) == held[-1]


async def test_a_released_job_is_available_at_once(client: Redis) -> None:
    a, b = await ready(client, "a", "b")
    job = await claimed(a)
    await a.release(job)
    assert await b.take_over() == job
    assert await b.renew(job)
    assert not await a.renew(job)


async def test_a_finished_job_is_gone_for_everyone(client: Redis) -> None:
    a, b = await ready(client, "a", "b")
    entry = await a.enqueue("cam1", keys.ENHANCED, 1)
    job = await a.claim(block_ms=100)
    assert job is not None
    assert await a.exists(entry)
    await JobQueue(client).finish(entry)
    assert not await a.exists(entry)
    assert not await a.renew(job)
    await a.release(job)
    assert await b.take_over(min_idle_ms=0) is None
    assert await b.claim(block_ms=1) is None
    await a.finish(entry)


async def test_an_unclaimed_job_can_be_finished(client: Redis) -> None:
    entry = await JobQueue(client).enqueue("cam1", keys.ENHANCED, 1)
    await JobQueue(client).finish(entry)
    (worker,) = await ready(client, "a")
    assert await worker.claim(block_ms=1) is None


async def test_a_deleted_job_is_passed_over_at_take_over(client: Redis) -> None:
    a, b = await ready(client, "a", "b")
    for number in range(3):
        await a.enqueue(f"cam{number}", keys.ENHANCED, number)
    jobs = [await a.claim(block_ms=100) for _ in range(3)]
    assert jobs[0] is not None
    await command(client, "XDEL", keys.JOBS, jobs[0].entry)
    assert await b.take_over(min_idle_ms=0) == jobs[1]


async def test_the_group_is_made_again_after_the_server_lost_it(
    server: EmbeddedServer, client: Redis
) -> None:
    a, b = await ready(client, "a", "b")
    job = await claimed(a)
    server.restart()
    assert await wait_until_up(client, 5.0)
    assert not await a.exists(job.entry)
    assert not await a.renew(job)
    await a.release(job)
    assert await b.take_over() is None
    entry = await JobQueue(client).enqueue("cam1", keys.ENHANCED, 1)
    again = await b.claim(block_ms=100)
    assert again is not None
    assert again.entry == entry


async def test_a_worker_that_waits_for_a_job_survives_the_loss_of_all_keys(client: Redis) -> None:
    (worker,) = await ready(client, "a")
    async with asyncio.TaskGroup() as group:
        claiming = group.create_task(worker.claim(block_ms=300), name="claim")
        await asyncio.sleep(0.05)
        await command(client, "FLUSHALL")
        assert await claiming is None
    await worker.enqueue("cam1", keys.ENHANCED, 1)
    found = [await worker.claim(block_ms=50) for _ in range(2)]
    assert any(found)


async def test_consumers_are_forgotten_when_they_hold_nothing_and_were_silent(
    client: Redis,
) -> None:
    old, holder = await ready(client, "old", "holder")
    await old.finish(await old.enqueue("cam1", keys.ENHANCED, 1))
    for queue in (old, holder):
        await queue.enqueue("cam2", keys.ENHANCED, 2)
        assert await queue.claim(block_ms=100) is not None
    done = await command(client, "XRANGE", keys.JOBS, "-", "+", "COUNT", 1)
    await old.finish(done[0][0].decode())
    await JobQueue(client, consumer="early").claim(block_ms=1)
    assert await _consumers(client) >= {b"old", b"holder"}
    await asyncio.sleep(0.03)
    await JobQueue(client, consumer="late", free_idle_ms=20).claim(block_ms=1)
    assert await _consumers(client) - {b"late"} == {b"holder"}


async def _consumers(client: Redis) -> set[bytes]:
    rows = await command(client, "XINFO", "CONSUMERS", keys.JOBS, keys.JOBS_GROUP)
    return {row[row.index(b"name") + 1] for row in rows}


async def test_all_leases_of_a_worker_are_renewed_at_once(client: Redis) -> None:
    a, b = await ready(client, "a", "b")
    held = [await claimed(a, f"cam{number}", number) for number in range(3)]
    await a.release(held[1])
    assert await b.take_over() == held[1]
    await a.finish(held[2].entry)
    for job in held:
        await a.release(job)  # as if they had lapsed
    assert await a.renew_all(held) == [True, False, False]
    assert await a.renew_all([]) == []
    assert await b.take_over() is None


async def test_leases_of_a_lost_group_are_not_renewed(client: Redis) -> None:
    (a,) = await ready(client, "a")
    job = await claimed(a)
    await command(client, "DEL", client.key(keys.JOBS))
    assert await a.renew_all([job]) == [False]
    assert not await a.hand_over(job, "b")


async def test_a_lease_that_is_handed_over_is_fresh_at_its_new_holder(client: Redis) -> None:
    a, b, c = await ready(client, "a", "b", "c")
    job = await claimed(a)
    await a.release(job)  # as if it had lapsed
    assert await a.hand_over(job, "b")
    assert await c.take_over() is None
    assert not await a.renew(job)
    assert not await a.hand_over(job, "c")
    assert await b.renew(job)


async def test_a_search_goes_on_behind_the_leases_that_it_has_seen(client: Redis) -> None:
    count = 10 * SEARCH_CALLS + 20
    a, dead, b = await ready(client, "a", "dead", "b")
    held: list[Job] = []
    for number in range(count):
        await a.enqueue(f"cam{number}", keys.ENHANCED, number)
        job = await (a if number < count - 1 else dead).claim(block_ms=100)
        assert job is not None
        held.append(job)
    await dead.release(held[-1])
    searches = 0
    while (found := await b.take_over(min_idle_ms=600_000)) is None:
        searches += 1
        assert searches < 4
    assert found == held[-1]
    # It lay in the second part, or in the third where another server looks at fewer.
    assert searches >= 1


async def test_a_lease_that_was_handed_over_is_found_once_by_its_new_holder(client: Redis) -> None:
    a, b = await ready(client, "a", "b")
    job = await claimed(a)
    assert job.origin is JobOrigin.NEW
    assert await find_handed(a) is None
    assert await find_handed(b) is None
    assert await a.hand_over(job, "b")
    assert await find_handed(a) is None
    found = await find_handed(b)
    assert found == job
    assert found.origin is JobOrigin.HANDED
    assert await find_handed(b) is None


async def test_a_job_that_is_handed_back_is_found_again(client: Redis) -> None:
    a, b = await ready(client, "a", "b")
    job = await claimed(a)
    for giver, taker in ((a, "b"), (b, "a"), (a, "b")):
        assert await giver.hand_over(job, taker)
        assert await find_handed({"a": a, "b": b}[taker]) == job


async def test_a_lease_that_was_let_lapse_is_not_taken_for_one_that_was_handed(
    client: Redis,
) -> None:
    (a,) = await ready(client, "a")
    job = await claimed(a)
    await a.release(job)
    assert await find_handed(a) is None
    assert await a.take_over() == job


async def test_a_worker_of_the_same_name_finds_the_leases_of_its_earlier_life(
    client: Redis,
) -> None:
    (a,) = await ready(client, "a")
    await a.enqueue("cam1", keys.ENHANCED, 1)
    job = await a.claim(block_ms=100)
    assert await find_handed(JobQueue(client, consumer="a")) == job


async def test_a_handed_entry_that_is_gone_is_passed_over(client: Redis) -> None:
    a, b = await ready(client, "a", "b")
    held: list[Job] = []
    for number in range(2):
        held.append(await claimed(a, f"cam{number}", number))
        assert await a.hand_over(held[-1], "b")
    await command(client, "XDEL", keys.JOBS, held[0].entry)
    assert await find_handed(b) == held[1]


async def test_a_lease_that_is_renewed_or_was_asked_for_was_not_handed(client: Redis) -> None:
    a, b = await ready(client, "a", "b")
    held = [await claimed(a, f"cam{number}", number) for number in range(2)]
    assert await a.hand_over(held[0], "b")
    # Renewed before anybody looked: its holder has it by other means.
    assert await b.renew(held[0])
    assert await b.find_handed() is None
    await a.release(held[1])
    taken = await b.take_over()
    assert taken == held[1]
    assert await find_handed(b) is None


async def test_a_handed_lease_that_lapsed_meanwhile_is_its_new_holders(client: Redis) -> None:
    a, b, c = await ready(client, "a", "b", "c")
    job = await claimed(a)
    assert await a.hand_over(job, "b")
    await b.renew_all([])
    assert await c.take_over(min_idle_ms=0) == job
    assert await b.find_handed() is None
    assert await c.renew(job)


async def test_more_leases_than_are_listed_are_renewed_all_the_same(client: Redis) -> None:
    a, b = await ready(client, "a", "b")
    held: list[Job] = []
    for number in range(MAX_LISTED + 2):
        held.append(await claimed(a, f"cam{number}", number))
    await a.release(held[-1])
    assert await b.take_over(min_idle_ms=600_000) == held[-1]
    assert await a.renew_all(held[1:]) == [True] * MAX_LISTED + [False]


async def test_workers_search_on_from_where_the_last_one_ended(client: Redis) -> None:
    count = 10 * SEARCH_CALLS + 20
    a, b, c, d = await ready(client, "a", "b", "c", "d")
    last: Job | None = None
    for number in range(count):
        await a.enqueue(f"cam{number}", keys.ENHANCED, number)
        last = await a.claim(block_ms=100)
    assert last is not None
    await a.release(last)
    # Each searches once; from the start, none of them would come as far.
    found = [await each.take_over(min_idle_ms=600_000) for each in (b, c, d)]
    assert last in found


@pytest.mark.parametrize(
    "value", ["", "x", "1-2-3", "99999999999999999999-0", "1-99999999999999999999"]
)
async def test_a_search_begins_anew_where_its_place_says_nothing(client: Redis, value: str) -> None:
    a, b = await ready(client, "a", "b")
    job = await claimed(a)
    await a.release(job)
    await command(client, "HSET", keys.job_search(client.prefix), "cursor", value)
    assert await b.take_over() == job


async def test_a_search_does_not_begin_anew_at_once(client: Redis) -> None:
    a, b, c = await ready(client, "a", "b", "c")
    job = await claimed(a)
    assert await b.take_over(min_idle_ms=600_000, rest_ms=60_000) is None
    await a.release(job)
    assert await c.take_over(min_idle_ms=600_000, rest_ms=60_000) is None
    await asyncio.sleep(0.005)
    assert await c.take_over(min_idle_ms=600_000, rest_ms=1) == job


@pytest.mark.parametrize("value", ["", "x", "-1", f"{10**30}"])
async def test_a_search_does_not_rest_where_its_time_says_nothing(
    client: Redis, value: str
) -> None:
    a, b = await ready(client, "a", "b")
    job = await claimed(a)
    await a.release(job)
    await command(client, "HSET", keys.job_search(client.prefix), "began", value)
    assert await b.take_over(rest_ms=60_000) == job


async def test_a_place_of_another_type_is_made_anew(client: Redis) -> None:
    a, b = await ready(client, "a", "b")
    job = await claimed(a)
    await a.release(job)
    await command(client, "SET", keys.job_search(client.prefix), "text")
    assert await b.take_over() == job
    assert 0 < await command(client, "PTTL", keys.job_search(client.prefix)) <= SEARCH_EXPIRY_MS


async def test_a_job_says_if_it_was_led_before(client: Redis) -> None:
    a, b = await ready(client, "a", "b")
    await a.enqueue("cam1", keys.ENHANCED, 1)
    job = await a.claim(block_ms=100)
    assert job is not None and job.origin is JobOrigin.NEW
    await a.release(job)
    taken = await b.take_over()
    assert taken is not None and taken.origin is JobOrigin.LAPSED


async def test_all_leases_of_a_worker_that_died_are_free_at_once(client: Redis) -> None:
    dead, alive = await ready(client, "dead", "alive")
    for number in range(3):
        await dead.enqueue(f"cam{number}", keys.ENHANCED, 1)
    first, second = [await dead.claim(block_ms=100) for _ in range(2)]
    kept = await alive.claim(block_ms=100)
    assert first is not None and second is not None and kept is not None
    assert await JobQueue(client, consumer="dead").release_all() == 2
    began = time.monotonic()
    taken = {(await take_over_soon(alive)).entry for _ in range(2)}
    assert taken == {first.entry, second.entry}
    assert time.monotonic() - began < LEASE_MS / 2000
    assert await alive.renew(kept)
    assert await JobQueue(client, consumer="dead").release_all() == 0
    assert await JobQueue(client, consumer="nobody").release_all() == 0
