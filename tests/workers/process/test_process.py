"""``python -m workers`` as processes, with the shipped default net."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from media.access_unit import Flags
from wire import keys
from wire.connection import Redis
from wire.embedded import EmbeddedServer
from wire.heartbeat import Heartbeats, WorkerBeat

from ..clips import Clip, units
from ..studio import Publisher, Viewer, watching

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.e2e


def start(name: str, url: str, **settings: str) -> subprocess.Popen[str]:
    environ = {key: value for key, value in os.environ.items() if "SHARPCAST" not in key}
    environ |= {"SHARPCAST_WORKER_NAME": name, "SHARPCAST_REDIS_URL": url, **settings}
    return subprocess.Popen(
        [sys.executable, "-m", "workers"], cwd=ROOT, env=environ, stderr=subprocess.PIPE, text=True
    )


@contextlib.asynccontextmanager
async def worker(
    name: str, client: Redis, url: str, **settings: str
) -> AsyncIterator[subprocess.Popen[str]]:
    """A worker process whose heartbeat was seen."""
    process = start(name, url, SHARPCAST_WORKER_CAPACITY="1", **settings)
    try:
        async with asyncio.timeout(30):
            while name not in [beat.name for beat in await beats(client)]:
                assert process.poll() is None
                await asyncio.sleep(0.05)
        yield process
    finally:
        process.kill()
        await asyncio.to_thread(process.communicate)


async def beats(client: Redis) -> list[WorkerBeat]:
    return await Heartbeats(client).list()


async def test_kill_9_costs_less_than_two_seconds_and_sigterm_less_than_three(
    redis_server: EmbeddedServer, client: Redis
) -> None:
    client.prefix = keys.PREFIX  # as the processes have it
    url = redis_server.url
    clip = list(units(Clip(width=160, height=90, frames=400)))
    publisher, viewer = Publisher(client), Viewer(client)
    async with worker("one", client, url) as one, watching(viewer, publisher):
        (beat,) = await beats(client)
        assert beat.engines[0] in [trial.engine for trial in beat.trials if trial.ms > 0]
        assert all(bool(trial.ms) != bool(trial.reason) for trial in beat.trials)
        await publisher.begin()
        playing = asyncio.create_task(publisher.play(clip))
        await viewer.until(15)
        # The clip does not wait for a worker that measures all engines.
        async with worker("two", client, url, SHARPCAST_ENGINE="openvino") as two:
            one.send_signal(signal.SIGKILL)
            died, first_epoch = time.monotonic(), viewer.epochs[-1]
            async with asyncio.timeout(5):
                while viewer.epochs[-1] == first_epoch:  # noqa: ASYNC110 - a log, no event
                    await asyncio.sleep(0.01)
            back_at = viewer.seen_at[viewer.epochs.index(viewer.epochs[-1])]
            assert back_at - died < 2.0
            assert viewer.units[viewer.epochs.index(viewer.epochs[-1])].is_key
            assert not any(unit.flags & Flags.BYPASS for unit in viewer.units)
            two.send_signal(signal.SIGTERM)
            asked = time.monotonic()
            assert await asyncio.to_thread(two.wait, 5) == 0
            assert time.monotonic() - asked < 3.0
            assert "two" not in [beat.name for beat in await beats(client)]
            assert (await publisher.record()).lead == ""
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"SHARPCAST_REDIS_URL": ""}, "a worker needs the address of the Redis server"),
        ({"SHARPCAST_MODEL": "nowhere"}, "no model named 'nowhere'"),
        ({"SHARPCAST_ENGINE": "abacus"}, "Engine 'abacus' cannot be used"),
        ({"SHARPCAST_WORKER_THREADS": "many"}, "SHARPCAST_WORKER_THREADS"),
        ({"SHARPCAST_REDIS_URL": "redis://:se#cret"}, "the host or the port cannot be read"),
        ({"USER": "wrong:secret-word"}, "refuses the user name or the password"),
    ],
)
def test_a_worker_that_cannot_start_says_why_in_one_line(
    redis_server: EmbeddedServer, settings: dict[str, str], words: str
) -> None:
    url = redis_server.url.replace("//", f"//{settings.pop('USER', '')}@").replace("//@", "//")
    process = start("bad", url, SHARPCAST_LOG_LEVEL="error", **settings)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 2
    assert words in said and len(said.strip().splitlines()) == 1


async def test_a_worker_stops_in_time_while_redis_is_away(tmp_path: Path) -> None:
    process = start("lonely", f"unix://{tmp_path}/nobody.sock", SHARPCAST_LOG_LEVEL="info")
    assert process.stderr is not None
    while "capacity" not in await asyncio.to_thread(process.stderr.readline):
        assert process.poll() is None
    await asyncio.sleep(0.5)
    process.send_signal(signal.SIGINT)
    asked = time.monotonic()
    assert await asyncio.to_thread(process.wait, 5) == 0
    assert time.monotonic() - asked < 3.0
    process.stderr.close()
