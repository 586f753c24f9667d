from __future__ import annotations

from wire.connection import Redis, command
from wire.server_memory import ServerMemory, parse_memory, read_memory


async def test_what_a_server_uses_and_may_use_is_read(redis_client: Redis) -> None:
    memory = await read_memory(redis_client)
    assert memory is not None
    assert memory.limit == 512 * 2**20
    assert 0 < memory.fraction < 1


async def test_a_user_that_may_not_ask_is_told_nothing(redis_client: Redis) -> None:
    await command(redis_client, "ACL", "SETUSER", "default", "-info")
    try:
        assert await read_memory(redis_client) is None
    finally:
        await command(redis_client, "ACL", "SETUSER", "default", "+info")


def test_what_cannot_be_read_is_nothing() -> None:
    assert parse_memory(b"\xff\r\nused_memory:many\r\nmaxmemory") == ServerMemory()
    assert ServerMemory(7).fraction == 0.0
