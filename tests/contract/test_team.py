"""Inboxes of teams on real servers: deadlines, bounds, strangers' entries, a new server."""

from __future__ import annotations

import asyncio
import time

from tests.contract import admin
from tests.contract.admin import command
from tests.wire.team_messages import RESULT, TASK, one_of_each
from wire import keys
from wire.connection import Redis
from wire.team import EXPIRY_MS, MAX_MESSAGES, TeamMailbox, encode_team_message

INBOX = keys.team("dev1")


async def opened(client: Redis, name: str = "dev1") -> TeamMailbox:
    """A worker's mailbox that has made its first read."""
    mailbox = TeamMailbox(client, name)
    assert await mailbox.read(1) == []
    return mailbox


async def add(client: Redis, *fields: str | bytes) -> None:
    """Adds an entry as somebody else may."""
    await command(client, "XADD", INBOX, "*", *fields)


async def test_messages_come_in_order_with_their_sender_and_the_time_left(client: Redis) -> None:
    helper, lead = await opened(client), TeamMailbox(client, "lead")
    for message in one_of_each():
        await lead.send("dev1", message, 0.5)
    found = await helper.read(1000)
    assert [each.message for each in found] == one_of_each()
    assert {each.sender for each in found} == {"lead"}
    assert all(0.0 < each.left_s <= 0.5 for each in found)
    assert await helper.read(1) == []


async def test_each_reads_its_own_inbox(client: Redis) -> None:
    helper, lead = await opened(client), await opened(client, "lead")
    await lead.send("dev1", TASK, 1.0)
    await helper.send("lead", RESULT, 1.0)
    assert [each.message for each in await helper.read(100)] == [TASK]
    assert [(each.sender, each.message) for each in await lead.read(100)] == [("dev1", RESULT)]


async def test_what_is_late_is_dropped_and_counted_by_both(client: Redis) -> None:
    helper, lead = await opened(client), TeamMailbox(client, "lead")
    await lead.send("dev1", TASK, 0.0)
    await lead.send("dev1", TASK, -1.0)
    assert lead.late == 2
    await lead.send("dev1", TASK, 0.02)
    await lead.send("dev1", RESULT, 5.0)
    await asyncio.sleep(0.06)
    (found,) = await helper.read(100)
    assert found.message == RESULT and found.left_s < 4.96
    assert (helper.late, helper.bad_messages) == (1, 0)


async def test_a_blocked_reader_wakes_on_a_message(client: Redis) -> None:
    helper = await opened(client)
    async with asyncio.timeout(2), asyncio.TaskGroup() as group:
        reading = group.create_task(helper.read(8_000), name="read")
        await asyncio.sleep(0.03)
        begun = time.monotonic()
        await TeamMailbox(client, "lead").send("dev1", TASK, 1.0)
        assert len(await reading) == 1
    assert time.monotonic() - begun < 0.5


async def test_what_was_sent_before_the_first_read_is_not_read(client: Redis) -> None:
    lead = TeamMailbox(client, "lead")
    await lead.send("dev1", TASK, 1.0)
    helper = await opened(client)
    await lead.send("dev1", RESULT, 1.0)
    assert [each.message for each in await helper.read(100)] == [RESULT]


async def test_entries_that_are_no_messages_are_counted_and_passed_over(client: Redis) -> None:
    helper, good = await opened(client), encode_team_message(TASK)
    for fields in (
        ("m", b"\xc1", "from", "lead", "left", "500"),
        ("m", good, "from", "lead"),
        ("m", good, "left", "500"),
        ("m", good, "from", "lead", "left", "soon"),
        ("m", good, "from", b"\xff", "left", "500"),
        ("m", good, "from", "a:b", "left", "500"),
        ("from", "lead", "left", "500"),
    ):
        await add(client, *fields)
    await add(client, "m", good, "from", "lead", "left", "99999999", "more", "x")
    (found,) = await helper.read(100)
    assert found.message == TASK and found.left_s <= 10.0
    assert helper.bad_messages == 7


async def test_an_inbox_is_bounded_and_expires(client: Redis) -> None:
    helper, lead = await opened(client), TeamMailbox(client, "lead")
    for _ in range(MAX_MESSAGES + 40):
        await lead.send("dev1", TASK, 10.0)
    assert await command(client, "XLEN", INBOX) == MAX_MESSAGES
    assert EXPIRY_MS - 5_000 < await command(client, "PTTL", INBOX) <= EXPIRY_MS
    found = [await helper.read(100) for _ in range(5)]
    assert sum(map(len, found)) == MAX_MESSAGES
    assert found[-1] == []


async def test_a_key_of_another_type_is_replaced_by_the_next_message(client: Redis) -> None:
    helper, lead = await opened(client), TeamMailbox(client, "lead")
    await command(client, "SET", INBOX, "x")
    assert await helper.read(1) == []
    assert helper.bad_messages == 1
    await lead.send("dev1", TASK, 1.0)
    assert [each.message for each in await helper.read(100)] == [TASK]


async def test_messages_come_after_the_server_lost_everything(client: Redis) -> None:
    helper, lead = await opened(client), TeamMailbox(client, "lead")
    await lead.send("dev1", TASK, 1.0)
    assert len(await helper.read(100)) == 1
    await admin.command(client, "FLUSHALL")
    await lead.send("dev1", RESULT, 1.0)
    assert [each.message for each in await helper.read(500)] == [RESULT]


async def test_inboxes_are_no_workers(client: Redis) -> None:
    await TeamMailbox(client, "lead").send("dev1", TASK, 1.0)
    assert await client.scan(keys.WORKERS_PATTERN) == []
