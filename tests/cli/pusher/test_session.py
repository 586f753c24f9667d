"""What a push reads of a stream, and when it gives up: ``tests/cli/test_push.py`` has the rest."""

from __future__ import annotations

import asyncio

import pytest

from benchmarks.server import free_port
from cli.pusher.session import PushSession
from cli.pusher.target import parse_target
from wire.connection import Redis


async def test_it_waits_for_a_stream_and_stops_when_it_is_told(redis_client: Redis) -> None:
    target = parse_target(f"rtmp://127.0.0.1:{free_port()}/live/key")
    session = PushSession(redis_client, "cam1", "source", target)
    stop = asyncio.Event()
    running = asyncio.create_task(session.run(stop))
    await asyncio.sleep(0.05)
    assert not running.done()
    stop.set()
    async with asyncio.timeout(10):
        await running
    assert session.counters.connections == 0


@pytest.mark.parametrize(
    ("rendition", "log"),
    [("source", "source"), ("enhanced", "enhanced-h264"), ("fine", "fine-h264")],
)
def test_enhanced_renditions_are_read_in_h264(
    redis_client: Redis, rendition: str, log: str
) -> None:
    target = parse_target("rtmp://127.0.0.1/live/key")
    assert PushSession(redis_client, "cam1", rendition, target).log == log
