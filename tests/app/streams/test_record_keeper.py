"""Records and jobs of one publisher's stream, over a real server."""

from __future__ import annotations

import asyncio
import contextlib
import logging

import pytest
import redis.exceptions

from app.http.schemas import StreamChange
from app.streams.record_keeper import RecordKeeper
from tests.records import enhanced, take_lead
from wire import keys
from wire.connection import REDIS_DOWN, Redis, command
from wire.embedded import EmbeddedServer
from wire.errors import StreamBusy, StreamGone
from wire.jobs import Job, JobQueue
from wire.rendition_record import SPEC_FIELDS, RenditionRegistry, RenditionSpec
from wire.stream_record import StreamRecord, StreamRegistry

SHARP = RenditionSpec(model="live-l", factor=2, strength=0.75, codec="vp8", kbps=900, enhance=False)


class Place:
    """A live stream with its keeper, and what operators and workers do to it."""

    def __init__(self, client: Redis, epoch: int) -> None:
        self.client = client
        self.epoch = epoch
        self.keeper = RecordKeeper(client, "cam1", epoch)
        self.renditions = RenditionRegistry(client)

    async def keep(self, *, has_source: bool = True) -> StreamRecord:
        return await self.keeper.keep(has_source=has_source, state="live", codec="h264")

    async def add(self, name: str, spec: RenditionSpec = SHARP) -> None:
        await self.renditions.ensure("cam1", name, self.epoch, spec)

    async def names(self) -> list[str]:
        return [record.name for record in await self.renditions.list("cam1")]

    async def jobs(self) -> list[Job]:
        """All jobs that nobody holds, in order."""
        queue = JobQueue(self.client, consumer="w")
        with contextlib.suppress(redis.exceptions.ResponseError):
            words = ("XGROUP", "CREATE", keys.JOBS, keys.JOBS_GROUP, "0", "MKSTREAM")
            await command(self.client, *words)
        found = []
        while (job := await queue.claim(block_ms=1)) is not None:
            found.append(job)
        return found


@pytest.fixture
async def place(redis_client: Redis) -> Place:
    return Place(redis_client, await StreamRegistry(redis_client).create("cam1"))


async def test_a_stream_has_the_default_rendition_at_once_and_its_job_with_the_source(
    place: Place,
) -> None:
    await place.keep(has_source=False)
    assert await place.names() == [keys.ENHANCED]
    assert await place.jobs() == []
    await place.keep()
    (job,) = await place.jobs()
    assert (job.stream, job.rendition, job.source_epoch) == ("cam1", keys.ENHANCED, place.epoch)
    assert (await enhanced(place.client)).job == job.entry
    for _ in range(3):
        await place.keep()
    assert await place.jobs() == []


async def test_an_added_rendition_gets_a_job_and_a_removed_one_loses_it(place: Place) -> None:
    await place.keep()
    await place.jobs()
    await place.add("sharp")
    record = await place.keep()
    assert record.renditions == (keys.ENHANCED, "sharp")
    (job,) = await place.jobs()
    assert job.rendition == "sharp"
    await place.keep()
    # Whoever removed it died before it could finish the job.
    await place.renditions.remove("cam1", "sharp", place.epoch)
    await place.keep()
    assert not await JobQueue(place.client).exists(job.entry)
    assert await place.names() == [keys.ENHANCED]


async def test_all_records_live_as_long_as_they_are_kept(place: Place) -> None:
    await place.add("sharp")
    await place.keep()
    await place.keep()
    names = [keys.record("cam1"), *(keys.rendition("cam1", n) for n in (keys.ENHANCED, "sharp"))]
    for name in names:
        await command(place.client, "PEXPIRE", name, 500)
    await place.keep()
    for name in names:
        assert await command(place.client, "PTTL", name) > 4000


async def test_all_renditions_are_brought_back_with_their_specifications_when_redis_loses_them(
    own_server: EmbeddedServer, own_client: Redis
) -> None:
    place = Place(own_client, await StreamRegistry(own_client).create("cam1"))
    await place.add("sharp")
    await place.keep()
    await place.renditions.set_config("cam1", keys.ENHANCED, place.epoch, strength=0.25)
    lead = await take_lead(own_client, place.epoch)
    await place.keep()
    own_server.restart()
    async with asyncio.timeout(10):
        while place.keeper.restarts == 0:
            try:
                await place.keep()
            except (*REDIS_DOWN, StreamGone):
                await asyncio.sleep(0.05)
    await place.keep()
    found = {record.name: record for record in await place.renditions.list("cam1")}
    assert found["sharp"].spec == SHARP
    assert found[keys.ENHANCED].spec == RenditionSpec(strength=0.25)
    assert found[keys.ENHANCED].epoch == lead
    assert {job.rendition for job in await place.jobs()} == {keys.ENHANCED, "sharp"}


def test_all_that_an_operator_may_change_of_a_rendition_is_brought_back() -> None:
    # Who may watch is no part of the record: `wire/stream_keys.py` keeps it.
    assert set(StreamChange.model_fields) - {"view"} <= set(SPEC_FIELDS)


@pytest.mark.parametrize("damage", ["delete", "text", "field", "epoch"])
async def test_one_record_that_is_lost_or_damaged_is_mended_with_what_it_held(
    place: Place, damage: str
) -> None:
    await place.add("sharp")
    await place.keep()
    key = keys.rendition("cam1", "sharp")
    match damage:
        case "delete":
            await command(place.client, "DEL", key)
        case "text":
            await command(place.client, "SET", key, "text")
        case "field":
            await command(place.client, "HSET", key, "strength", "much")
        case "epoch":
            await command(place.client, "HSET", key, "source_epoch", "7")
    await place.keep()
    await place.keep()
    record = await place.renditions.get("cam1", "sharp")
    assert (record.spec, record.source_epoch) == (SHARP, place.epoch)
    assert await JobQueue(place.client).exists(record.job)


async def test_only_what_was_made_again_is_said_to_be(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await place.add("sharp")
    await place.add("small")
    await place.keep()
    await command(place.client, "DEL", keys.rendition("cam1", "small"))
    await place.keep()
    # An operator removes one after the keeper has read the stream's record.
    await place.renditions.remove("cam1", "sharp", place.epoch)
    await place.keeper._keep_rendition("sharp", has_job=True)
    await place.keep()
    assert await place.names() == [keys.ENHANCED, "small"]
    lost, removed = caplog.records
    assert (lost.levelname, removed.levelname) == ("WARNING", "INFO")
    assert lost.message.endswith("stream cam1 has no rendition small in Redis; made again")
    assert removed.message.endswith(
        "rendition sharp is not made again: the stream's record does not name it"
    )


async def test_a_damaged_record_of_the_stream_is_made_again(place: Place) -> None:
    await place.add("sharp")
    await place.keep()
    await command(place.client, "HSET", keys.record("cam1"), "fps", "many")
    record = await place.keep()
    record = await place.keep()
    assert (record.epoch, record.renditions) == (place.epoch, (keys.ENHANCED, "sharp"))
    assert place.keeper.restarts == 1


async def test_another_publisher_is_told_of(place: Place) -> None:
    await place.keep()
    await StreamRegistry(place.client).create("cam1", over=True)
    with pytest.raises(StreamBusy):
        await place.keep()


async def test_a_lost_answer_makes_no_second_job(place: Place) -> None:
    await place.keep(has_source=False)
    lost = await JobQueue(place.client).enqueue("cam1", keys.ENHANCED, place.epoch)
    await take_lead(place.client, place.epoch, job=lost)
    await place.keep()
    assert (await enhanced(place.client)).job == lost
    assert await command(place.client, "XLEN", keys.JOBS) == 1


async def test_the_end_leaves_no_key(place: Place) -> None:
    await place.add("sharp")
    await place.keep()
    await place.keep()
    for name in (*keys.logs_of(keys.ENHANCED), *keys.logs_of("sharp")):
        await command(place.client, "XADD", keys.log("cam1", name), "*", "a", "b")
    await place.keeper.end()
    assert set(await command(place.client, "KEYS", "*")) <= {b"jobs"}
    assert await command(place.client, "XLEN", keys.JOBS) == 0
