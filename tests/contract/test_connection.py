"""The client of Redis against each server."""

from __future__ import annotations

import asyncio

import pytest
import redis.exceptions

from wire.connection import REDIS_DOWN, Redis, command, connect, wait_until_up
from wire.embedded import EmbeddedServer


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


async def test_a_blocking_read_holds_nobody_up(client: Redis) -> None:
    reads = [
        asyncio.ensure_future(command(client, "BLPOP", f"list{number}", 5)) for number in range(3)
    ]
    await asyncio.sleep(0.05)
    for number in range(3):
        await command(client, "RPUSH", f"list{number}", number)
    answers = await asyncio.gather(*reads)
    assert [value for _, value in answers] == [b"0", b"1", b"2"]


async def test_what_was_cancelled_answers_nobody_else(client: Redis) -> None:
    read = asyncio.ensure_future(command(client, "BLPOP", "list", 5))
    await asyncio.sleep(0.05)
    read.cancel()
    with pytest.raises(asyncio.CancelledError):
        await read
    assert await command(client, "ECHO", "mine") == b"mine"
    await command(client, "RPUSH", "list", "late")
    assert await command(client, "ECHO", "mine") == b"mine"
    assert await command(client, "LRANGE", "list", 0, -1) == [b"late"]


async def test_connections_that_the_server_closed_are_made_anew(
    server: EmbeddedServer, client: Redis
) -> None:
    await asyncio.gather(*(command(client, "PING") for _ in range(3)))
    other = connect(server.url)
    assert await command(other, "CLIENT", "KILL", "SKIPME", "yes") >= 3
    await asyncio.sleep(0.05)
    assert await asyncio.gather(*(command(client, "PING") for _ in range(3))) == [b"PONG"] * 3
    await other.aclose()


async def test_more_connections_than_allowed(server: EmbeddedServer) -> None:
    client = connect(server.url, most=1)
    read = asyncio.ensure_future(command(client, "BLPOP", "list", 5))
    await asyncio.sleep(0.05)
    with pytest.raises(REDIS_DOWN, match="1 connections"):
        await command(client, "PING")
    read.cancel()
    with pytest.raises(asyncio.CancelledError):
        await read
    assert await command(client, "PING") == b"PONG"
    await client.aclose()


async def test_each_command_has_its_own_time(server: EmbeddedServer) -> None:
    client = connect(server.url, command_s=0.2)
    began = asyncio.get_running_loop().time()
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await command(client, "BLPOP", "list", 5)
        assert await command(client, "ECHO", "1") == b"1"
    assert 0.6 <= asyncio.get_running_loop().time() - began < 1.5
    task = asyncio.current_task()
    assert task is not None
    assert not task.cancelling()
    await client.aclose()


async def test_whoever_is_cancelled_when_time_is_up_stays_cancelled(server: EmbeddedServer) -> None:
    client = connect(server.url, command_s=0.1)
    read = asyncio.ensure_future(command(client, "BLPOP", "list", 5))
    asyncio.get_running_loop().call_later(0.1, read.cancel)
    await asyncio.wait([read])
    assert read.cancelled() or isinstance(read.exception(), TimeoutError)
    assert await command(client, "ECHO", "1") == b"1"
    await client.aclose()


async def test_a_server_that_is_not_there() -> None:
    client = connect("redis://127.0.0.1:1/0")
    with pytest.raises(REDIS_DOWN):
        await command(client, "PING")
    assert not await wait_until_up(client, 0.3)
    await client.aclose()
