"""A device's rights and leases at the gateway, over a real server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
import pytest

from tests.contract.test_site import BEAT
from tests.records import begin_stream, enhanced
from tests.wire.remote.live_path import Device, joined
from wire import keys
from wire.connection import Redis
from wire.errors import BadMessage, Fenced, NoLease, ServerAway
from wire.heartbeat import Heartbeats, ModelInfo, StreamWork
from wire.jobs import Job, JobOrigin, JobQueue
from wire.link.message import Message
from wire.remote import calls, gateway_session, units
from wire.strikes import LeadNote

STREAM, NAME = "cam1", keys.ENHANCED

MODEL = ModelInfo(
    name="m", title="M", scale=2, macs_per_pixel=1, parameters=1, licence="", precisions=["fp32"]
)


async def enqueue(client: Redis, stream: str = STREAM) -> Job:
    epoch = await begin_stream(client, stream)
    return Job(await JobQueue(client).enqueue(stream, NAME, epoch), stream, NAME, epoch)


async def claim(device: Device) -> Job:
    async with asyncio.timeout(10):
        while (job := await device.site.jobs.next_job(block_ms=10)) is None:
            pass
    return job


async def until_held(device: Device, *jobs: Job) -> None:
    async with asyncio.timeout(10):
        while device.session.held != list(jobs):  # noqa: ASYNC110 - a list, no event
            await asyncio.sleep(0.01)


async def test_a_device_touches_its_own_jobs_only(redis_client: Redis) -> None:
    job = await enqueue(redis_client)
    async with joined(redis_client, "thief") as thief, joined(redis_client, "dev1") as device:
        assert await claim(device) == job
        lead = thief.site.lead(job)
        works: list[Callable[[], Coroutine[Any, Any, object]]] = [
            lambda: lead.records(),
            lambda: lead.take("h264"),
            lambda: lead.drop(1),
            lambda: lead.note(LeadNote.STRIKE, 1),
            lambda: lead.writer(NAME, 1).clear(),
            lambda: thief.site.jobs.finish(job.entry),
            lambda: thief.site.jobs.release(job),
            lambda: thief.site.stream(STREAM).time_us(),
            lambda: thief.site.stream(STREAM).ask_key_frame(""),
            lambda: thief.site.stream(STREAM).source().seek_last_key_frame(),
        ]
        for work in works:
            with pytest.raises(NoLease):
                await work()
        assert device.session.held == [job] and thief.session.held == []
        assert await JobQueue(redis_client).exists(job.entry)


async def test_a_log_of_another_rendition_is_not_opened(redis_client: Redis) -> None:
    await enqueue(redis_client)
    async with joined(redis_client) as device:
        job = await claim(device)
        for log in ("source", "sharp", "enhanced-h265", "enhanced:spec"):
            with pytest.raises(BadMessage, match="is no log of the rendition"):
                await device.site.lead(job).writer(log, 1).clear()
        with pytest.raises(BadMessage, match="is no id"):
            call = calls.Follow(stream=STREAM, lane=9, after="$")
            await device.site._gateway.call(call)


async def test_a_lease_is_renewed_while_the_device_names_the_job(redis_client: Redis) -> None:
    await enqueue(redis_client)
    other = JobQueue(redis_client, consumer="other")
    async with joined(redis_client) as device:
        job = await claim(device)
        until = time.monotonic() + 1.2
        while time.monotonic() < until:
            assert await device.site.jobs.renew(job)
            assert await other.take_over() is None
            await asyncio.sleep(0.05)


async def test_a_job_that_is_named_no_more_lapses_without_being_given_back(
    redis_client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wire.remote.device_jobs.BEGIN_S", 0.3)
    await enqueue(redis_client)
    other = JobQueue(redis_client, consumer="other")
    async with joined(redis_client) as device:
        job = await claim(device)
        await until_held(device)
        assert await other.take_over() is None  # it was not released
        async with asyncio.timeout(5):
            while await other.take_over() != job:  # noqa: ASYNC110 - Redis tells nobody
                await asyncio.sleep(0.05)
        assert not await device.site.jobs.renew(job)


async def test_a_lease_that_another_took_is_lost(redis_client: Redis) -> None:
    await enqueue(redis_client)
    async with joined(redis_client) as device:
        job = await claim(device)
        assert await device.site.jobs.renew(job)
        assert await JobQueue(redis_client, consumer="other").take_over(min_idle_ms=0) == job
        await until_held(device)
        async with asyncio.timeout(5):
            while await device.site.jobs.renew(job):  # noqa: ASYNC110 - Redis tells nobody
                await asyncio.sleep(0.02)
        with pytest.raises(Fenced):
            await device.site.lead(job).writer(NAME, 1).clear()


async def test_a_session_that_ends_gives_all_back(redis_client: Redis) -> None:
    first, second = await enqueue(redis_client), await enqueue(redis_client, "cam2")
    async with joined(redis_client) as device:
        assert {await claim(device), await claim(device)} == {first, second}
        await device.site.heartbeats.beat(BEAT)
        assert len(await Heartbeats(redis_client).list()) == 1
    other = JobQueue(redis_client, consumer="other")
    assert {await other.take_over(), await other.take_over()} == {first, second}
    assert await Heartbeats(redis_client).list() == []


async def test_a_new_connection_goes_on_with_what_the_device_still_has(
    redis_client: Redis,
) -> None:
    await enqueue(redis_client)
    device = Device(redis_client)
    await device.join()
    job = await claim(device)
    epoch = (await device.site.lead(job).take("h264")).epoch
    assert await device.site.jobs.renew(job)
    jobs = await device.cut(is_replaced=True)
    assert await JobQueue(redis_client, consumer="other").take_over() is None
    with pytest.raises(ServerAway):
        await device.site.jobs.renew(job)
    await device.join(jobs=jobs)
    assert device.session.held == [job]
    assert await device.site.jobs.renew(job)
    assert (await enhanced(redis_client)).epoch == epoch
    await device.cut()


async def test_a_new_connection_has_lost_what_another_took_meanwhile(redis_client: Redis) -> None:
    await enqueue(redis_client)
    device = Device(redis_client)
    await device.join()
    job = await claim(device)
    lead = device.site.lead(job)
    epoch = (await lead.take("h264")).epoch
    assert await device.site.jobs.renew(job)
    jobs = await device.cut(is_replaced=True)
    assert await JobQueue(redis_client, consumer="other").take_over(min_idle_ms=0) == job
    await device.join(jobs=jobs)
    assert device.session.held == []
    assert not await device.site.jobs.renew(job)
    await lead.drop(epoch)  # it may still say what became of it
    assert (await enhanced(redis_client)).lead == ""
    await device.cut()


async def test_a_device_that_started_anew_has_nothing(redis_client: Redis) -> None:
    await enqueue(redis_client)
    before = Device(redis_client)
    await before.join()
    job = await claim(before)
    jobs = await before.cut(is_replaced=True)
    after = Device(redis_client)
    await after.join(jobs=jobs)
    after.session.jobs.let_go(job.entry)
    async with asyncio.timeout(10):
        assert await claim(after) == job
    await after.cut()


async def test_a_worker_in_the_site_comes_first(redis_client: Redis) -> None:
    await Heartbeats(redis_client).beat(msgspec.structs.replace(BEAT, name="near"))
    job = await enqueue(redis_client)
    async with joined(redis_client) as device:
        near = JobQueue(redis_client, consumer="near")
        claiming = asyncio.create_task(claim(device))
        async with asyncio.timeout(5):
            while await near.take_over() != job:  # noqa: ASYNC110 - Redis tells nobody
                await asyncio.sleep(0.01)
        assert await near.renew(job)
        claiming.cancel()


async def test_a_device_takes_what_no_worker_in_the_site_takes(redis_client: Redis) -> None:
    await Heartbeats(redis_client).beat(msgspec.structs.replace(BEAT, name="near"))
    job = await enqueue(redis_client)
    async with joined(redis_client) as device:
        begun = time.monotonic()
        assert await claim(device) == job
        assert time.monotonic() - begun >= 0.4


async def test_claims_that_are_repeated_are_one(redis_client: Redis) -> None:
    async with joined(redis_client) as device:
        gateway = device.site._gateway
        claims = [asyncio.create_task(gateway.call(calls.Claim())) for _ in range(5)]
        await asyncio.sleep(0.1)
        await enqueue(redis_client)
        await enqueue(redis_client, "cam2")
        answers = [await each for each in claims]
        assert sum(answer is not None for answer in answers) == len(device.session.held) == 1


async def test_a_device_is_listed_under_its_name_with_its_profile(redis_client: Redis) -> None:
    own = msgspec.structs.replace(BEAT, name="somebody", models=[MODEL])
    async with joined(redis_client) as device:
        for load in (0.25, 0.5):
            await device.site.heartbeats.beat(msgspec.structs.replace(own, load=load))
        (beat,) = await Heartbeats(redis_client).list()
        assert (beat.name, beat.is_remote, beat.load) == ("dev1", True, 0.5)
        assert (beat.models, beat.engines) == ([MODEL], ["e"])
        (found,) = await device.site.heartbeats.find(["dev1"], MODEL.name)
        assert (found.host, found.pid, found.models) == ("", 0, [MODEL])
        assert (found.load, found.is_remote, found.engines) == (0.5, True, [])
        with pytest.raises(BadMessage):
            device.session._profile = None
            await device.site.heartbeats.beat(own)


async def test_a_device_finds_workers_by_their_names_only_and_in_few_bytes(
    redis_client: Redis,
) -> None:
    work = StreamWork(stream="cam", rendition="enhanced", epoch=1, state="enhancing")
    models = [msgspec.structs.replace(MODEL, name=f"net{number}") for number in range(20)]
    for number in range(30):
        whole = msgspec.structs.replace(
            BEAT, name=f"w{number}", models=models, streams=[work] * 5, helped={"made": 1}
        )
        await Heartbeats(redis_client).beat(whole)
    names = [f"w{number}" for number in range(30)]
    async with joined(redis_client) as device:
        assert await device.site.heartbeats.find(["x:team", "", "*"], "net3") == []
        found = await device.site.heartbeats.find(names, "net3")
        assert sorted(each.name for each in found) == sorted(names)
        answer = await device.session._find_workers(calls.FindWorkers(names=names, model="net3"))
    assert len(msgspec.msgpack.encode(answer)) < 30 * 400


async def test_too_many_calls_at_a_time_are_refused(
    redis_client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway_session, "MAX_CALLS", 3)
    async with joined(redis_client) as device:
        gateway = device.site._gateway
        asked = [asyncio.create_task(gateway.call(calls.Claim())) for _ in range(8)]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        refused = [each for each in answers if isinstance(each, ServerAway)]
        assert len(refused) >= 1 and "too many calls" in str(refused[0])
        await gateway.call(calls.Leave())


async def test_what_is_none_of_its_business_is_counted(redis_client: Redis) -> None:
    async with joined(redis_client) as device:
        session = device.session
        session.on_control(b"nonsense")
        session.on_control(calls.encode(calls.Hello(version=1, name="x", proof=b"")))
        session.on_message(Message(99, 0, 0, b""))
        session.on_message(Message(3, 0, 0, b"no letter"))
        assert session.bad_messages == 4
        session.on_message(Message(units.RENDITION_UNITS, 5, 0, b""))
        assert session.stray_units == 1


async def test_a_call_that_fails_by_our_own_fault_ends_nothing_else(redis_client: Redis) -> None:
    async with joined(redis_client) as device:

        async def fail(_: object) -> None:
            raise ZeroDivisionError("of ours")

        device.session._handlers[calls.Leave] = fail
        with pytest.raises(ServerAway, match="of ours"):
            await device.site.heartbeats.leave("dev1")
        await device.site.heartbeats.find([], "")


async def test_a_job_is_handed_over_by_its_holder_only(redis_client: Redis) -> None:
    await enqueue(redis_client)
    async with joined(redis_client) as device:
        job = await claim(device)
        with pytest.raises(NoLease):
            await device.site.jobs.hand_over(Job("1-0", STREAM, NAME, 1), "near")
        assert await device.site.jobs.hand_over(job, "near")
        assert device.session.held == []
        near = JobQueue(redis_client, consumer="near")
        await near.renew_all([])
        assert await near.find_handed() == job
        with pytest.raises(NoLease):
            await device.site.jobs.hand_over(job, "near")


async def test_a_job_that_was_handed_to_a_device_is_its_next_one(redis_client: Redis) -> None:
    await enqueue(redis_client)
    near = JobQueue(redis_client, consumer="near")
    async with joined(redis_client) as device:
        await near.claim(block_ms=1)
        job = await near.claim(block_ms=1_000) or await near.take_over(min_idle_ms=0)
        assert job is not None
        assert await near.hand_over(job, device.session._device)
        found = await claim(device)
        assert found == job and found.origin is JobOrigin.HANDED
