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
