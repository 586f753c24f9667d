"""The client of Redis against each server."""

from __future__ import annotations

import pytest
import redis.exceptions

from wire.connection import REDIS_DOWN, Redis, command, connect, wait_until_up
from wire.embedded import EmbeddedServer
from wire.errors import BadAddress


async def _connections(client: Redis) -> int:
    listed: bytes = await command(client, "CLIENT", "LIST")
    return len(listed.splitlines())


async def test_answers_come_as_the_server_sends_them(client: Redis) -> None:
    assert await command(client, "SET", "key", b"\x00\xff") == b"OK"
    assert await command(client, "GET", "key") == b"\x00\xff"
    assert await command(client, "GET", "other") is None
    assert await command(client, "INCRBY", "number", 7) == 7
    assert await command(client, "RPUSH", "list", "a", b"b", 3, 1.5) == 4
    assert await command(client, "LRANGE", "list", 0, -1) == [b"a", b"b", b"3", b"1.5"]


async def test_an_error_is_raised_and_the_connection_used_again(client: Redis) -> None:
    await command(client, "SET", "key", "text")
    before = await _connections(client)
    with pytest.raises(redis.exceptions.ResponseError, match="not an integer"):
        await command(client, "INCR", "key")
    with pytest.raises(redis.exceptions.NoScriptError):
        await command(client, "EVALSHA", "0" * 40, 0)
    assert await _connections(client) == before


async def test_a_server_that_is_not_there() -> None:
    client = connect("redis://127.0.0.1:1/0")
    with pytest.raises(REDIS_DOWN):
        await command(client, "PING")
    assert not await wait_until_up(client, 0.3)
    await client.aclose()


async def test_waiting_ends_when_the_server_comes_up(server: EmbeddedServer) -> None:
    client = connect(server.url)
    assert await wait_until_up(client, 5.0)
    assert await wait_until_up(client, 5.0)
    await client.aclose()


async def test_every_key_of_a_client_has_its_prefix(server: EmbeddedServer) -> None:
    client = connect(server.url, prefix="paris:")
    assert client.key("jobs") == "paris:jobs"
    await command(client, "SET", client.key("jobs"), "text")
    assert await client.scan("*") == [b"paris:jobs"]
    await command(client, "DEL", "paris:jobs")
    await client.aclose()


@pytest.mark.parametrize("url", ["http://127.0.0.1", "redis://h:p", "redis+cluster://a,b/1"])
def test_an_address_that_cannot_be_read_makes_no_client(url: str) -> None:
    with pytest.raises(BadAddress):
        connect(url)
