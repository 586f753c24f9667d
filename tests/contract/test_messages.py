from __future__ import annotations

import asyncio

from tests.contract.admin import command
from wire import keys
from wire.connection import Redis
from wire.control import (
    EXPIRY_MS,
    MAX_LENGTH,
    EndStream,
    KeyFrameRequest,
    Mailbox,
    Message,
    RecordChanged,
    to_lead,
    to_publisher,
)
from wire.heartbeat import EXPIRY_MS as BEAT_EXPIRY_MS
from wire.heartbeat import Heartbeats, ModelInfo, StreamWork, WorkerBeat


async def opened(mailbox: Mailbox[Message]) -> Mailbox[Message]:
    """A reader that has made its first read."""
    assert await mailbox.read(block_ms=1) == []
    return mailbox


async def test_messages_reach_the_lead_and_the_publisher_each_in_its_own_box(
    client: Redis,
) -> None:
    lead = await opened(to_lead(client, "cam1"))
    publisher = await opened(to_publisher(client, "cam1"))
    await to_lead(client, "cam1").send(
        KeyFrameRequest(rendition="enhanced", reason="viewer joined")
    )
    await to_lead(client, "cam1").send(RecordChanged())
    await to_publisher(client, "cam1").send(EndStream())
    await to_publisher(client, "cam2").send(RecordChanged())
    assert await lead.read(block_ms=100) == [
        KeyFrameRequest(rendition="enhanced", reason="viewer joined"),
        RecordChanged(),
    ]
    assert await publisher.read(block_ms=100) == [EndStream()]
    assert await lead.read(block_ms=1) == []


async def test_messages_sent_before_the_first_read_are_not_read(client: Redis) -> None:
    await to_lead(client, "cam1").send(RecordChanged())
    lead = await opened(to_lead(client, "cam1"))
    await to_lead(client, "cam1").send(EndStream())
    assert await lead.read(block_ms=100) == [EndStream()]


async def test_a_blocked_mailbox_wakes_on_a_message(client: Redis) -> None:
    lead = await opened(to_lead(client, "cam1"))
    async with asyncio.timeout(2), asyncio.TaskGroup() as group:
        reading = group.create_task(lead.read(block_ms=8_000), name="read")
        await asyncio.sleep(0.03)
        await to_lead(client, "cam1").send(RecordChanged())
        assert await reading == [RecordChanged()]


async def test_a_bad_message_is_counted_and_passed_over(client: Redis) -> None:
    lead = await opened(to_lead(client, "cam1"))
    for data in (b"{", b"\xff", b'{"type":"dance"}', b'{"type":"key_frame","rendition":"\xff"}'):
        await command(client, "XADD", keys.control("cam1"), "*", "m", data)
    await to_lead(client, "cam1").send(EndStream())
    assert await lead.read(block_ms=100) == [EndStream()]
    assert lead.bad_messages == 4


async def test_a_mailbox_is_bounded_and_expires(client: Redis) -> None:
    box = to_lead(client, "cam1")
    for _ in range(MAX_LENGTH + 40):
        await box.send(RecordChanged())
    assert await command(client, "XLEN", keys.control("cam1")) == MAX_LENGTH
    left_ms = await command(client, "PTTL", keys.control("cam1"))
    assert EXPIRY_MS - 5_000 < left_ms <= EXPIRY_MS


MODEL = ModelInfo(
    name="live-s",
    title="Live S",
    scale=2,
    macs_per_pixel=9,
    parameters=9,
    licence="x",
    precisions=["fp32"],
)


def beat(name: str, *streams: StreamWork) -> WorkerBeat:
    return WorkerBeat(
        name=name,
        host="here",
        pid=1,
        started_us=2,
        engines=["openvino"],
        models=[MODEL],
        capacity=1.5,
        load=0.5,
        ms_per_frame=15.0,
        streams=list(streams),
    )


async def test_heartbeats_are_listed_by_name_as_they_were_sent(client: Redis) -> None:
    beats = Heartbeats(client)
    work = StreamWork(
        stream="cam1", rendition="enhanced", epoch=3, state="enhancing", dropped={"late": 2}
    )
    for name in ("b", "a"):
        await beats.beat(beat(name, work))
    assert await beats.list() == [beat("a", work), beat("b", work)]


async def test_a_heartbeat_expires_unless_it_is_repeated(client: Redis) -> None:
    beats = Heartbeats(client)
    key = keys.worker("a")
    await beats.beat(beat("a"))
    assert BEAT_EXPIRY_MS - 1_000 < await command(client, "PTTL", key) <= BEAT_EXPIRY_MS
    await command(client, "PEXPIRE", key, 500)
    await beats.beat(beat("a"))
    assert await command(client, "PTTL", key) > 500
    await command(client, "PEXPIRE", key, 1)
    await asyncio.sleep(0.01)
    assert await beats.list() == []


async def test_a_worker_that_leaves_is_not_listed(client: Redis) -> None:
    beats = Heartbeats(client)
    await beats.beat(beat("a"))
    await beats.leave("a")
    assert await beats.list() == []


async def test_heartbeats_that_cannot_be_read_are_left_out(client: Redis) -> None:
    beats = Heartbeats(client)
    await command(client, "HSET", keys.worker("x"), "beat", b"\xff")
    await command(client, "HSET", keys.worker("y"), "other", b"1")
    await command(client, "HSET", keys.worker("z"), "beat", b'{"name":"\xff"}')
    await beats.beat(beat("a"))
    assert [found.name for found in await beats.list()] == ["a"]


async def test_more_workers_than_one_scan_page_are_all_listed(client: Redis) -> None:
    beats = Heartbeats(client, expiry_ms=60_000)
    names = [f"w{number:03}" for number in range(250)]
    for name in names:
        await beats.beat(beat(name))
    assert [found.name for found in await beats.list()] == names
