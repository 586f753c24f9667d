"""Scripts by their digest."""

from __future__ import annotations

import pytest
import redis.exceptions

from wire.connection import Redis, command, connect
from wire.embedded import EmbeddedServer
from wire.script import Script

ECHO = Script("return {KEYS[1], ARGV[1], ARGV[2]}")


async def test_it_runs_with_its_keys_and_arguments(redis_client: Redis) -> None:
    assert await ECHO.run(redis_client, ["a"], [b"\xff", 17]) == [b"a", b"\xff", b"17"]


async def test_keys_get_the_prefix_of_the_installation_and_arguments_do_not(
    redis_server: EmbeddedServer,
) -> None:
    client = connect(redis_server.url, prefix="west:")
    try:
        assert await ECHO.run(client, ["a"], ["a", "b"]) == [b"west:a", b"a", b"b"]
    finally:
        await client.aclose()


async def test_a_server_that_lost_its_scripts_gets_the_text_again(redis_client: Redis) -> None:
    await ECHO.run(redis_client, ["a"], [1, 2])
    await command(redis_client, "SCRIPT", "FLUSH")
    assert await ECHO.run(redis_client, ["a"], [1, 2]) == [b"a", b"1", b"2"]


async def test_what_a_script_raises_is_raised_here_and_it_is_sent_once(
    redis_client: Redis,
) -> None:
    failing = Script("redis.call('INCR', KEYS[1]) return redis.error_reply('NO such thing')")
    with pytest.raises(redis.exceptions.ResponseError, match="such thing"):
        await failing.run(redis_client, ["count"], [])
    assert await command(redis_client, "GET", "count") == b"1"
    with pytest.raises(redis.exceptions.ResponseError, match="such thing"):
        await failing.run(redis_client, ["count"], [])
    assert await command(redis_client, "GET", "count") == b"2"


async def test_a_script_without_keys_is_run_too(redis_client: Redis) -> None:
    assert await Script("return 7").run(redis_client, [], []) == 7
