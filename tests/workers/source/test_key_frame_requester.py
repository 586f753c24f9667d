"""Requests for key frames, at most twice a second."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from wire import control, keys
from wire.connection import Redis
from wire.site import RedisSite
from workers.source.key_frame_requester import PERIOD_S, KeyFrameRequester


@contextlib.asynccontextmanager
async def running(client: Redis) -> AsyncIterator[KeyFrameRequester]:
    requester = KeyFrameRequester(RedisSite(client, "w1").stream("cam"))
    task = asyncio.create_task(requester.run())
    try:
        yield requester
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def requests(client: Redis, *, least: int = 0) -> list[str]:
    """The reasons of all requests that the publisher got, once there are so many."""
    async with asyncio.timeout(10):
        while len(found := await sent(client)) < least:  # noqa: ASYNC110 - Redis tells nobody
            await asyncio.sleep(0.01)
    return found


async def sent(client: Redis) -> list[str]:
    entries = await client.execute("XRANGE", client.key(keys.feedback("cam")), "-", "+")
    found = []
    for _, fields in entries:
        message = control.parse_message(fields[1])
        assert isinstance(message, control.KeyFrameRequest)
        found.append(message.reason)
    return found


async def test_many_wants_are_one_request_with_the_last_reason(redis_client: Redis) -> None:
    async with running(redis_client) as requester:
        for number in range(50):
            requester.want(f"reason {number}")
        assert await requests(redis_client, least=1) == ["reason 49"]
        await asyncio.sleep(PERIOD_S + 0.1)
        assert await requests(redis_client) == ["reason 49"]


async def test_a_want_that_is_met_is_not_sent(redis_client: Redis) -> None:
    async with running(redis_client) as requester:
        requester.want("first")
        await requests(redis_client, least=1)
        requester.want("second")
        requester.met()
        await asyncio.sleep(PERIOD_S + 0.1)
        assert await requests(redis_client) == ["first"]


async def test_who_wants_on_and_on_asks_once_in_half_a_second(redis_client: Redis) -> None:
    async with running(redis_client) as requester:
        loop = asyncio.get_running_loop()
        began = loop.time()
        while len(found := await sent(redis_client)) < 3 and loop.time() - began < 20:
            requester.want("still")
            await asyncio.sleep(0.01)
        assert found == ["still"] * 3
        assert loop.time() - began >= 2 * PERIOD_S


async def test_nobody_wants_and_nothing_is_asked(redis_client: Redis) -> None:
    async with running(redis_client):
        await asyncio.sleep(0.1)
        assert await requests(redis_client) == []


@pytest.mark.parametrize("why", ["", "a viewer came"])
async def test_the_source_is_what_is_asked_for(redis_client: Redis, why: str) -> None:
    async with running(redis_client) as requester:
        requester.want(why)
        assert await requests(redis_client, least=1) == [why]
