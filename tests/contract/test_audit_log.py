"""The audit log in Redis, on every kind of server."""

from __future__ import annotations

from wire import keys
from wire.audit_log import MAX_ENTRIES, AuditEntry, AuditLog
from wire.connection import Redis, command


def entry(number: int) -> AuditEntry:
    return AuditEntry(
        at_us=number, who="admin-token", address="192.0.2.1", act="key_made", target=f"k{number}"
    )


async def test_the_newest_act_comes_first(client: Redis) -> None:
    log = AuditLog(client)
    for number in range(3):
        await log.add(entry(number))
    assert await log.list() == [entry(2), entry(1), entry(0)]
    assert await log.list(1) == [entry(2)]


async def test_only_the_last_ones_are_kept(client: Redis) -> None:
    log = AuditLog(client, most=2)
    for number in range(5):
        await log.add(entry(number))
    assert await log.list() == [entry(4), entry(3)]
    assert MAX_ENTRIES == 1000


async def test_acts_of_owners_push_out_none_of_the_operator(client: Redis) -> None:
    log = AuditLog(client, most=2)
    await log.add(entry(0))
    for number in range(1, 5):
        await log.add(entry(number), by_operator=False)
    await log.add(entry(5))
    assert await log.list() == [entry(5), entry(4), entry(3), entry(0)]
    assert await log.list(1) == [entry(5), entry(4)]


async def test_what_cannot_be_read_is_left_out(client: Redis) -> None:
    log = AuditLog(client)
    await log.add(entry(1))
    for text in ("{", '{"at_us": -1}', b"\xff"):
        await command(client, "XADD", client.key(keys.AUDIT), "*", "e", text)
    await command(client, "XADD", client.key(keys.AUDIT), "*", "other", "x")
    assert await log.list() == [entry(1)]


async def test_an_empty_log_is_empty(client: Redis) -> None:
    assert await AuditLog(client).list() == []
