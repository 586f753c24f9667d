"""A worker's site over bad paths in real time: loss, jitter, a cut, a new connection."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest

from media.access_unit import AccessUnit
from tests.contract.test_site import begin, kept, now_ms, read, until_kept
from tests.contract.units import batch, video
from tests.wire.link.virtual_path import Path
from tests.wire.remote.live_path import Device, joined
from wire import keys
from wire.connection import Redis
from wire.control import KeyFrameRequest
from wire.errors import ServerAway
from wire.jobs import Job
from wire.link.message import Message
from wire.log import Entry, LogWriter
from wire.remote import units
from wire.remote.link_site import LinkSite
from wire.site import RedisSite
from wire.stream_record import StreamRegistry

STREAM, NAME = "cam1", keys.ENHANCED
FRAME_S = 1 / 30


def rough(loss: float, jitter_s: float = 0.0) -> Path:
    """20 Mbit/s, 40 ms there and back, as in a mobile network on an ordinary day."""
    return Path(rate_bps=20e6, delay_s=0.02, loss=loss, jitter_s=jitter_s)


@contextlib.asynccontextmanager
async def living(client: Redis, job: Job) -> AsyncIterator[None]:
    """Keeps the records of a job alive, as its app does."""

    async def touch() -> None:
        while True:
            await StreamRegistry(client).touch(STREAM, job.source_epoch, renditions=[NAME])
            await asyncio.sleep(0.5)

    task = asyncio.create_task(touch())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def frame(number: int) -> AccessUnit:
    return video(number, key=number % 30 == 0, size=12_000 if number % 30 == 0 else 3_300)


@pytest.mark.parametrize(("loss", "jitter_s"), [(0.0, 0.0), (0.02, 0.0), (0.02, 0.01), (0.1, 0.0)])
async def test_the_source_arrives_whole_and_in_order(
    redis_client: Redis, loss: float, jitter_s: float
) -> None:
    async with joined(redis_client, down=rough(loss, jitter_s), up=rough(loss, jitter_s)) as device:
        job = await begin(redis_client, device.site)
        writer = LogWriter(
            redis_client, stream=STREAM, rendition=keys.SOURCE, epoch=job.source_epoch
        )
        await writer.append(batch(job.source_epoch, frame(0)), now_ms=now_ms())
        reader = device.site.stream(STREAM).source()
        assert await reader.seek_last_key_frame()
        sent_at = {0: time.monotonic()}
        ages: list[float] = []
        found: list[int] = []

        async def write() -> None:
            for number in range(1, 90):
                await asyncio.sleep(FRAME_S)
                sent_at[number] = time.monotonic()
                await writer.append(batch(job.source_epoch, frame(number)), now_ms=now_ms())

        async with living(redis_client, job), asyncio.timeout(60):
            writing = asyncio.create_task(write())
            while len(found) < 90:
                for entry in await reader.read(block_ms=100):
                    for unit in entry.batch.units:
                        found.append(unit.sequence)
                        ages.append(time.monotonic() - sent_at[unit.sequence])
            await writing
        assert found == list(range(90))
        # Half of them take half a round trip; the bound is for a busy machine.
        assert sorted(ages)[45] < 0.3


@pytest.mark.parametrize("loss", [0.02, 0.1])
async def test_what_is_made_arrives_or_a_key_frame_is_asked_for(
    redis_client: Redis, loss: float
) -> None:
    async with joined(redis_client, down=rough(loss), up=rough(loss)) as device:
        job = await begin(redis_client, device.site)
        lead, mail = device.site.lead(job), device.site.stream(STREAM).mail()
        epoch = (await lead.take("h264")).epoch
        writer = lead.writer(NAME, epoch)
        requests, is_key = 0, True
        async with living(redis_client, job):
            for number in range(90):
                unit = video(number, key=is_key, size=8_000)
                is_key = False
                assert await device.site.jobs.renew(job)
                await writer.append(batch(epoch, unit), now_ms=now_ms())
                for message in await mail.read(block_ms=33):
                    assert message == KeyFrameRequest(NAME, "a batch was lost on its way")
                    requests, is_key = requests + 1, True
            await asyncio.sleep(0.5)
        found = await kept(redis_client)
        missing = 90 - len(found)
        assert found == sorted(found) and missing <= 40 * requests
        assert missing == 0 or requests > 0


async def test_a_lost_unit_of_the_source_comes_again(redis_client: Redis) -> None:
    async with joined(redis_client) as device:
        job = await begin(redis_client, device.site)
        writer = LogWriter(
            redis_client, stream=STREAM, rendition=keys.SOURCE, epoch=job.source_epoch
        )
        reader = device.site.stream(STREAM).source()
        await writer.append(batch(job.source_epoch, frame(0)), now_ms=now_ms())
        assert await reader.seek_last_key_frame()
        assert await read(reader, 1) == [0]
        send = device.session._outlet.send
        device.session._outlet.send = lambda message, left_s: True
        await writer.append(batch(job.source_epoch, frame(1)), now_ms=now_ms())
        await asyncio.sleep(0.1)
        device.session._outlet.send = send
        for number in (2, 3):
            await writer.append(batch(job.source_epoch, frame(number)), now_ms=now_ms())
        assert await read(reader, 3) == [1, 2, 3]


async def test_a_second_loss_in_a_second_is_left_to_the_decoder(redis_client: Redis) -> None:
    async with joined(redis_client) as device:
        await begin(redis_client, device.site)
        reader = device.site.stream(STREAM).source()
        await reader.seek_last_key_frame()
        reader._refollowed_at = time.monotonic()
        for serial, number in ((0, 5), (2, 7), (3, 8)):
            entry = units.encode_entry(Entry(f"{number}-0", batch(1, video(number))))
            reader.put(serial, units.cut(entry)[0])
        assert await read(reader, 3) == [5, 7, 8]


async def test_while_it_is_away_everything_says_so_and_afterwards_goes_on(
    redis_client: Redis,
) -> None:
    device = Device(redis_client)
    await device.join()
    job = await begin(redis_client, device.site)
    source = LogWriter(redis_client, stream=STREAM, rendition=keys.SOURCE, epoch=job.source_epoch)
    lead, stream = device.site.lead(job), device.site.stream(STREAM)
    reader, epoch = stream.source(), (await lead.take("h264")).epoch
    writer = lead.writer(NAME, epoch)
    await source.append(batch(job.source_epoch, frame(0)), now_ms=now_ms())
    assert await reader.seek_last_key_frame() and await read(reader, 1) == [0]
    await writer.append(batch(epoch, video(0, key=True)), now_ms=now_ms())
    await until_kept(redis_client, [0])
    assert await device.site.jobs.renew(job)
    reading = asyncio.create_task(reader.read(block_ms=5000))
    await asyncio.sleep(0.02)
    jobs = await device.cut(is_replaced=True)
    with pytest.raises(ServerAway):
        await reading
    for work in (
        lambda: reader.read(block_ms=10),
        lambda: writer.append(batch(epoch, video(1)), now_ms=now_ms()),
        lambda: writer.clear(),
        lambda: lead.records(),
        lambda: device.site.jobs.next_job(block_ms=10),
        lambda: device.site.heartbeats.find(["dev1"], "m"),
        lambda: stream.time_us(),
    ):
        with pytest.raises(ServerAway):
            await work()
    await source.append(batch(job.source_epoch, frame(1)), now_ms=now_ms())
    await device.join(jobs=jobs)
    await source.append(batch(job.source_epoch, frame(2)), now_ms=now_ms())
    assert await read(reader, 2) == [1, 2]
    await writer.append(batch(epoch, video(2, key=True)), now_ms=now_ms())
    await until_kept(redis_client, [0, 2])
    await device.cut()


async def test_a_reader_that_pauses_gets_nothing(redis_client: Redis) -> None:
    async with joined(redis_client) as device:
        job = await begin(redis_client, device.site)
        writer = LogWriter(
            redis_client, stream=STREAM, rendition=keys.SOURCE, epoch=job.source_epoch
        )
        reader = device.site.stream(STREAM).source()
        await reader.seek_last_key_frame()
        await reader.pause()
        await reader.pause()
        await asyncio.sleep(0.05)
        sent = len(device.path.ends[0].sent)
        await writer.append(batch(job.source_epoch, frame(0)), now_ms=now_ms())
        await asyncio.sleep(0.1)
        assert len(device.path.ends[0].sent) == sent


async def test_mail_comes_to_all_who_hold_it_and_to_nobody_else(redis_client: Redis) -> None:
    async with joined(redis_client) as device:
        job = await begin(redis_client, device.site)
        first, second = (device.site.stream(STREAM).mail() for _ in range(2))
        other = device.site.stream("other").mail()
        device.session._lose(job, "a test")
        request = KeyFrameRequest(NAME, "why")
        device.site._mails.post(STREAM, request)
        assert await first.read(block_ms=10) == [request] == await second.read(block_ms=10)
        assert await other.read(block_ms=10) == []
        assert len(device.site._mails._mails) == 2
        del first, second, other
        device.site.stream("third").mail()
        assert list(device.site._mails._mails) == ["third"]


async def test_claiming_takes_a_while_where_there_is_nothing(redis_client: Redis) -> None:
    async with joined(redis_client) as device:
        begun = time.monotonic()
        assert await device.site.jobs.next_job(block_ms=50) is None
        assert time.monotonic() - begun > 0.5
        assert (await begin(redis_client, device.site)).stream == STREAM


def test_what_the_gateway_should_not_send_is_counted() -> None:
    site = LinkSite()
    assert not site.is_attached
    site.on_control(b"nonsense")
    site.on_message(Message(99, 0, 0, b""))
    assert site.bad_messages == 2
    site.on_message(Message(units.SOURCE_UNITS, 5, 0, b"for nobody"))
    assert site.bad_messages == 2


async def test_a_lead_knows_what_its_link_grants_and_one_in_a_site_has_no_bound(
    redis_client: Redis,
) -> None:
    async with joined(redis_client) as device:
        job = await begin(redis_client, device.site)
        lead = device.site.lead(job)
        granted = lead.granted_kbps
        assert granted is not None
        assert granted == pytest.approx(0.8 * device.path.ends[1].link.rate_bps / 1000, rel=0.1)
        # The bound outlives the link: an encoder that began anew would come too early.
        await device.cut()
        assert lead.granted_kbps == pytest.approx(granted, rel=0.1)
        await device.join()
    assert LinkSite().lead(job).granted_kbps is None
    assert RedisSite(redis_client, "w1").lead(job).granted_kbps is None
