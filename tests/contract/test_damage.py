"""Keys that hold what they should not: set aside, never in anybody's way."""

from __future__ import annotations

import pytest

from tests.contract.admin import command
from tests.contract.test_log import source_reader, source_writer
from tests.contract.units import batch, video
from tests.records import begin_stream, take_lead
from wire import keys
from wire.connection import Redis
from wire.control import EndStream, RecordChanged, to_publisher
from wire.errors import BadMessage, DuplicateJob, StreamGone
from wire.heartbeat import Heartbeats
from wire.jobs import JobQueue
from wire.rendition_record import RenditionRegistry, RenditionSpec
from wire.stream_record import StreamRegistry
from wire.strikes import Strikes

STREAM = "cam1"


@pytest.mark.parametrize(
    "fields",
    [
        ("a", "b"),
        ("stream", "cam1"),
        ("source_epoch", "1"),
        ("stream", "cam1", "source_epoch", "1"),
        ("stream", "no name", "rendition", "enhanced", "source_epoch", "1"),
        ("stream", "cam1", "rendition", "source", "source_epoch", "1"),
        ("stream", "cam1", "rendition", "enhanced", "source_epoch", "one"),
        ("stream", "cam1", "rendition", "enhanced", "source_epoch", "-1"),
        ("stream", "cam1", "rendition", "enhanced", "source_epoch", "9" * 40),
        ("stream", b"\xff", "rendition", b"\xff", "source_epoch", b"\xff"),
        ("stream", "x" * 100_000, "rendition", "enhanced", "source_epoch", "1"),
    ],
)
async def test_an_entry_that_is_no_job_is_removed_and_counted(
    client: Redis, fields: tuple[str | bytes, ...]
) -> None:
    queue = JobQueue(client, consumer="a")
    await queue.claim(block_ms=1)
    await command(client, "XADD", keys.JOBS, "*", *fields)
    entry = await queue.enqueue("cam2", keys.ENHANCED, 7)
    assert await queue.claim(block_ms=1) is None
    job = await queue.claim(block_ms=1)
    assert job is not None
    assert job.entry == entry
    assert queue.bad_jobs == 1
    assert await command(client, "XLEN", keys.JOBS) == 1


async def test_an_entry_that_is_no_job_is_not_handed_from_worker_to_worker(client: Redis) -> None:
    one, two = JobQueue(client, consumer="a"), JobQueue(client, consumer="b")
    await one.claim(block_ms=1)
    await command(client, "XADD", keys.JOBS, "*", "a", "b")
    entry = await one.enqueue("cam1", keys.ENHANCED, 7)
    # A worker that died with both of them in its hands.
    await command(client, "XREADGROUP", "GROUP", keys.JOBS_GROUP, "dead", "STREAMS", keys.JOBS, ">")
    job = await two.take_over(min_idle_ms=0)
    assert job is not None
    assert job.entry == entry
    assert await one.take_over(min_idle_ms=60_000) is None


async def test_a_jobs_key_of_another_type_is_made_anew(client: Redis) -> None:
    queue = JobQueue(client, consumer="a")
    await command(client, "SET", keys.JOBS, "text")
    assert not await queue.exists("1-0")
    assert await queue.claim(block_ms=1) is None
    assert await queue.claim(block_ms=1) is None
    await command(client, "DEL", keys.JOBS)
    await command(client, "LPUSH", keys.JOBS, "text")
    entry = await queue.enqueue("cam1", keys.ENHANCED, 7)
    assert await queue.claim(block_ms=1) is None
    job = await queue.claim(block_ms=1)
    assert job is not None
    assert job.entry == entry


@pytest.mark.parametrize(
    "damage",
    [
        ("SET", "stream:{cam1}", "text"),
        ("LPUSH", "stream:{cam1}", "text"),
        ("HSET", "stream:{cam1}", "epoch", "no number"),
        ("HSET", "stream:{cam1}", "id", "cam1", "epoch", "12"),  # and would stay for ever
    ],
)
async def test_a_record_that_is_none_is_in_nobodys_way(
    client: Redis, damage: tuple[str, ...]
) -> None:
    registry = StreamRegistry(client)
    await command(client, *damage)
    epoch = await registry.create(STREAM)
    record = await registry.get(STREAM)
    assert record.epoch == epoch
    assert await command(client, "PTTL", keys.record(STREAM)) > 0


async def test_a_record_of_another_type_is_gone_for_all(client: Redis) -> None:
    registry = StreamRegistry(client)
    await command(client, "SET", keys.record(STREAM), "text")
    with pytest.raises(BadMessage):
        await registry.get(STREAM)
    for work in (
        registry.touch(STREAM, 1),
        registry.set_config(STREAM, 1, ending=True),
        RenditionRegistry(client).ensure(STREAM, "sharp", 1, RenditionSpec()),
        take_lead(client, 1),
    ):
        with pytest.raises(StreamGone):
            await work
    assert await registry.list() == []


async def test_what_leads_say_of_themselves_passes_over_a_record_of_another_type(
    client: Redis,
) -> None:
    strikes = Strikes(client)
    key = keys.rendition(STREAM, "sharp")
    await command(client, "SET", key, "text")
    await strikes.decodes(STREAM, "sharp", 1, decodes=True)
    await strikes.strike(STREAM, "sharp", 1)
    await strikes.alive(STREAM, "sharp", 1)
    await strikes.forgive(STREAM, "sharp", 1)
    assert await command(client, "GET", key) == b"text"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("started_us", "99999999999999999999"),
        ("started_us", "-1"),
        ("epoch", "-1"),
        ("fps", "nan"),
        ("kbps", "inf"),
        ("width", "70000"),
        ("reason", "m" * 5000),
        ("id", "not/one"),
    ],
)
async def test_a_wild_value_makes_a_record_unreadable_and_harms_no_list(
    client: Redis, field: str, value: str
) -> None:
    registry = StreamRegistry(client)
    await registry.create(STREAM)
    await registry.create("cam2")
    await command(client, "HSET", keys.record(STREAM), field, value)
    with pytest.raises(BadMessage):
        await registry.get(STREAM)
    assert [record.id for record in await registry.list()] == ["cam2"]


async def test_heartbeats_of_another_type_or_with_wild_values_are_left_out(client: Redis) -> None:
    await command(client, "SET", keys.worker("x"), "text")
    beat = (
        '{"name":"y","host":"h","pid":1,"started_us":99999999999999999999,"engines":[],'
        '"models":[],"capacity":1,"load":1,"ms_per_frame":1,"streams":[]}'
    )
    await command(client, "HSET", keys.worker("y"), "beat", beat)
    assert await Heartbeats(client).list() == []


async def test_a_log_of_another_type_is_made_anew_by_its_writer(client: Redis) -> None:
    writer, reader = await source_writer(client), source_reader(client)
    await command(client, "SET", keys.log(STREAM, keys.SOURCE), "text")
    assert not await reader.seek_last_key_frame()
    assert await reader.read(block_ms=1) == []
    assert reader.bad_entries == 2
    await writer.append(batch(writer.epoch, video(0, key=True)), now_ms=1)
    (entry,) = await reader.read(block_ms=100)
    assert entry.batch.units[0].sequence == 0


async def test_a_log_of_another_type_is_removed_where_its_writer_empties_it(client: Redis) -> None:
    writer = await source_writer(client)
    await command(client, "SET", keys.log(STREAM, keys.SOURCE), "text")
    await writer.clear()
    assert await command(client, "EXISTS", keys.log(STREAM, keys.SOURCE)) == 0


async def test_to_a_writer_a_record_of_another_type_is_gone(client: Redis) -> None:
    writer = await source_writer(client)
    await command(client, "DEL", keys.record(STREAM))
    await command(client, "SET", keys.record(STREAM), "text")
    for work in (writer.append(batch(writer.epoch, video(0, key=True)), now_ms=1), writer.clear()):
        with pytest.raises(StreamGone):
            await work


async def test_a_mailbox_of_another_type_is_made_anew_by_who_writes(client: Redis) -> None:
    await command(client, "SET", keys.feedback(STREAM), "text")
    box = to_publisher(client, STREAM)
    assert await box.read(block_ms=1) == []
    await to_publisher(client, STREAM).send(RecordChanged())
    await box.read(block_ms=1)
    await to_publisher(client, STREAM).send(EndStream())
    assert await box.read(block_ms=100) == [EndStream()]


async def test_a_job_that_is_led_before_its_maker_named_it_stays_the_renditions(
    client: Redis,
) -> None:
    registry, queue = RenditionRegistry(client), JobQueue(client)
    epoch = await begin_stream(client)
    # The answer to the first was lost on its way, so its maker knows of the second only.
    lost = await queue.enqueue(STREAM, keys.ENHANCED, epoch)
    known = await queue.enqueue(STREAM, keys.ENHANCED, epoch)
    await take_lead(client, epoch, job=lost)
    assert await registry.set_job(STREAM, keys.ENHANCED, epoch, before="", job=known) == lost
    with pytest.raises(DuplicateJob):
        await take_lead(client, epoch, "b", job=known)
