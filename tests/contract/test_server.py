"""Connections to one server: ``wire/server.py``."""

from __future__ import annotations

import asyncio
import socket

import pytest

from tests.contract.admin import command as owners
from wire.address import parse_address
from wire.connection import REDIS_DOWN, REDIS_FAULT, Redis, command, connect
from wire.embedded import EmbeddedServer
from wire.errors import DamagedKey, ServerAway, ServerFull
from wire.server import MANY_COMMANDS, SCAN_PAGE


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


async def test_the_one_cancellation_of_a_time_out_leaves_no_trace(server: EmbeddedServer) -> None:
    """``asyncio.timeout`` around a command still tells its own end from that of the command."""
    client = connect(server.url, command_s=0.05)
    with pytest.raises(TimeoutError, match=r"within 0.05 s"):
        async with asyncio.timeout(5):
            await command(client, "BLPOP", "list", 5)
    with pytest.raises(TimeoutError) as caught:
        async with asyncio.timeout(0.01):
            await command(client, "BLPOP", "list", 5)
    assert "Redis" not in str(caught.value)
    await client.aclose()


async def test_commands_that_began_together_are_given_up_together(server: EmbeddedServer) -> None:
    client = connect(server.url, command_s=0.1)
    began = asyncio.get_running_loop().time()
    reads = [command(client, "BLPOP", f"list{number}", 5) for number in range(5)]
    ends = await asyncio.gather(*reads, command(client, "PING"), return_exceptions=True)
    assert [type(end) for end in ends[:5]] == [TimeoutError] * 5 and ends[5] == b"PONG"
    assert asyncio.get_running_loop().time() - began < 1.0
    await client.aclose()


async def test_a_command_after_closing_opens_a_connection_again(server: EmbeddedServer) -> None:
    client = connect(server.url)
    assert await command(client, "PING") == b"PONG"
    await client.aclose()
    await client.aclose()
    assert await command(client, "PING") == b"PONG"
    await client.aclose()


async def test_a_command_that_waits_while_the_client_is_closed_ends(server: EmbeddedServer) -> None:
    client = connect(server.url)
    read = asyncio.ensure_future(command(client, "BLPOP", "list", 5))
    await asyncio.sleep(0.05)
    await client.aclose()
    async with asyncio.timeout(2):
        with pytest.raises(REDIS_DOWN):
            await read


async def test_a_scan_goes_through_all_pages_and_finds_no_foreign_keys(client: Redis) -> None:
    names = {f"worker:{number}" for number in range(3 * SCAN_PAGE)}
    for name in names:
        await owners(client, "SET", name, "1")
    await owners(client, "SET", "jobs", "1")
    found = {key.decode().removeprefix(client.prefix) for key in await client.scan("worker:*")}
    assert found == names
    assert await client.scan("stream:*") == []


async def test_many_answers_come_in_order(client: Redis) -> None:
    count = 2 * MANY_COMMANDS + 7
    for number in range(count):
        await command(client, "SET", client.key(f"{{s{number}}}"), number)
    asked = [("GET", client.key(f"{{s{number}}}")) for number in range(count + 1)]
    found = [each async for each in client.answers(asked)]
    assert found == [*(str(number).encode() for number in range(count)), None]
    assert [each async for each in client.answers([])] == []


async def test_a_damaged_key_among_many_stands_in_its_place(client: Redis) -> None:
    good, bad = client.key("{a}"), client.key("{b}")
    await command(client, "HSET", good, "field", "value")
    await command(client, "SET", bad, "no hash")
    asked = [("HGETALL", name) for name in (good, bad, good)]
    first, second, third = [each async for each in client.answers(asked)]
    assert first == third == [b"field", b"value"]
    assert isinstance(second, DamagedKey)


async def test_a_wrong_command_among_many_is_raised_and_nothing_is_left(client: Redis) -> None:
    name = client.key("{a}")
    with pytest.raises(REDIS_FAULT, match="wrong number of arguments"):
        _ = [each async for each in client.answers([("GET", name), ("GET",), ("GET", name)])]
    await command(client, "SET", name, "mine")
    assert await command(client, "GET", name) == b"mine"


async def test_many_answers_of_a_server_that_is_gone() -> None:
    client = connect("redis://127.0.0.1:1/0")
    with pytest.raises(REDIS_DOWN):
        _ = [each async for each in client.answers([("PING",)])]
    await client.aclose()


async def test_the_clock_is_that_of_the_server(client: Redis) -> None:
    first = [int(part) for part in await client.time("stream:{cam1}")]
    second = [int(part) for part in await client.time("stream:{cam1}")]
    assert first < second and 0 <= second[1] < 1_000_000


async def test_a_key_of_another_type_is_damaged_and_nothing_is_logged(
    client: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    await command(client, "SET", "key", "text")
    with pytest.raises(DamagedKey, match="WRONGTYPE"):
        await command(client, "XLEN", "key")
    assert caplog.records == []


async def test_a_full_server_is_logged_once_a_minute_by_each_client(
    server: EmbeddedServer, client: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    await command(client, "CONFIG", "SET", "maxmemory", "1")
    try:
        for _ in range(3):
            with pytest.raises(ServerFull, match="OOM"):
                await command(client, "SET", "key", "text")
        assert await command(client, "GET", "key") is None
        other = connect(server.url)
        other.say_full()
        await other.aclose()
    finally:
        await command(client, "CONFIG", "SET", "maxmemory", "512mb")
    said = [getattr(record, "action", "") for record in caplog.records]
    assert said == ["redis_full", "redis_full"]


async def test_what_does_not_speak_the_protocol_is_away() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    client = connect(f"redis://127.0.0.1:{port}")
    with pytest.raises(ServerAway):
        await command(client, "PING")
    await client.aclose()
    listener.close()
    await listener.wait_closed()


async def test_a_server_that_takes_connections_and_says_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = connect(f"redis://127.0.0.1:{listener.getsockname()[1]}", command_s=0.2)
        with pytest.raises(REDIS_DOWN):
            await command(client, "PING")
        await client.aclose()


async def test_the_first_host_of_an_address_is_taken_unless_a_place_is_given(
    server: EmbeddedServer,
) -> None:
    address = parse_address("redis://127.0.0.1:1")
    wrong = Redis(address, prefix="", command_s=1.0, most=1)
    with pytest.raises(ServerAway):
        await wrong.execute("PING")
    assert wrong.key("x") == "x"
    await wrong.aclose()
