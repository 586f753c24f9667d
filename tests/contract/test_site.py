"""What a worker may expect of its site, however that is reached; over each server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import msgspec
import pytest

from tests.contract.admin import command
from tests.contract.test_heartbeat import MODEL
from tests.contract.units import batch, video
from tests.records import begin_stream, enhanced, renew_watch, set_enhanced
from tests.wire.remote.live_path import joined
from wire import control, keys
from wire.connection import Redis
from wire.errors import DuplicateJob, Fenced, StreamGone
from wire.free_workers import FreeWorker, FreeWorkers
from wire.heartbeat import Heartbeats, WorkerBeat
from wire.jobs import Job, JobQueue
from wire.log import LogReader, LogWriter
from wire.rendition_record import RenditionRegistry
from wire.site import RedisSite, Site, SourceReader
from wire.stream_record import StreamRegistry
from wire.strikes import LeadNote
from wire.team import Declined, Invite, TeamMailbox

STREAM, NAME = "cam1", keys.ENHANCED
WAIT_S = 10.0

BEAT = WorkerBeat(
    name="dev1",
    host="h",
    pid=1,
    started_us=1,
    engines=["e"],
    models=[],
    capacity=1.0,
    load=0.0,
    ms_per_frame=9.0,
    streams=[],
)


@pytest.fixture(params=["redis", "link"])
async def site(request: pytest.FixtureRequest, client: Redis) -> AsyncIterator[Site]:
    """A worker's site next to Redis, and one behind a link."""
    if request.param == "redis":
        yield RedisSite(client, "dev1")
        return
    async with joined(client) as device:
        yield device.site


async def claim(site: Site) -> Job:
    async with asyncio.timeout(WAIT_S):
        while (job := await site.jobs.next_job(block_ms=50)) is None:
            pass
    return job


async def begin(client: Redis, site: Site) -> Job:
    """A stream with its job, which the site's worker holds."""
    epoch = await begin_stream(client)
    entry = await JobQueue(client).enqueue(STREAM, NAME, epoch)
    job = await claim(site)
    assert job == Job(entry, STREAM, NAME, epoch)
    return job


async def read(reader: SourceReader, count: int) -> list[int]:
    """Sequence numbers of that many units."""
    found: list[int] = []
    async with asyncio.timeout(WAIT_S):
        while len(found) < count:
            for entry in await reader.read(block_ms=100):
                found += [unit.sequence for unit in entry.batch.units]
    return found


async def kept(client: Redis, log: str = NAME) -> list[int]:
    """Sequence numbers of the units that a log has."""
    reader = LogReader(client, stream=STREAM, rendition=log)
    entries = await reader.read(block_ms=1, count=1000)
    return [unit.sequence for entry in entries for unit in entry.batch.units]


async def until_kept(client: Redis, wanted: list[int], log: str = NAME) -> None:
    async with asyncio.timeout(WAIT_S):
        while await kept(client, log) != wanted:  # noqa: ASYNC110 - Redis tells nobody
            await asyncio.sleep(0.01)


def now_ms() -> int:
    return int(time.monotonic() * 1000)


async def test_a_job_is_claimed_once_and_can_be_given_back(client: Redis, site: Site) -> None:
    job = await begin(client, site)
    assert await site.jobs.renew_all([job]) == [True]
    assert await site.jobs.next_job(block_ms=20) is None
    assert await site.jobs.next_job(block_ms=20, only_handed=True) is None
    await site.jobs.release(job)
    other = JobQueue(client, consumer="other")
    assert await other.take_over() == job
    assert site.jobs.bad_jobs == 0


async def test_a_job_that_is_finished_is_gone(client: Redis, site: Site) -> None:
    job = await begin(client, site)
    await site.jobs.finish(job.entry)
    assert not await JobQueue(client).exists(job.entry)


async def test_records_are_those_of_stream_and_rendition(client: Redis, site: Site) -> None:
    job = await begin(client, site)
    await renew_watch(client, job.source_epoch)
    await set_enhanced(client, job.source_epoch, model="other", strength=0.25)
    records = await site.lead(job).records()
    assert records.stream == await StreamRegistry(client).get(STREAM)
    assert records.rendition == await enhanced(client)
    assert records.rendition.watched and records.rendition.strength == 0.25


async def test_who_asks_for_what_is_gone_is_told(client: Redis, site: Site) -> None:
    job = await begin(client, site)
    await StreamRegistry(client).end(STREAM, job.source_epoch, [NAME])
    with pytest.raises(StreamGone):
        await site.lead(job).records()
    with pytest.raises(StreamGone):
        await site.lead(job).take("h264")


async def test_the_lead_is_taken_in_the_workers_name_and_let_go(client: Redis, site: Site) -> None:
    job = await begin(client, site)
    lead = site.lead(job)
    epoch = (await lead.take("vp8")).epoch
    record = await enhanced(client)
    assert (record.lead, record.epoch, record.output) == ("dev1", epoch, "vp8")
    assert record.job == job.entry
    await lead.drop(epoch)
    assert (await enhanced(client)).lead == ""


async def test_a_second_job_of_a_rendition_is_told_from_the_first(
    client: Redis, site: Site
) -> None:
    job = await begin(client, site)
    await RenditionRegistry(client).take_lead(STREAM, NAME, job.source_epoch, "o", job="1-1")
    with pytest.raises(DuplicateJob):
        await site.lead(job).take("h264")


async def test_notes_of_a_lead_stand_in_the_record(client: Redis, site: Site) -> None:
    job = await begin(client, site)
    lead = site.lead(job)
    epoch = (await lead.take("h264")).epoch
    await lead.note(LeadNote.DECODES, epoch)
    assert (await enhanced(client)).decoding
    await lead.note(LeadNote.RESTS, epoch)
    assert not (await enhanced(client)).decoding
    await lead.note(LeadNote.STRIKE, epoch)
    record = await enhanced(client)
    assert (record.strikes, record.struck, record.lead) == (1, epoch, "")
    await lead.note(LeadNote.ALIVE, epoch)
    assert (await enhanced(client)).strikes == 0
    await lead.note(LeadNote.STRIKE, epoch)
    await lead.note(LeadNote.FORGIVE, epoch)
    assert (await enhanced(client)).strikes == 0


async def test_the_time_is_that_of_the_server(client: Redis, site: Site) -> None:
    await begin(client, site)
    seconds, micros = await client.time(keys.record(STREAM))
    found = await site.stream(STREAM).time_us()
    assert 0 <= found - int(seconds) * 1_000_000 - int(micros) < 5_000_000


async def test_a_worker_is_listed_until_it_leaves(client: Redis, site: Site) -> None:
    await site.heartbeats.beat(BEAT)
    assert [beat.name for beat in await site.heartbeats.find(["dev1"], "")] == ["dev1"]
    assert [beat.capacity for beat in await Heartbeats(client).list()] == [1.0]
    await site.heartbeats.leave("dev1")
    assert await site.heartbeats.find(["dev1"], "") == []


async def test_the_source_is_read_from_its_last_key_frame_on(client: Redis, site: Site) -> None:
    job = await begin(client, site)
    writer = LogWriter(client, stream=STREAM, rendition=keys.SOURCE, epoch=job.source_epoch)
    for number in range(6):
        unit = video(number, key=number in (0, 3))
        await writer.append(batch(job.source_epoch, unit), now_ms=now_ms())
    reader = site.stream(STREAM).source()
    assert await reader.seek_last_key_frame()
    assert await read(reader, 3) == [3, 4, 5]
    entry = await writer.append(batch(job.source_epoch, video(6)), now_ms=now_ms())
    async with asyncio.timeout(WAIT_S):
        while not (entries := await reader.read(block_ms=100)):
            pass
    assert [(each.id, each.batch.epoch) for each in entries] == [(entry, job.source_epoch)]
    await reader.pause()
    await writer.append(batch(job.source_epoch, video(7, key=True)), now_ms=now_ms())
    assert await reader.seek_last_key_frame()
    assert await read(reader, 1) == [7]
    assert reader.bad_entries == reader.stale_units == 0


async def test_a_source_without_a_key_frame_is_read_from_its_end(client: Redis, site: Site) -> None:
    job = await begin(client, site)
    reader = site.stream(STREAM).source()
    assert not await reader.seek_last_key_frame()
    writer = LogWriter(client, stream=STREAM, rendition=keys.SOURCE, epoch=job.source_epoch)
    await writer.append(batch(job.source_epoch, video(0, key=True)), now_ms=now_ms())
    assert await read(reader, 1) == [0]


async def test_the_publisher_is_asked_for_key_frames(client: Redis, site: Site) -> None:
    await begin(client, site)
    mailbox = control.to_publisher(client, STREAM)
    assert await mailbox.read(block_ms=1) == []
    await site.stream(STREAM).ask_key_frame("it is needed")
    found = await mailbox.read(block_ms=5000)
    assert found == [control.KeyFrameRequest(rendition=keys.SOURCE, reason="it is needed")]


async def test_leads_get_their_mail(client: Redis, site: Site) -> None:
    await begin(client, site)
    mail = site.stream(STREAM).mail()
    sent: list[control.Message] = [
        control.KeyFrameRequest(rendition=NAME, reason="why"),
        control.RecordChanged(),
        control.MapRequest(rendition=NAME),
    ]
    found: list[control.Message] = []
    async with asyncio.timeout(WAIT_S):
        await mail.read(block_ms=1)
        while len(found) < 3:
            for message in sent:
                await control.to_lead(client, STREAM).send(message)
            found += await mail.read(block_ms=500)
    assert found[:3] == sent and mail.bad_messages == 0


async def test_what_is_made_stands_in_the_log_in_its_order(client: Redis, site: Site) -> None:
    job = await begin(client, site)
    lead = site.lead(job)
    epoch = (await lead.take("h264")).epoch
    writer = lead.writer(NAME, epoch)
    assert writer.epoch == epoch
    for number in range(20):
        await writer.append(batch(epoch, video(number, key=number == 0)), now_ms=now_ms())
    await until_kept(client, list(range(20)))
    variant = lead.writer("enhanced-vp8", epoch)
    await variant.append(batch(epoch, video(5, key=True)), now_ms=now_ms())
    await until_kept(client, [5], "enhanced-vp8")


async def test_a_log_is_emptied_behind_what_was_written(client: Redis, site: Site) -> None:
    job = await begin(client, site)
    lead = site.lead(job)
    epoch = (await lead.take("h264")).epoch
    writer = lead.writer(NAME, epoch)
    for number in range(5):
        await writer.append(batch(epoch, video(number, key=number == 0)), now_ms=now_ms())
    await writer.clear()
    await writer.append(batch(epoch, video(9, key=True)), now_ms=now_ms())
    await until_kept(client, [9])
    await writer.clear()
    await until_kept(client, [])


@pytest.mark.parametrize("is_ended", [False, True])
async def test_who_is_no_lead_any_more_writes_nothing(
    client: Redis, site: Site, is_ended: bool
) -> None:
    job = await begin(client, site)
    lead = site.lead(job)
    epoch = (await lead.take("h264")).epoch
    writer = lead.writer(NAME, epoch)
    await writer.append(batch(epoch, video(0, key=True)), now_ms=now_ms())
    await until_kept(client, [0])
    if is_ended:
        await StreamRegistry(client).end(STREAM, job.source_epoch, [NAME])
    else:
        await RenditionRegistry(client).take_lead(STREAM, NAME, job.source_epoch, "usurper")
    with pytest.raises(StreamGone if is_ended else Fenced):
        async with asyncio.timeout(WAIT_S):
            while True:
                await writer.append(batch(epoch, video(1)), now_ms=now_ms())
                await asyncio.sleep(0.01)
    assert await kept(client) == ([] if is_ended else [0])


async def test_a_job_that_is_handed_over_is_found_by_its_new_holder(
    client: Redis, site: Site
) -> None:
    job = await begin(client, site)
    assert await site.jobs.hand_over(job, "other")
    assert await site.jobs.renew_all([job]) == [False]
    other = JobQueue(client, consumer="other")
    await other.renew_all([])
    assert await other.find_handed() == job


async def test_workers_with_free_capacity_are_drawn(client: Redis, site: Site) -> None:
    free = FreeWorker(name="w2", capacity=2.0, load=0.5)
    await FreeWorkers(client).show(free)
    assert free in await site.heartbeats.draw()


async def test_workers_are_found_by_name_with_what_a_lead_asks_of_them(
    client: Redis, site: Site
) -> None:
    models = [msgspec.structs.replace(MODEL, name=name) for name in ("live-s", "live-m", "live-l")]
    busy = msgspec.structs.replace(BEAT, name="w1", models=models, load=0.75, ms_per_frame=20.0)
    far = msgspec.structs.replace(BEAT, name="w2", is_remote=True, rtt_ms=41.5, state="draining")
    for each in (busy, far, msgspec.structs.replace(BEAT, name="w3")):
        await Heartbeats(client).beat(each)
    await command(client, "HSET", keys.worker("bad"), "beat", "no beat")
    found = await site.heartbeats.find(["w2", "w1", "gone", "bad", "w1"], "live-m")
    assert [each.name for each in found] == ["w1", "w2"]
    assert found[0].models == [models[1]] and found[1].models == []
    assert (found[0].load, found[0].capacity, found[0].ms_per_frame) == (0.75, 1.0, 20.0)
    assert (found[1].rtt_ms, found[1].state, found[1].is_remote) == (41.5, "draining", True)
    assert await site.heartbeats.find([], "live-m") == []


async def test_workers_of_a_team_write_to_each_other(client: Redis, site: Site) -> None:
    other = TeamMailbox(client, "dev2")
    first = asyncio.create_task(site.team.read(9000))
    await asyncio.sleep(0.1)
    invite = Invite(
        stream=STREAM, rendition=NAME, epoch=7, source_epoch=3, model="m", strength=0.5, quality=9
    )
    await other.send("dev1", invite, 2.0)
    (received,) = await first
    assert (received.sender, received.message) == ("dev2", invite) and received.left_s <= 2.0
    await other.read(1)
    answer = Declined(stream=STREAM, rendition=NAME, epoch=7, reason="No.")
    await site.team.send("dev2", answer, 2.0)
    assert [(each.sender, each.message) for each in await other.read(1000)] == [("dev1", answer)]
    assert site.team.late == site.team.bad_messages == 0
